"""Feed export: Scrapy's own, with local files that appear when they are whole, and failures that count."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scrapy.exceptions import CloseSpider
from scrapy.extensions import feedexport

from engcrawl.report.output import finish

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

FAILED = "feedexport/failed_count"
"""Prefix of the stats in which Scrapy counts feeds that could not be stored."""
_LOGIN = re.compile(r"^([\w+.-]+://)[^/?#]*@")
"""What comes before the host in a URI: user and password."""


class FeedExporter(feedexport.FeedExporter):
    """Scrapy's exporter, which opens every feed at the start and closes the spider when one can't be written.

    Scrapy itself logs such an error for every single item, and ends as if all were well.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._closing: asyncio.Future[None] | None = None

    @property
    def addresses(self) -> list[str]:
        """Return where the run's feeds are in the end: as they were asked for, without user and password."""
        return [_LOGIN.sub(r"\1", slot.uri) for slot in self.slots if slot.itemcount or slot.store_empty]

    def open_spider(self, spider: Spider) -> None:
        """Open the feeds: one that can't be opened ends the run before its first request."""
        if not hasattr(spider, "arguments"):  # `scrapy fetch` and `scrapy shell`: no run, no feed of a run
            self.feeds = {uri: options for uri, options in self.feeds.items() if "%(run)s" not in uri}
        super().open_spider(spider)
        for slot in self.slots:
            if slot.store_empty:
                try:
                    slot.start_exporting()
                except OSError as error:
                    raise self._failed(slot.uri, error) from error

    def item_scraped(self, item: Any, spider: Spider) -> None:
        """Write the item to every feed that takes it; the first that fails ends the run."""
        try:
            super().item_scraped(item, spider)
        except Exception as error:  # noqa: BLE001 - the signal's sender would log it, and lose the post
            for slot in self.slots:
                slot.storage = _BrokenStorage()
            if self._closing is None:
                exception = self._failed(", ".join(slot.uri for slot in self.slots), error)
                closing = self.crawler.engine.close_spider_async(reason=exception.reason)
                self._closing = asyncio.ensure_future(closing)

    def _failed(self, uri: str, error: Exception) -> CloseSpider:
        self.crawler.stats.inc_value(f"{FAILED}/{type(self).__name__}")
        logger.error("A feed can't be written: %s: %s", uri, error)
        return CloseSpider("feed not written")


def failed(crawler: Crawler, exporter: FeedExporter | None) -> bool:
    """Return whether a feed that was asked for isn't stored whole, once all are closed."""
    if exporter is None:  # not configured: an unknown format, a storage without its library
        return bool(crawler.settings.getdict("FEEDS"))
    stats: dict[str, int] = crawler.stats.get_stats()
    stored = sum(value for key, value in stats.items() if key.startswith("feedexport/success_count"))
    return stored < len(exporter.addresses) or any(key.startswith(FAILED) for key in stats)


class _BrokenStorage:
    """Takes the place of a storage after a failed write: what is in its file isn't whole, and gets no finished name."""

    def open(self, spider: Spider) -> IO[bytes]:
        raise OSError("an earlier write failed")

    def store(self, file: IO[bytes]) -> None:
        with contextlib.suppress(OSError):
            file.close()
        raise OSError("an earlier write failed")


class AtomicFileFeedStorage(feedexport.FileFeedStorage):
    """Local files: one that overwrites has the name ``….part`` until it is whole and on disk.

    A device or a pipe (``/dev/stdout``) is written as it is.
    """

    def __init__(self, uri: str, *, feed_options: dict[str, Any] | None = None) -> None:
        super().__init__(uri, feed_options=feed_options)
        self.finished = Path(self.path).resolve()  # a link stays one: what it leads to is replaced
        self.atomic = self.write_mode == "wb" and (self.finished.is_file() or not self.finished.exists())
        if self.atomic:
            self.path = f"{self.finished}.part"

    def store(self, file: IO[bytes]) -> None:
        """Close the file and give it its name."""
        if self.atomic:
            finish(file, self.finished)
        else:
            file.close()
