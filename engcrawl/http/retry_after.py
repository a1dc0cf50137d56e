"""Downloader middleware: `Retry-After` is honoured, for the whole host."""

from __future__ import annotations

import asyncio
import logging
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
    for more is taken as the final one. A stopped crawl doesn't wait.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.longest = crawler.settings.getfloat("ENGCRAWL_RETRY_AFTER_MAX")
        self._free_at: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Hold the request back as long as its host asked for."""
        host = _host(request)
        while (left := self._free_at.get(host, 0.0) - monotonic()) > 0:
            if closing(self.crawler):
                raise IgnoreRequest(f"stopped while {host} asked to be left alone")
            await asyncio.sleep(min(left, 1.0))

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Send the request again after the pause that the answer asks for."""
        value = response.headers.get("Retry-After") if response.status in (429, 503) else None
        date = (response.headers.get("Date") or b"").decode("latin-1")
        seconds = None if value is None else retry_after(value.decode("latin-1"), date)
        if seconds is None:
            return response
        seconds = max(seconds, 1.0)  # an answer of "now" is no licence to hammer
        waited = request.meta.get("retry_after_waited", 0.0) + seconds
        host = _host(request)
        if waited > self.longest:
            logger.warning("%s asks to wait %d s (longer than ENGCRAWL_RETRY_AFTER_MAX): %s", host, seconds, request)
            request.meta["dont_retry"] = True
            return response
        self.crawler.stats.inc_value("engcrawl/retry_after/count")
        logger.info("%s asks to be left alone for %d s: %s", host, seconds, request)
        self._pause(host, seconds)
        return request.replace(dont_filter=True, meta={**request.meta, "retry_after_waited": waited})

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Put a request that was held back before it was sent into the queue again."""
        return request.replace(dont_filter=True) if isinstance(exception, HostPausedError) else None

    def _pause(self, host: str, seconds: float) -> None:
        self._free_at[host] = max(self._free_at.get(host, 0.0), monotonic() + seconds)
        for name, slot in self.crawler.engine.downloader.slots.items():
            if name == host:  # requests that were past process_request already
                while slot.queue:
                    _, waiting = slot.queue.popleft()
                    waiting.errback(HostPausedError(host))


def retry_after(value: str, date: str) -> float | None:
    """The seconds that ``Retry-After: value`` asks for, 0 for a date that is past; None where it can't be read.

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
