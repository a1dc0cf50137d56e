"""A run's life: locked and opened before its first request, judged and written down when its feeds are closed."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, cast

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call

import engcrawl.signals
from engcrawl import __version__
from engcrawl.errors import OutputError, StateError
from engcrawl.http.engine import closing
from engcrawl.http.fetch import OVERRULED
from engcrawl.pipelines import Dropped
from engcrawl.report.feeds import FeedExporter, failed
from engcrawl.report.logs import name_run
from engcrawl.report.output import Output, state_url, withhold_writing
from engcrawl.report.proof import prove
from engcrawl.report.publish import Publisher, PublishError
from engcrawl.report.run import Run
from engcrawl.report.runlog import RunLog
from engcrawl.report.stats import plain
from engcrawl.report.types import found_types, not_asked_for
from engcrawl.report.verdict import Outcome, account, decide, entries, told
from engcrawl.state import State
from engcrawl.state.versions import Kept
from engcrawl.text.dates import now, rfc3339
from engcrawl.text.urls import blog_key

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_COMMIT_EVERY = 1.0
"""Seconds between commits: a killed run loses no more than this."""
_EARLIER = 30
"""How many earlier runs' verdicts a run publishes, if they couldn't."""
_PUBLISHED = (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.STOPPED)


class Running:
    """Gives the spider its `engcrawl.report.run.Run`, brings the state to the disk each second, gives the verdict.

    Raises LockedError where another run works on the output or the blog, StateError, OutputError, and UsageError where
    the output is another blog's.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not hasattr(crawler.spider, "arguments"):
            raise NotConfigured  # `scrapy fetch` and `scrapy shell` are no runs
        self.crawler = crawler
        self.spider = cast("Any", crawler.spider)
        self.arguments: dict[str, Any] = self.spider.arguments.model_dump(mode="json")
        start = datetime.now(UTC)
        output = Output(crawler.settings["ENGCRAWL_OUTPUT"])
        self._publisher = Publisher.of(crawler.settings, blog_key(self.spider.site))
        withhold_writing()
        with ExitStack() as stack:
            stack.callback(output.locked().release)
            url, alone = state_url(crawler.settings)
            if not (alone and output.state.exists()):  # else the state says whose it is
                output.check(self.spider.site)
            kept = Kept.parse(str(crawler.settings["ENGCRAWL_VERSIONS"]))
            self.state = stack.enter_context(State.open(url, self.spider.site, alone=alone, kept=kept))
            if self.state.posts.empty() and (taken := self.state.posts.take_in(output.records(self.spider.site))):
                logger.info("Copied %d posts from %s into the new state: %s", taken, output.archive, self.state.name)
            self.files = output.reserve(self.spider.name, start)
            try:
                name_run(self.files.name, self.files.log)
            except OSError as error:
                raise OutputError(f"{self.files.log}: {error}") from error
            self.state.runs.begin(self.files.name, self.spider.name, self.arguments, rfc3339(start))
            self._held = stack.pop_all()
        self.log = RunLog(rfc3339(start), filtered=self.spider.arguments.filtered, phase_begun=self._tell)
        self.spider.run = Run(self.state, self.log)
        self._feeds_closed = asyncio.Event()
        self._committing = create_looping_call(self._commit)
        for receiver, signal in (
            (self.spider_opened, signals.spider_opened),
            (self.engine_started, signals.engine_started),
            (self.engine_stopped, signals.engine_stopped),
            (self.item_left, signals.item_scraped),
            (self.item_dropped, signals.item_dropped),
            (self.item_error, signals.item_error),
            (self.spider_error, signals.spider_error),
            (self.feed_exporter_closed, signals.feed_exporter_closed),
        ):
            crawler.signals.connect(receiver, signal)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self) -> None:
        # Last of all extensions: what others do when the spider closes is in the verdict's stats.
        self.crawler.signals.connect(self.spider_closed, signals.spider_closed)

    def engine_started(self) -> None:
        self._committing.start(_COMMIT_EVERY, now=False)

    def engine_stopped(self) -> None:
        if self._committing.running:
            self._committing.stop()
        self._held.close()

    def _tell(self) -> None:
        self.crawler.signals.send_catch_log(engcrawl.signals.phase_begun, log=self.log)

    def item_left(self) -> None:
        self.log.arrived()

    def item_dropped(self, item: Any, exception: Exception) -> None:
        self.log.arrived()
        if isinstance(exception, Dropped) and exception.name:
            self.crawler.stats.inc_value(f"engcrawl/dropped/{exception.name}")
            self.log.drop(item, exception.name)

    def item_error(self, failure: Any) -> None:
        self.log.arrived()
        self._failed(failure.value)

    def spider_error(self, failure: Any) -> None:
        self._failed(failure.value)

    def feed_exporter_closed(self) -> None:
        self._feeds_closed.set()

    def _commit(self) -> None:
        try:
            self.state.commit()
        except StateError as error:
            self._committing.stop()
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, StateError):
            self.log.code_error(error)
        elif self.log.state_error is None:
            self.log.state_error = str(error)
            if not closing(self.crawler):
                ending = self.crawler.engine.close_spider_async(reason="state not written")
                self._closing = asyncio.ensure_future(ending)

    # The verdict

    async def spider_closed(self, reason: str) -> None:
        exporter = self.crawler.get_extension(FeedExporter)
        if exporter is not None:
            await self._feeds_closed.wait()
        feeds_failed = failed(self.crawler, exporter)
        outcome, why, found = self._judge(reason, feeds_failed=feeds_failed)
        published = None
        if self._publisher:
            try:
                await self._publisher.put_files(self.files, archive=outcome in _PUBLISHED, feed=not feeds_failed)
                published = self._publisher.address
            except PublishError as error:
                outcome, why = self._unpublished(error, outcome, why)
        stats = self.crawler.stats.get_stats()
        verdict: dict[str, Any] = {
            "run": self.files.name,
            "job": getattr(self.spider, "job", None),
            "engcrawl": __version__,
            "spider": self.spider.name,
            "arguments": self.arguments,
            "start": self.log.start,
            "end": now(),
            **told(outcome, why),
            **account(self.log),
            "coverage": found["coverage"],
            "types": found["types"],
            "proof": found["proof"],
            **entries(self.log),
            "charsets": {name.rpartition("/")[2]: n for name, n in stats.items() if name.startswith(OVERRULED)},
            "stats": plain(stats),
            "feed": self.files.feed.name if self.files.feed.exists() else None,
            "feeds": exporter.addresses if exporter is not None else [],
            "archive": found["archive"],
            "published": published,
        }
        delivered = not feeds_failed and (published is not None or self._publisher is None)
        outcome, why = self._write(outcome, why, verdict, delivered=delivered)
        verdict |= told(outcome, why)
        if self._publisher and published:
            try:
                await self._publisher.put_verdict(self.files, verdict, self._earlier())
            except PublishError as error:
                outcome, why = self._unpublished(error, outcome, why)
                verdict |= told(outcome, why) | entries(self.log) | {"published": None}
                outcome, why = self._write(outcome, why, verdict, delivered=False)
                verdict |= told(outcome, why)
        self.crawler.stats.set_value("engcrawl/verdict", str(outcome))
        self.crawler.stats.set_value("engcrawl/exit_status", int(outcome))
        self.crawler.signals.send_catch_log(engcrawl.signals.verdict_given, verdict=verdict)
        level = logging.INFO if outcome is Outcome.COMPLETE else logging.ERROR
        logger.log(level, "Verdict: %s (exit status %d): %s", outcome, outcome, why)
        logger.info("Archive: %s: %s", self.files.output.archive, verdict["archive"])
        logger.info("Verdict written: %s", self.files.verdict)

    def _judge(self, reason: str, *, feeds_failed: bool) -> tuple[Outcome, str, dict[str, Any]]:
        """Decide the verdict and publish the archive; return both, with what the verdict says of the archive."""
        found: dict[str, Any] = {"coverage": None, "proof": None, "types": None}
        outcome, why = decide(self.log, reason, feeds_failed=feeds_failed)
        archive = None
        self.log.enter("proof")
        try:
            if self.log.to_count and outcome in (Outcome.COMPLETE, Outcome.INCOMPLETE):
                found["proof"] = prove(self.state)
            found["types"] = found_types(self.state)
            others = not_asked_for(found["types"])
            outcome, why = decide(self.log, reason, feeds_failed=feeds_failed, proof=found["proof"], others=others)
            self.state.versions.drop_old()
            self.state.commit()
            self.log.enter("publish")
            found["coverage"] = self.state.posts.coverage()
            if outcome in _PUBLISHED:
                replaced = self.files.output.publish(self.state)
                archive = f"{'replaced' if replaced else 'unchanged'}: {found['coverage']['posts']} posts"
            self.files.part.unlink(missing_ok=True)  # still there if no feed of the project's was written
        except StateError as error:
            outcome, why = Outcome.FAILED, f"the state can't be read or written: {error}"
        except OSError as error:
            outcome, why = Outcome.FAILED, f"output not writable: {error}"
        return outcome, why, found | {"archive": archive or f"left as it was: the verdict is {outcome}"}

    def _unpublished(self, error: PublishError, outcome: Outcome, why: str) -> tuple[Outcome, str]:
        """Record that a file can't be published; return what the verdict is then."""
        self.log.problem(error.url, f"not published: {error.reason}")
        return Outcome.FAILED, why if outcome is Outcome.FAILED else f"not published: {error}"

    def _earlier(self) -> list[dict[str, Any]]:
        """Return the reports of the runs before this one, newest first; none where the state can't be read."""
        try:
            runs = self.state.runs.last(_EARLIER)
        except StateError:
            return []  # the verdict says so
        return [run["report"] for run in runs if run["report"] and run["name"] != self.files.name]

    def _write(self, outcome: Outcome, why: str, verdict: dict[str, Any], *, delivered: bool) -> tuple[Outcome, str]:
        """Write the verdict to files and to the state; return the verdict, which is `failed` if that isn't possible."""
        try:
            self.files.write_verdict(verdict)
        except OSError as error:
            outcome, why = Outcome.FAILED, f"output not writable: {error}"
            verdict |= told(outcome, why)
        try:
            if delivered and self.crawler.settings.getdict("FEEDS") and not self.log.state_error:
                self.state.changes.delivered()
            self.state.runs.end(str(outcome), verdict["end"], verdict)
        except StateError as error:
            outcome, why = Outcome.FAILED, f"the state can't be read or written: {error}"
            with suppress(OSError):  # the files say what the exit status does
                self.files.write_verdict(verdict | told(outcome, why))
        return outcome, why


def uri_params(params: dict[str, Any], spider: Spider) -> dict[str, Any]:
    """Return what a feed's URI can name: ``%(output)s`` (the folder), ``%(run)s`` (the run's name), and Scrapy's."""
    run = spider.crawler.get_extension(Running)
    return params if run is None else params | {"output": str(run.files.output.folder), "run": run.files.name}
