"""Downloader middleware: `Retry-After` is honoured, for the whole host."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Self

from scrapy.exceptions import IgnoreRequest
from scrapy.utils.httpobj import urlparse_cached

from engcrawl.http.engine import closing

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)


class HostPausedError(Exception):
    """The request was waiting to be sent when its host asked to be left alone: it goes back into the queue."""


class RetryAfter:
    """Honours ``Retry-After`` (RFC 9110, 10.2.3: seconds or a date) of 429 and 503 answers, for the whole host.

    Until the time has come no request is sent to the host; the answered request is then sent again, without
    using up its retries. One request waits ``ENGCRAWL_RETRY_AFTER_MAX`` seconds at most in sum; an answer that asks
    for more is taken as the final one. A stopped crawl neither waits nor sends anything again.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.longest = crawler.settings.getfloat("ENGCRAWL_RETRY_AFTER_MAX")
        self._free_at: defaultdict[str, float] = defaultdict(float)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Hold the request back as long as its host asked for. Raises IgnoreRequest once the crawl is closing."""
        host = _host(request)
        while True:
            if closing(self.crawler):  # Scrapy itself would still follow redirects, and retry
                raise IgnoreRequest(f"the crawl was stopped: {request.url}")
            left = self._free_at[host] - monotonic()
            if left <= 0:
                return
            await asyncio.sleep(min(left, 1.0))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Send the request again after the pause that the answer asks for."""
        if response.status not in (429, 503):
            return response
        value, date = ((response.headers.get(name) or b"").decode("latin-1") for name in ("Retry-After", "Date"))
        seconds = retry_after(value, date)
        if seconds is None:
            return response
        seconds = max(seconds, 1.0)  # an answer of "now" is no licence to hammer
        waited = request.meta.get("retry_after_waited", 0.0) + seconds
        host = _host(request)
        if waited > self.longest:
            logger.warning(
                "Not waiting the %d s that %s asks for, more than ENGCRAWL_RETRY_AFTER_MAX: %s", seconds, host, request
            )
            request.meta["dont_retry"] = True
            return response
        self.crawler.stats.inc_value("engcrawl/retry_after/count")
        logger.info("Waiting %d s because %s asks for it: %s", seconds, host, request)
        self._free_at[host] = max(self._free_at[host], monotonic() + seconds)
        slot = self.crawler.engine.downloader.slots.get(host)
        while slot is not None and slot.queue:  # requests that were past process_request already
            slot.queue.popleft()[1].errback(HostPausedError(host))
        return request.replace(dont_filter=True, meta={**request.meta, "retry_after_waited": waited})

    def pause(self) -> float:
        """Return for how many seconds from now a host asked to be left alone: 0 where none did."""
        return max(0.0, max(self._free_at.values(), default=0.0) - monotonic())

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Put a request that was held back before it was sent into the queue again; note on a failure what try it was.

        `Crawler.engine.download_async` raises the last failure, and keeps to itself which of the tries that was.
        """
        if isinstance(exception, HostPausedError):
            return request.replace(dont_filter=True)
        if retries := request.meta.get("retry_times"):
            exception.add_note(f"{retries + 1} tries")
        return None


def retry_after(value: str, date: str) -> float | None:
    """Return the seconds that ``Retry-After: value`` asks for, 0 for a date in the past; None where it is unreadable.

    A date is taken against the answer's own ``Date: date`` where it has one, so that a wrong clock makes no difference.
    """
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    try:
        now = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        now = datetime.now(UTC)
    # HTTP dates are in GMT, whatever their form (RFC 9110, 5.6.7)
    return max((then.replace(tzinfo=UTC) - now.replace(tzinfo=UTC)).total_seconds(), 0.0)


def _host(request: Request) -> str:
    return urlparse_cached(request).hostname or ""
