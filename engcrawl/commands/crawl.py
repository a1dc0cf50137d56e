"""``scrapy crawl`` with exit statuses that tell how the run ended."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from typing import Any, NoReturn

from scrapy.commands import crawl
from scrapy.spiderloader import get_spider_loader

from engcrawl import logs
from engcrawl.arguments import yes_or_no
from engcrawl.errors import EngcrawlError, UsageError
from engcrawl.extensions.alerts import never_began
from engcrawl.extensions.metrics import metrics_file, write_failed
from engcrawl.ledger import Outcome
from engcrawl.output import withhold_writing

logger = logging.getLogger(__name__)


class Command(crawl.Command):
    """Scrapy's command: arguments are checked before anything else, and the verdict becomes the exit status."""

    def long_desc(self) -> str:
        verdicts = ", ".join(f"{int(outcome)} {outcome}" for outcome in Outcome)
        return f"Run a spider. The exit status is its verdict: {verdicts}."

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the spider's name and arguments; a wrong one is one line, and exit status 2."""
        super().process_options(args, opts)
        assert self.settings is not None
        spiders = get_spider_loader(self.settings)
        if len(args) != 1 or args[0] not in spiders.list():
            _usage(f"spider {' '.join(args)!r}: must be one of {', '.join(spiders.list())}")
        try:
            arguments = spiders.load(args[0]).arguments_class.parse(opts.spargs)  # type: ignore[attr-defined]
        except UsageError as error:
            _usage(f"{args[0]}: {error}")
        self._arguments: dict[str, Any] = arguments.model_dump(mode="json")
        try:
            metrics_file(self.settings)
            yes_or_no(self.settings["ENGCRAWL_PRIVATE"])
            withhold_writing()
            logs.configure(self.settings)
        except UsageError as error:
            _usage(str(error))
        except ValueError as error:
            _usage(f"setting ENGCRAWL_PRIVATE={self.settings['ENGCRAWL_PRIVATE']}: {error}")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider to its end."""
        assert self.crawler_process is not None
        crawler = self._create_crawler(args[0])
        task = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        self.exitcode = Outcome.FAILED
        error = task.exception() if isinstance(task, asyncio.Task) and task.done() else None
        if isinstance(error, EngcrawlError):  # the run never began: it leaves no verdict but this
            outcome = self.exitcode = Outcome(error.exit_status)
            logger.error("Verdict: %s (exit status %d): %s", outcome, outcome, error)
            if outcome is Outcome.FAILED:
                write_failed(crawler.settings, crawler.spidercls.name, crawler.spider.site)  # type: ignore[union-attr]
        elif crawler._stats is not None:  # the public attribute raises for a crawl that never began
            self.exitcode = crawler.stats.get_value("engcrawl/exit_status", Outcome.FAILED)
        if self.exitcode == Outcome.FAILED and not (crawler._stats and crawler.stats.get_value("engcrawl/verdict")):
            why = str(error) if isinstance(error, EngcrawlError) else repr(error or "no verdict: see the log")
            never_began(args[0], self._arguments, int(self.exitcode), why)


def _usage(message: str) -> NoReturn:
    sys.stderr.write(f"scrapy crawl: {message}\n")
    raise SystemExit(2)
