"""A live display of the run on a terminal."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from scrapy import signals

import engcrawl.signals
from engcrawl.report.logs import root_handler

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from engcrawl.report.runlog import RunLog


class Progress:
    """Shows categories, listing pages, posts, errors, the rate and the time left, as they change, on standard error.

    The settings have it only where that is a terminal: in cron, under Scrapyd or in a pipe there is the log alone.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._bars = Bars(
            TextColumn("{task.description:>10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {
            name: self._bars.add_task(name, total=None, note="") for name in ("categories", "pages", "posts")
        }
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        crawler.signals.connect(self.engine_stopped, signals.engine_stopped)
        crawler.signals.connect(self.log_changed, engcrawl.signals.log_changed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self) -> None:
        self._bars.start()
        # Log lines appear above the bars: rich has put its own stream in place of standard error.
        handler = root_handler()
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.__stderr__:
            handler.setStream(sys.stderr)

    def engine_stopped(self) -> None:
        handler = root_handler()
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            handler.setStream(sys.__stderr__)
        self._bars.stop()

    def log_changed(self, log: RunLog) -> None:
        categories = log.categories.values()
        self._show("categories", sum(c.end is not None for c in categories), len(categories))
        # A category whose first page isn't there yet counts as one page.
        pages = sum(len(c.walked) if c.end else max(c.pages or 1, len(c.walked)) for c in categories)
        self._show("pages", log.pages, pages)
        done = log.outcomes.total()
        self._show("posts", done, max(log.expected, done), f"  {len(log.problems)} errors")

    def _show(self, name: str, done: int, total: int, more: str = "") -> None:
        task = self._tasks[name]
        self._bars.update(task, completed=done, total=total)
        speed = self._bars.tasks[task].speed
        self._bars.update(task, note=(f"{speed:.1f}/s" if speed else "") + more)
