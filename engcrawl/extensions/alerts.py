"""Alerts, where the environment says who is told: Spidermon is not imported otherwise."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import UTC, datetime
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings

import engcrawl.signals
from engcrawl.alerts import PREFIX
from engcrawl.alerts.night import Night
from engcrawl.errors import StateError, UsageError
from engcrawl.report.freshness import LAST
from engcrawl.report.output import Output

logger = logging.getLogger(__name__)


class Alerts:
    """Runs `engcrawl.alerts.monitors` and sends alerts, after the run has ended and released its lock.

    Raises UsageError if a variable is wrong. An alert that could not be sent never changes the verdict.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not (hasattr(crawler.spider, "arguments") and switched_on(crawler.settings)):
            raise NotConfigured
        from engcrawl.alerts.config import AlertSettings

        self.crawler = crawler
        self.settings = AlertSettings.of(os.environ)
        self._night: Night | None = None
        crawler.signals.connect(self.verdict_given, engcrawl.signals.verdict_given)
        crawler.signals.connect(self.engine_stopped, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def verdict_given(self, verdict: dict[str, Any]) -> None:
        """Keep the verdict and the earlier runs for the monitors, while the state is open."""
        earlier = []
        try:
            earlier = self.crawler.spider.run.state.runs.last(LAST)  # type: ignore[union-attr]
        except StateError as error:
            logger.warning("Earlier runs can't be read, so monitors don't compare this one with them: %s", error)
        earlier = [run for run in earlier if run["name"] != verdict["run"]]
        file = Output(self.crawler.settings["ENGCRAWL_OUTPUT"]).runs / f"{verdict['run']}.json"
        self._night = Night(self.settings, verdict, datetime.now(UTC), str(file) if file.exists() else None, earlier)

    async def engine_stopped(self) -> None:
        """Run the monitors in a thread, after the lock is released."""
        if self._night is not None:
            from engcrawl.alerts.monitors import look

            await asyncio.to_thread(look, self._night)


def never_began(settings: BaseSettings, spider: str, arguments: dict[str, Any], status: int, reason: str) -> None:
    """Send an alert about a run that could not begin, for which this extension was never created."""
    if not switched_on(settings):
        return
    from engcrawl.alerts.config import AlertSettings
    from engcrawl.alerts.monitors import look

    verdict = {"spider": spider, "arguments": arguments, "verdict": "failed", "exit_status": status, "reason": reason}
    verdict |= dict.fromkeys(("run", "start", "end")) | {"problems": []}
    try:
        look(Night(AlertSettings.of(os.environ), verdict, datetime.now(UTC)))
    except UsageError as error:
        logger.error("%s", error)  # noqa: TRY400 - one line


def switched_on(settings: BaseSettings) -> bool:
    """Return whether the environment says who is told, and each run is to tell them, not `scrapy blogs digest`."""
    named = any(name.startswith(PREFIX) and value for name, value in os.environ.items())
    return named and not settings["ENGCRAWL_PARENT"]
