"""Downloader middleware: robots.txt as RFC 9309 says, with ``Crawl-delay``."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler, load_object

from engcrawl.http.refused import NoRobotsTxtError, Refused, status_told, told, unavailable

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

logger = logging.getLogger(__name__)

LARGEST = 500 * 1024
"""Bytes of a robots.txt that are read (RFC 9309, 2.5): its first, up to the end of a line."""
OLDEST = 24 * 3600.0
"""Seconds after which a robots.txt is asked for anew (RFC 9309, 2.4)."""


@dataclass
class _Robots:
    """The rules of a host's robots.txt, and when they were fetched."""

    asked: float
    """When, by the monotonic clock."""
    rules: asyncio.Future[RobotParser | None]
    """None where all is allowed."""


class RobotsTxt:
    """Obeys robots.txt, where ``ROBOTSTXT_OBEY`` says so; in the place of Scrapy's own, whose settings it has.

    Scrapy's takes an error of the server, or of the line, as leave to crawl. Here each request to a host whose
    robots.txt fails so (5xx, no answer, a redirect to another host) is refused; an answer of 4xx allows all.
    ``Crawl-delay`` is the least time between two requests to the host.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self.crawler = crawler
        self._parser: type[RobotParser] = load_object(settings["ROBOTSTXT_PARSER"])
        self._agent: str = settings["ROBOTSTXT_USER_AGENT"] or settings["USER_AGENT"]
        self._expected = unavailable(settings)
        self._robots: dict[str, _Robots] = {}
        """By host and port."""
        self._delays: dict[str, float] = {}
        """Seconds of ``Crawl-delay``, by host and port; 0 for none."""
        # After AutoThrottle, which sets the slot's delay when a response is there.
        for signal in (signals.request_reached_downloader, signals.response_downloaded):
            crawler.signals.connect(self._keep_delay, signal)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise Refused for what robots.txt forbids, and NoRobotsTxtError if it can't be fetched."""
        if request.meta.get("dont_obey_robotstxt") or urlparse_cached(request).scheme not in ("http", "https"):
            return
        rules = await self._rules(request)
        if rules is not None and not rules.allowed(request.url, self._agent):
            self.crawler.stats.inc_value("robotstxt/forbidden")
            raise Refused("Forbidden by robots.txt", "forbidden")

    async def _rules(self, request: Request) -> RobotParser | None:
        """Return the rules of a request's host, None if there are none; it is asked once, by the first request."""
        address = urlparse_cached(request)
        known = self._robots.get(address.netloc)
        if known is None or (known.rules.done() and monotonic() - known.asked > OLDEST):
            url = f"{address.scheme}://{address.netloc}/robots.txt"
            asked = _Robots(monotonic(), asyncio.ensure_future(self._ask(url, known)))
            self._robots[address.netloc] = known = asked
        return await asyncio.shield(known.rules)

    async def _ask(self, url: str, before: _Robots | None) -> RobotParser | None:
        """Fetch a robots.txt; if that fails, keep the rules that were read *before*, if there are any."""
        request = Request(url, meta={"dont_obey_robotstxt": True}, callback=NO_CALLBACK, priority=1000)
        try:
            response = await self.crawler.engine.download_async(request)
        except self._expected as error:
            if isinstance(error, IgnoreRequest) and not isinstance(error, Refused):
                return None  # too many redirects; or nothing of this host is asked for, nor what waits for this
            trouble = told(error)
        else:
            if response.status < 500:
                return self._read(url, response)
            trouble = status_told(response)
        if before is not None and not before.rules.exception():
            logger.warning("robots.txt can't be fetched again, so the earlier one still counts: %s: %s", trouble, url)
            return before.rules.result()
        raise NoRobotsTxtError(url, trouble)

    def _read(self, url: str, response: Response) -> RobotParser | None:
        self.crawler.stats.inc_value(f"robotstxt/response_status_count/{response.status}")
        host = urlsplit(url).netloc
        self._delays[host] = 0.0
        if not 200 <= response.status < 300:
            return None
        body = response.body
        if len(body) > LARGEST:
            logger.warning("Only the first %d bytes of this robots.txt are read: %s", LARGEST, url)
            body = body[:LARGEST].rpartition(b"\n")[0]
        rules: RobotParser = build_from_crawler(self._parser, self.crawler, body)
        delay = self._delays[host] = rules.crawl_delay(self._agent) or 0.0
        if delay:
            logger.info("Crawl-delay: %g s between requests, %.0f a day at most: %s", delay, 86400 / delay, url)
        return rules

    def crawl_delay(self, host: str) -> float | None:
        """Return the ``Crawl-delay`` in seconds of a *host* (and port); None if it has none or wasn't read."""
        return self._delays.get(host) or None

    def longest_delay(self) -> float:
        """Return the seconds of the longest ``Crawl-delay`` that was read, 0 where there is none."""
        return max(self._delays.values(), default=0.0)

    def _keep_delay(self, request: Request) -> None:
        """Set the pause between a host's requests to its ``Crawl-delay``, if that is longer."""
        slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None and (delay := self._delays.get(urlparse_cached(request).netloc)):
            slot.delay, slot.jitter = max(slot.delay, delay), 0.0
