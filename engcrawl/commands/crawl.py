"""``scrapy crawl`` with exit statuses that tell how the run ended."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from pathlib import Path
from typing import Any, NoReturn

from scrapy.commands import crawl
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.log import configure_logging

from engcrawl.errors import EngcrawlError, UsageError
from engcrawl.extensions.alerts import never_began
from engcrawl.extensions.report import report_wanted
from engcrawl.fleet.parent import OrphanedError, end_with
from engcrawl.http.addresses import private_allowed
from engcrawl.http.engine import final_stats
from engcrawl.report import logs
from engcrawl.report.metrics import metrics_file, write_failed
from engcrawl.report.output import withhold_writing
from engcrawl.report.publish import publish_target
from engcrawl.report.verdict import Outcome
from engcrawl.text.visible import one_line

logger = logging.getLogger(__name__)


class Command(crawl.Command):
    """Scrapy's own command, which first checks arguments and settings, and whose exit status is the verdict."""

    def long_desc(self) -> str:
        verdicts = ", ".join(f"{int(outcome)} {outcome}" for outcome in Outcome)
        return f"Run a spider. The exit status is its verdict: {verdicts}."

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the spider's name, arguments and settings; a wrong one is one line, and exit status 2."""
        super().process_options(args, opts)
        assert self.settings is not None
        try:
            self._arguments = _checked(args, opts.spargs, self.settings)
            withhold_writing()
            logs.configure(self.settings)
            if self.settings["ENGCRAWL_PARENT"]:
                end_with(self.settings.getint("ENGCRAWL_PARENT"))
        except (UsageError, OrphanedError) as error:
            _refuse(error, self.settings)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider to its end."""
        assert self.crawler_process is not None
        assert self.settings is not None
        # Scrapy makes records of every level, two for each page, even where no handler wants them.
        logging.getLogger("scrapy").setLevel(self.settings["LOG_LEVEL"])
        crawler = self._create_crawler(args[0])
        task = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        _end_display(crawler)
        status = final_stats(crawler).get("engcrawl/exit_status")
        if status is None:
            assert isinstance(task, asyncio.Task)
            cut = not task.done()  # a signal ended the process
            status = self._without_verdict(crawler, None if cut else task.exception(), cut=cut)
        self.exitcode = status

    def _without_verdict(self, crawler: Crawler, error: BaseException | None, *, cut: bool) -> Outcome:
        """Tell of a run that could not begin by a line in the log, an alert, and its metrics; return how it ended."""
        if isinstance(error, EngcrawlError):
            outcome, why, trace = Outcome(error.exit_status), str(error), None
        elif cut and not final_stats(crawler).get("downloader/response_count"):
            outcome, why, trace = Outcome.STOPPED, "told to stop before the first answer", None
        else:
            outcome, trace = Outcome.FAILED, error
            why = (
                f"{type(error).__name__}: {error}"
                if error
                else "the run ended without a verdict: the log's last lines say why"
            )
        logger.error("Verdict: %s (exit status %d): %s", outcome, outcome, why, exc_info=trace)
        if file := logs.file_of_terminal():
            sys.stderr.write(f"scrapy crawl: {outcome} (exit status {int(outcome)}): {one_line(why)}\nlog: {file}\n")
        if outcome is Outcome.FAILED:
            write_failed(crawler.settings, crawler.spidercls.name, self._arguments["site"])
            never_began(crawler.settings, crawler.spidercls.name, self._arguments, int(outcome), why)
        return outcome


def _end_display(crawler: Crawler) -> None:
    """End the display of a run on a terminal with its last screen."""
    if not sys.stderr.isatty():
        return
    from engcrawl.extensions.progress import Display  # the settings have it only on a terminal

    with contextlib.suppress(RuntimeError):  # the run ended before there were extensions
        if display := crawler.get_extension(Display):
            display.end()


def _checked(args: list[str], given: dict[str, str], settings: Settings) -> dict[str, Any]:
    """Return the spider's arguments. Raises UsageError for a wrong argument or setting."""
    spiders = get_spider_loader(settings)
    if len(args) != 1 or args[0] not in spiders.list():
        raise UsageError(f"spider {' '.join(args)!r}: must be one of {', '.join(spiders.list())}")
    try:
        arguments = spiders.load(args[0]).arguments_class.parse(given)  # type: ignore[attr-defined]
    except UsageError as error:
        raise UsageError(f"{args[0]}: {error}") from error
    output: str = settings["ENGCRAWL_OUTPUT"]
    if "_job" in given and not Path(output).is_absolute():  # Scrapyd's working folder is no place for it
        raise UsageError(
            f"setting ENGCRAWL_OUTPUT={output}: must be an absolute path under Scrapyd, in Scrapyd's environment or"
            " as the job's setting"
        )
    metrics_file(settings)
    private_allowed(settings)
    publish_target(settings)
    report_wanted(settings)
    found: dict[str, Any] = arguments.model_dump(mode="json")
    return found


def _refuse(error: UsageError | OrphanedError, settings: Settings) -> NoReturn:
    sys.stderr.write(f"scrapy crawl: {error}\n")
    if settings["LOG_FILE"]:  # a job's log under Scrapyd, which keeps what goes to standard error to itself
        with contextlib.suppress(OSError, ValueError):  # where that is what the message is about
            configure_logging(settings)
            outcome = Outcome(error.exit_status)
            logger.error("Verdict: %s (exit status %d): %s", outcome, outcome, error)
    raise SystemExit(error.exit_status) from error
