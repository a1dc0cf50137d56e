"""Write the report after a run that has news for it."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings

import engcrawl.signals
from engcrawl.arguments import yes_or_no
from engcrawl.errors import StateError, UsageError
from engcrawl.report.output import Output
from engcrawl.text.urls import blog_key

logger = logging.getLogger(__name__)

_SECONDS = 600
"""How long writing it may take; that of 100,000 posts took 5."""


class Report:
    """Runs `scrapy report` when everything is stored and the locks are released.

    It is a process of its own, so that the crawl's memory doesn't grow. The crawl waits for it: systemd, containers and
    Scrapyd end what a process leaves behind. A report that could not be written never changes the verdict.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not (hasattr(crawler.spider, "arguments") and report_wanted(crawler.settings)):
            raise NotConfigured
        self.crawler = crawler
        self._due = False
        self.why_not: str | None = None
        """Why the report could not be written."""
        crawler.signals.connect(self.verdict_given, engcrawl.signals.verdict_given)
        crawler.signals.connect(self.engine_stopped, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def verdict_given(self, verdict: dict[str, Any]) -> None:
        """Decide whether there is news: the archive changed, or this run or the one before it isn't complete."""
        try:
            runs = self.crawler.spider.run.state.runs.last(2)  # type: ignore[union-attr]
        except StateError as error:  # a report couldn't read it either
            self.why_not = str(error)
            return
        changed = any(verdict["posts"][name] for name in ("new", "updated", "gone"))
        complete = len(runs) > 1 and {run["verdict"] for run in runs} == {"complete"}
        there = Output(self.crawler.settings["ENGCRAWL_OUTPUT"]).report.exists()
        self._due = changed or not complete or not there

    async def engine_stopped(self) -> None:
        """Write the report in a thread that waits for the process."""
        if self._due:
            site: str = self.crawler.spider.site  # type: ignore[union-attr]
            self.why_not = await asyncio.to_thread(_write, self.crawler.settings, blog_key(site))
        if self.why_not:
            logger.warning("No report could be written: %s", self.why_not)


def report_wanted(settings: BaseSettings) -> bool:
    """Return whether a run is to write the report: not one of many blogs'. Raises UsageError for a wrong setting."""
    try:
        wanted = bool(yes_or_no(settings["ENGCRAWL_REPORT"]))
    except ValueError as error:
        raise UsageError(f"setting ENGCRAWL_REPORT={settings['ENGCRAWL_REPORT']}: {error}") from error
    return wanted and not settings["ENGCRAWL_PARENT"]


def _write(settings: BaseSettings, key: str) -> str | None:
    """Write the report; return why that failed, if it did."""
    variables = {
        "ENGCRAWL_OUTPUT": str(Output(settings["ENGCRAWL_OUTPUT"]).folder),
        "ENGCRAWL_STATE": settings["ENGCRAWL_STATE"] or "",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # Scrapyd's jobs have the project in an egg
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", "report", "--blog", key],
            env={"SCRAPY_SETTINGS_MODULE": "engcrawl.settings"} | os.environ | variables,
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C on a terminal is the crawl's
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    logger.info("Report: %s", done.stdout.strip())
    return None
