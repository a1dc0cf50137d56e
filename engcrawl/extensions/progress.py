"""A live display of the run on a terminal."""

from __future__ import annotations

import logging
import sys
from typing import Any, Self

from rich import progress
from rich.console import Console
from scrapy import signals
from scrapy.crawler import Crawler

import engcrawl.signals
from engcrawl.report.logs import root_handler
from engcrawl.report.runlog import RunLog


class Rate(progress.ProgressColumn):
    """The column with the number of posts in a second."""

    def render(self, task: progress.Task) -> str:
        return f"{task.speed:.1f}/s" if task.speed else ""


class Progress:
    """Shows categories, listing pages, posts, errors, the rate and the time left, as they change, on standard error.

    The settings have it only where that is a terminal: in cron, under Scrapyd or in a pipe there is the log alone.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._bars = progress.Progress(
            progress.TextColumn("{task.description:>10}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            Rate(),
            progress.TextColumn("{task.fields[errors]}"),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._categories, self._pages, self._posts = (
            self._bars.add_task(name, total=None, errors="") for name in ("categories", "pages", "posts")
        )
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        crawler.signals.connect(self.engine_stopped, signals.engine_stopped)
        crawler.signals.connect(self.log_changed, engcrawl.signals.log_changed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self) -> None:
        self._bars.start()
        # Log lines appear above the bars: rich has put its own stream in place of standard error.
        _redirect_log(sys.__stderr__, sys.stderr)

    def engine_stopped(self) -> None:
        _redirect_log(sys.stderr, sys.__stderr__)
        self._bars.stop()

    def log_changed(self, log: RunLog) -> None:
        categories = log.categories.values()
        ended = sum(category.end is not None for category in categories)
        self._bars.update(self._categories, completed=ended, total=len(categories))
        # A category whose first page isn't there yet counts as one page.
        pages = sum(len(c.walked) if c.end else max(c.pages or 1, len(c.walked)) for c in categories)
        self._bars.update(self._pages, completed=log.pages, total=pages)
        done, errors = log.outcomes.total(), f"{len(log.problems)} errors"
        self._bars.update(self._posts, completed=done, total=max(log.expected, done), errors=errors)


def _redirect_log(old: Any, new: Any) -> None:
    handler = root_handler()
    if isinstance(handler, logging.StreamHandler) and handler.stream is old:
        handler.setStream(new)
