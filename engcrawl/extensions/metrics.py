"""The run's figures for Prometheus, where ``ENGCRAWL_METRICS`` names a file."""

from __future__ import annotations

from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

import engcrawl.signals
from engcrawl.report.metrics import metrics_file, write


class Metrics:
    """Writes the metrics when the verdict is known; an error there is only logged."""

    def __init__(self, crawler: Crawler) -> None:
        path = metrics_file(crawler.settings)
        if path is None or not hasattr(crawler.spider, "arguments"):
            raise NotConfigured
        self.crawler = crawler
        self.path = path
        crawler.signals.connect(self.verdict_given, engcrawl.signals.verdict_given)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def verdict_given(self, verdict: dict[str, Any]) -> None:
        write(self.path, verdict, self.crawler.spider.run.state)  # type: ignore[union-attr]
