"""What every answer of a crawl tells beside its page: robots.txt, and how long answers take."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.utils.misc import build_from_crawler, load_object

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser


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
        """Return the ``Crawl-delay`` that robots.txt asks this crawl for; None where it doesn't."""
        if self.robots is None or self.robots.status != 200:
            return None
        settings = self.crawler.settings
        parser = load_object(settings["ROBOTSTXT_PARSER"])
        rules: RobotParser = build_from_crawler(parser, self.crawler, self.robots.body)
        return rules.crawl_delay(settings["ROBOTSTXT_USER_AGENT"] or settings["USER_AGENT"])

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
