"""Facts about a crawl's answers: the status of robots.txt, and how long answers take."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals

from engcrawl.http.robots import RobotsTxt

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class Observed:
    """Watches a crawl's answers, also those to requests that Scrapy makes by itself."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.robots: Response | None = None
        """The answer to the request for robots.txt."""
        self._latencies: list[float] = []
        crawler.signals.connect(self._received, signals.response_received)

    @property
    def requests(self) -> int:
        """Return how many requests were sent."""
        return int(self.crawler.stats.get_value("downloader/request_count", 0))

    @property
    def crawl_delay(self) -> float | None:
        """Return the seconds of the ``Crawl-delay`` that this crawl keeps; None where it keeps none."""
        robots = self.crawler.get_downloader_middleware(RobotsTxt)
        return robots.crawl_delay(urlsplit(self.robots.url).netloc) if robots and self.robots else None

    @property
    def delay(self) -> float:
        """Return about how many seconds a long crawl takes from one request to the next.

        That is the longest of the pauses asked for, by the settings and by robots.txt, and of an answer's own time:
        AutoThrottle leaves as much, and one request at a time waits for the one before.
        """
        latency = fmean(self._latencies) if self._latencies else 0.0
        return max(self.crawler.settings.getfloat("DOWNLOAD_DELAY"), self.crawl_delay or 0.0, latency)

    def _received(self, response: Response) -> None:
        if urlsplit(response.url).path == "/robots.txt":
            self.robots = response
        if (latency := response.meta.get("download_latency")) is not None:
            self._latencies.append(latency)
