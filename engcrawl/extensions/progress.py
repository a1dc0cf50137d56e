"""A live display of the run on a terminal, and its last screen."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from math import ceil
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call

import engcrawl.signals
from engcrawl.extensions.report import Report
from engcrawl.http.engine import closing
from engcrawl.http.retry_after import RetryAfter
from engcrawl.http.robots import RobotsTxt
from engcrawl.report import ending, logs
from engcrawl.report.output import Output
from engcrawl.report.run import Run
from engcrawl.text.durations import in_words
from engcrawl.text.urls import blog_key
from engcrawl.text.visible import one_line

logger = logging.getLogger(__name__)

_EVERY = 0.25
"""Seconds between two looks at the run: nothing is drawn for each post."""


class TimeLeft(ProgressColumn):
    """Shows the time left, where a task is timed."""

    def render(self, task: Task) -> str:
        """Return it in words."""
        left = task.time_remaining if task.fields["timed"] and not task.finished else None
        return f"{in_words(left)} left" if left else ""


class Errors(logging.Handler):
    """Keeps the log's errors, a line each, until the display shows them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take in an error; of an exception that comes with it, its last line."""
        error = record.exc_info[1] if record.exc_info else None
        told = record.getMessage().partition("\n")[0]
        self.lines.append(f"error: {told}" + (f": {type(error).__name__}: {error}" if error else ""))


class Display:
    """Shows the blog, the phase, what is read of what there is, pauses, problems and errors on standard error.

    The settings have it only where that is a terminal: cron, Scrapyd and pipes have just the log, and don't load the
    library rich. It looks at the run a few times a second. The log is in a file, which its first line names.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not hasattr(crawler.spider, "arguments"):
            raise NotConfigured  # `scrapy fetch` and `scrapy shell` are no runs
        self.crawler = crawler
        spider: Any = crawler.spider
        self._blog = one_line(blog_key(spider.site))
        self._run: Run = spider.run
        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TimeLeft(), expand=True
        )
        self._categories, self._pages, self._posts = (
            self._bars.add_task(name, total=None, visible=False, timed=name == "posts")
            for name in ("categories", "pages", "posts")
        )
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty()
        )
        self._looking = create_looping_call(self._look)
        self._errors = Errors()
        self._problems = 0
        self._phase = ""
        self._verdict: dict[str, Any] | None = None
        for receiver, signal in (
            (self.spider_opened, signals.spider_opened),
            (self.phase_begun, engcrawl.signals.phase_begun),
            (self.verdict_given, engcrawl.signals.verdict_given),
        ):
            crawler.signals.connect(receiver, signal)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self) -> None:
        if file := logs.file_of_terminal():
            self._print(f"log: {ending.near(file)}")
        logging.root.addHandler(self._errors)
        self._live.start()
        self._looking.start(_EVERY)

    def phase_begun(self) -> None:
        if self._looking.running:
            self._look()

    def verdict_given(self, verdict: dict[str, Any]) -> None:
        self._verdict = verdict
        self._stop()

    def end(self) -> None:
        """Leave the terminal as it was, and show the verdict, if there is one; call it when the crawl is over.

        An error here is one of the display, not of the run: it is a line in the log.
        """
        try:
            self._stop()
            if self._verdict is not None:
                output = Output(self.crawler.settings["ENGCRAWL_OUTPUT"])
                report = self.crawler.get_extension(Report)
                ending.show(self._console, self._verdict, output, report.why_not if report else None)
        except Exception:
            logger.exception("The last screen can't be shown")
        finally:
            with suppress(OSError):  # the terminal is gone
                self._console.show_cursor(True)

    def _stop(self) -> None:
        if self._looking.running:
            self._looking.stop()
        logging.root.removeHandler(self._errors)
        if self._live.is_started:
            self._tell()
            self._live.stop()

    # A few times a second

    def _look(self) -> None:
        """Show what changed since the last look; after an error here Scrapy's looping call doesn't call it again."""
        self._tell()
        log = self._run.log
        categories = log.categories.values()
        # A category whose first page isn't there yet counts as one page.
        pages = sum(len(c.walked) if c.end else max(c.pages or 1, len(c.walked)) for c in categories)
        done = log.outcomes.total()
        for task, completed, total in (
            (self._categories, sum(c.end is not None for c in categories), len(categories)),
            (self._pages, log.pages, pages),
            (self._posts, done, max(log.expected, done)),
        ):
            self._bars.update(task, completed=completed, total=total, visible=total > 0)
        self._live.update(self._screen(), refresh=True)

    def _tell(self) -> None:
        """Print the problems and errors since the last look above the display; and the phase where nothing is drawn."""
        new, self._problems = self._run.log.problems[self._problems :], len(self._run.log.problems)
        lines = [f"problem: {one.url}: {one.reason}" for one in new] + self._errors.lines
        self._errors.lines = []
        if self._console.is_dumb_terminal and self._phase != self._run.log.phase:
            self._phase = self._run.log.phase
            lines.append(f"{self._blog}: {self._phase}")
        if lines:
            self._print("\n".join(map(one_line, lines)))

    def _print(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)

    def _screen(self) -> RenderableType:
        head = Table.grid(expand=True)
        head.add_column(no_wrap=True, overflow="ellipsis")
        head.add_row(Text.assemble((self._blog, "bold"), f": {self._run.log.phase}"))
        return Group(head, self._bars, Text("\n".join(self._status())))

    def _status(self) -> list[str]:
        """Return lines: requests and problems; pauses that the site asks for; whether the run is about to stop."""
        stats = self.crawler.stats
        assert stats is not None
        requests, problems = stats.get_value("downloader/request_count", 0), len(self._run.log.problems)
        status = [f"requests {requests:,} · problems {problems:,}"]
        if closing(self.crawler):
            count = len(self.crawler.engine.downloader.active)
            if count and self._run.log.phase not in ("proof", "publish"):
                status.append(f"stopping: waits for {count} requests under way; again to end at once")
            return status
        pauses, robots = (self.crawler.get_downloader_middleware(kind) for kind in (RetryAfter, RobotsTxt))
        if isinstance(pauses, RetryAfter) and (pause := pauses.pause()):
            status.append(f"waits {ceil(pause)} s: the site asked for it")
        if isinstance(robots, RobotsTxt) and (delay := robots.longest_delay()):
            status.append(f"{delay:g} s between requests: the site's robots.txt asks for it")
        return status
