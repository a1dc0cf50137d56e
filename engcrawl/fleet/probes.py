"""Probes of several blogs in one process, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from scrapy import Spider
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings

from engcrawl.errors import EngcrawlError
from engcrawl.http.fetch import Fetch, Stopped
from engcrawl.http.observed import Observed
from engcrawl.phases.probe import Probe
from engcrawl.phases.probed import Probed
from engcrawl.report.verdict import Outcome
from engcrawl.text.urls import host_key


class StoppedError(EngcrawlError):
    """The probe was stopped before it had a result."""

    exit_status = Outcome.STOPPED


class ProbeSpider(Spider):
    """Sends requests as a crawl does, but stores nothing, makes no feed, and gives up earlier."""

    name = "probe"
    custom_settings: ClassVar[dict[str, Any]] = {  # type: ignore[misc]  # Scrapy's own annotation
        "EXTENSIONS": {},
        "FEEDS": {},
        "ITEM_PIPELINES": {},
        "RETRY_TIMES": 1,
        "ENGCRAWL_RETRY_AFTER_MAX": 60,
    }
    site: str
    probing: asyncio.Task[Probed] | None = None
    """The probe's task; `Probes` reads its result or exception."""

    async def start(self) -> AsyncIterator[Any]:
        """Probe the blog."""
        self.probing = asyncio.create_task(Probe(Fetch(self.crawler), self.site, Observed(self.crawler)).run())
        await asyncio.wait([self.probing])
        return
        yield  # makes this a generator, as Scrapy requires


class Probes:
    """Probes *sites*, *most* at a time, and never two on one host. Calls *told* with each result."""

    def __init__(
        self,
        settings: Settings,
        sites: Iterable[str],
        most: int = 1,
        told: Callable[[str, Probed | EngcrawlError], None] = lambda _site, _found: None,
    ) -> None:
        self._process = AsyncCrawlerProcess(settings)
        self._waiting = list(sites)
        self._most = most
        self._told = told
        self._busy: set[str] = set()
        self._found: dict[str, Probed | EngcrawlError] = {}
        self._bugs: list[BaseException] = []

    def run(self) -> dict[str, Probed | EngcrawlError]:
        """Return the result or the error of each site. After one probe was stopped, no other begins."""
        self._start()
        self._process.start()
        if self._bugs:
            raise self._bugs[0]
        return self._found | {site: StoppedError("stopped") for site in self._waiting}

    def _start(self) -> None:
        """Start the probes that can run now."""
        for site in list(self._waiting):
            if len(self._busy) >= self._most:
                return
            if (host := host_key(site)) not in self._busy:
                self._busy.add(host)
                self._waiting.remove(site)
                crawler = self._process.create_crawler(ProbeSpider)
                crawl = self._process.crawl(crawler, site=site)
                crawl.add_done_callback(partial(self._ended, site, crawler))

    def _ended(self, site: str, crawler: Crawler, crawl: asyncio.Task[None]) -> None:
        """Record the result of a probe, and start the next one."""
        self._busy.discard(host_key(site))
        probing = crawler.spider.probing if isinstance(crawler.spider, ProbeSpider) else None
        found: Probed | BaseException | None = None if crawl.cancelled() else crawl.exception()
        if found is None and probing is not None and probing.done() and not probing.cancelled():
            found = probing.exception() or probing.result()
        if found is None or isinstance(found, Stopped):
            found = StoppedError(str(found or "") or "stopped")
        if isinstance(found, Probed | EngcrawlError):
            self._found[site] = found
            self._told(site, found)
        else:
            self._bugs.append(found)
        if not self._bugs and not isinstance(found, StoppedError):
            self._start()
