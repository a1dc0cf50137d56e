"""Makes sure that a stopped crawl terminates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from engcrawl.http.engine import end_if_idle

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_SECONDS = 0.2


class Closing:
    """Looks, a few times a second, whether a crawl that was closed while an item was on its way has nothing left to do.

    Scrapy 2.19 looks when it is told to close, and when a response is done, but not when an item of ``Spider.start()``
    is: it would wait for ever.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._look_again = create_looping_call(end_if_idle, crawler)
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
