"""One run at a time on one output, with the state that only it can write."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings
from scrapy.utils.asyncio import create_looping_call

import engcrawl.signals
from engcrawl.errors import OutputError, StateError, UsageError
from engcrawl.items import Post
from engcrawl.lock import RunLock
from engcrawl.report.output import Output, withhold_writing
from engcrawl.schedule import next_reading
from engcrawl.state import State
from engcrawl.text.dates import instant, rfc3339
from engcrawl.text.urls import same_host

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_COMMIT_EVERY = 1.0
"""Seconds: what a killed run has to fetch again at most."""


def state_url(settings: BaseSettings) -> str:
    """Where the state is: the setting ``ENGCRAWL_STATE``, else ``archive.db`` in the output folder."""
    return settings["ENGCRAWL_STATE"] or f"sqlite:///{Output(settings['ENGCRAWL_OUTPUT']).state}"


class Lock:
    """Locks the output folder and the state for the run, as long as the engine runs, and opens the state.

    The spider then has it as its attribute ``memory``. What is written to it is on disk a second later.

    Raises LockedError where another run has one of them, StateError, OutputError, and UsageError where the archive
    is another site's.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not hasattr(crawler.spider, "arguments"):
            raise NotConfigured  # `scrapy fetch` and `scrapy shell` are no runs
        self.crawler = crawler
        output = Output(crawler.settings["ENGCRAWL_OUTPUT"])
        withhold_writing()
        with ExitStack() as stack:
            try:
                output.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"{output.folder}: {error}") from error
            stack.callback(RunLock(output.lock, str(output.folder)).release)
            state = stack.enter_context(State(state_url(crawler.settings), create=True))
            site: str = crawler.spider.site  # type: ignore[union-attr]
            state.belongs_to(site)
            if state.empty() and (taken := state.take_in(_of_site(output, site))):
                logger.info("%s: %d posts of %s taken in", state.name, taken, output.archive)
            self._held = stack.pop_all()
        crawler.spider.memory = self.state = state  # type: ignore[union-attr]
        self._committing = create_looping_call(self._commit)
        crawler.signals.connect(self.engine_started, signals.engine_started)
        crawler.signals.connect(self.engine_stopped, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def engine_started(self) -> None:
        self._committing.start(_COMMIT_EVERY, now=False)

    def engine_stopped(self) -> None:
        if self._committing.running:
            self._committing.stop()
        self._held.close()

    def _commit(self) -> None:
        try:
            self.state.commit()
        except StateError as error:
            self._committing.stop()
            self.crawler.signals.send_catch_log(engcrawl.signals.state_failed, error=error)


def _of_site(output: Output, site: str) -> Iterator[tuple[Post, str | None]]:
    """The records of an archive that has no state, all of *site*, each with the moment when it is due."""
    for post in output.records():
        if not post.external and not same_host(post.url, site):
            raise UsageError(
                f"argument site={site}: {output.archive} is another site's ({post.url}); each site needs an"
                " ENGCRAWL_OUTPUT of its own"
            )
        read = instant(post.crawled_at) if post.crawled_at else None
        if post.external:
            yield post, None
        elif post.content_html is None or read is None:
            yield post, rfc3339(read or datetime.now(UTC))
        else:
            yield post, next_reading(post.id, [post.published_at, post.modified_at], read)
