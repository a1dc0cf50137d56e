"""A live display of the crawl on a terminal."""

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

    from engcrawl.walks import Category


class Progress:
    """Categories, listing pages, posts, errors, the rate and the time left, as they change, on standard error.

    The settings have it only where that is a terminal: in cron, under Scrapyd or in a pipe there is the log alone.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._categories: dict[str, Category] = {}
        self._waiting = self._done = self._problems = 0
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
        for receiver, signal in (
            (self.spider_opened, signals.spider_opened),
            (self.engine_stopped, signals.engine_stopped),
            (self.category_changed, engcrawl.signals.category_changed),
            (self.posts_waiting, engcrawl.signals.posts_waiting),
            (self.post_done, engcrawl.signals.post_done),
            (self.problem, engcrawl.signals.problem),
        ):
            crawler.signals.connect(receiver, signal)

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

    def category_changed(self, category: Category) -> None:
        self._categories[category.slug] = category
        categories = self._categories.values()
        done = sum(c.end is not None for c in categories)
        self._show("categories", done, len(categories))
        # A category whose first page isn't there yet counts as one page.
        pages = sum(len(c.walked) if c.end else max(c.pages or 1, len(c.walked)) for c in categories)
        self._show("pages", sum(len(c.walked) for c in categories), pages)

    def posts_waiting(self, count: int) -> None:
        self._waiting = self._done + count
        self._show_posts()

    def post_done(self) -> None:
        self._done += 1
        self._show_posts()

    def problem(self) -> None:
        self._problems += 1
        self._show_posts()

    def _show_posts(self) -> None:
        self._show("posts", self._done, max(self._waiting, self._done))

    def _show(self, name: str, done: int, total: int) -> None:
        task = self._tasks[name]
        self._bars.update(task, completed=done, total=total)
        speed = self._bars.tasks[task].speed
        note = f"{speed:.1f}/s" if speed else ""
        if name == "posts":
            note += f"  {self._problems} errors"
        self._bars.update(task, note=note)
