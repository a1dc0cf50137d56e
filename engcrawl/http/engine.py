"""Scrapy's private names, for what nothing documented can do. No other file uses private names."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

from scrapy.utils._compression import brotli, zstd  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


UNPACKING_ERRORS: tuple[type[Exception], ...] = (
    zlib.error,
    EOFError,
    struct.error,
    brotli.error,
    zstd.ZstdError,
)
"""What Scrapy lets through where a compressed answer can't be unpacked, beside OSError.

Which packages unpack depends on the Python: Scrapy's own choice counts.
"""


def closing(crawler: Crawler) -> bool:
    """Return whether the crawl is on its way out: a signal, or one of Scrapy's limits.

    No signal is sent, and no public attribute set, before all that is under way has ended.
    """
    slot = crawler.engine._slot
    return slot is None or slot.closing is not None


def end_if_idle(crawler: Crawler) -> None:
    """Let a closing crawl end where nothing is left to do: after an item of ``Spider.start()`` Scrapy doesn't look."""
    scraper = crawler.engine.scraper
    slot = scraper.slot
    if slot is not None and slot.closing is not None and not slot.closing.called:
        scraper._check_if_closing()


def final_stats(crawler: Crawler) -> dict[str, Any]:
    """Return the stats of a crawl, none for one that never began: the public attribute raises for that."""
    stats = crawler._stats
    return {} if stats is None else stats.get_stats()
