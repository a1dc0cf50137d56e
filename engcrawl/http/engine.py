"""What Scrapy's engine tells nowhere in its documentation: the one place where its private attributes are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


def closing(crawler: Crawler) -> bool:
    """Whether the crawl is on its way out: a signal, or one of Scrapy's limits."""
    slot = crawler.engine._slot  # Scrapy says it nowhere else once all requests wait
    return slot is None or slot.closing is not None
