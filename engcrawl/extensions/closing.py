"""A crawl that is told to end, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_SECONDS = 0.2


class Closing:
    """Lets a crawl end that was closed, by a signal or a limit, while an item of ``Spider.start()`` was on its way.

    Scrapy 2.19 looks whether nothing is left to do when it is told to close, and when a response is done, but not when
    such an item is: it would wait for ever.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._look_again = create_looping_call(self._look)
        crawler.signals.connect(self.engine_started, signals.engine_started)
        crawler.signals.connect(self.engine_stopped, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def engine_started(self) -> None:
        self._look_again.start(_SECONDS, now=False)

    def engine_stopped(self) -> None:
        if self._look_again.running:
            self._look_again.stop()

    def _look(self) -> None:
        scraper = self.crawler.engine.scraper
        slot = scraper.slot
        if slot is not None and slot.closing is not None and not slot.closing.called:
            scraper._check_if_closing()
