"""The run's verdict: decided when all is done, written, and told."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured

import engcrawl.signals
from engcrawl import __version__
from engcrawl.errors import StateError
from engcrawl.http.engine import closing
from engcrawl.report.feeds import FAILED, FeedExporter
from engcrawl.report.logs import name_run
from engcrawl.report.output import Output
from engcrawl.report.runlog import Ledger, Outcome, Problem
from engcrawl.report.stats import plain
from engcrawl.text.dates import now, rfc3339

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

    from engcrawl.state import State
    from engcrawl.walks import Category

logger = logging.getLogger(__name__)


class Verdict:
    """Keeps the ledger, decides the verdict when the feeds are closed, replaces the archive, writes ``RUN.json``."""

    def __init__(self, crawler: Crawler) -> None:
        if not hasattr(crawler.spider, "arguments"):
            raise NotConfigured  # `scrapy fetch` and `scrapy shell` are no runs
        self.crawler = crawler
        start = datetime.now(UTC)
        self.ledger = Ledger(rfc3339(start), crawler.spider.arguments.filtered)  # type: ignore[union-attr]
        self.state: State = crawler.spider.memory  # type: ignore[union-attr]
        self.run = Output(crawler.settings["ENGCRAWL_OUTPUT"]).reserve(crawler.spidercls.name, start)
        name_run(self.run.name)
        self.state.begin(self.run.name, crawler.spidercls.name, self._arguments(), self.ledger.start)
        self.coverage: dict[str, int] | None = None
        self._feeds_closed = asyncio.Event()
        for receiver, signal in (
            (self.spider_closed, signals.spider_closed),
            (self.spider_error, signals.spider_error),
            (self.item_error, signals.item_error),
            (self.feed_exporter_closed, signals.feed_exporter_closed),
            (self.category_changed, engcrawl.signals.category_changed),
            (self.posts_listed, engcrawl.signals.posts_listed),
            (self.post_taken, engcrawl.signals.post_taken),
            (self.post_done, engcrawl.signals.post_done),
            (self.unlisted, engcrawl.signals.unlisted),
            (self.problem, engcrawl.signals.problem),
            (self.source_asked, engcrawl.signals.source_asked),
            (self.state_failed, engcrawl.signals.state_failed),
        ):
            crawler.signals.connect(receiver, signal)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def category_changed(self, category: Category) -> None:
        self.ledger.categories[category.slug] = category

    def posts_listed(self, count: int) -> None:
        self.ledger.listed += count

    def problem(self, url: str, reason: str, post_id: int | None) -> None:
        logger.warning("Could not be had: %s: %s", url, reason)
        self.ledger.problems.append(Problem(url, reason, post_id))
        self.crawler.stats.inc_value("engcrawl/problems")

    def source_asked(self, source: str, status: str) -> None:
        self.ledger.sources[source] = status

    def post_taken(self) -> None:
        self.ledger.taken += 1

    def post_done(self, outcome: str) -> None:
        self.ledger.done[outcome] += 1

    def unlisted(self, url: str, reason: str, post_id: int | None) -> None:
        logger.info("No listing names it any more: %s: %s", url, reason)
        self.ledger.unlisted.append(Problem(url, reason, post_id))

    def spider_error(self, failure: Any) -> None:
        self._failed(failure.value)

    def item_error(self, failure: Any) -> None:
        self._failed(failure.value)

    def state_failed(self, error: StateError) -> None:
        self._failed(error)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, StateError):
            self.ledger.code_errors.append(_one_line(error))
        elif self.ledger.state_error is None:
            self.ledger.state_error = str(error)
            if not closing(self.crawler):
                self._closing = asyncio.ensure_future(
                    self.crawler.engine.close_spider_async(reason="state not written")
                )

    def feed_exporter_closed(self) -> None:
        self._feeds_closed.set()

    async def spider_closed(self, reason: str) -> None:
        exporter = self.crawler.get_extension(FeedExporter)
        if exporter is not None:
            await self._feeds_closed.wait()
        stats = self.crawler.stats
        self.ledger.usage = stats.get_value("engcrawl/usage")
        self.ledger.filtered_out = stats.get_value("engcrawl/filtered", 0)
        self.ledger.dropped = {
            key.rpartition("/")[2]: value
            for key, value in stats.get_stats().items()
            if key.startswith("engcrawl/dropped/")
        }
        feeds_failed = self._feeds_failed(exporter)
        outcome, why = self.ledger.outcome(reason, feeds_failed)
        archive = None
        try:
            if outcome in (Outcome.COMPLETE, Outcome.INCOMPLETE):
                self.ledger.proof = self.crawler.spider.prove()  # type: ignore[union-attr]
                outcome, why = self.ledger.outcome(reason, feeds_failed)
            self.state.commit()
            self.coverage = self.state.coverage()
            if outcome in (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.STOPPED):
                archive = self._publish()
            self.run.part.unlink(missing_ok=True)  # still there if no feed of the project's was written
        except StateError as error:
            outcome, why = Outcome.FAILED, f"the state can't be read or written: {error}"
        except OSError as error:
            outcome, why = Outcome.FAILED, f"output not writable: {error}"
        archive = archive or f"left as it was: the run is {outcome}"
        verdict = self._verdict(outcome, why, archive)
        try:
            self.run.write_verdict(verdict)
        except OSError as error:
            outcome, why = Outcome.FAILED, f"output not writable: {error}"
        try:
            delivered = (
                bool(self.crawler.settings.getdict("FEEDS")) and not feeds_failed and not self.ledger.state_error
            )
            self.state.end(str(outcome), verdict["end"], verdict, delivered=delivered)
        except StateError as error:
            outcome, why = Outcome.FAILED, f"the state can't be read or written: {error}"
        stats.set_value("engcrawl/verdict", str(outcome))
        stats.set_value("engcrawl/exit_status", int(outcome))
        verdict |= {"verdict": str(outcome), "exit_status": int(outcome), "reason": why}
        self.crawler.signals.send_catch_log(engcrawl.signals.verdict_given, verdict=verdict)
        level = logging.INFO if outcome is Outcome.COMPLETE else logging.ERROR
        logger.log(level, "Verdict: %s (exit status %d): %s", outcome, outcome, why)
        logger.info("%s: %s", self.run.output.archive, archive)
        logger.info("%s: the verdict in full", self.run.verdict)

    def _feeds_failed(self, exporter: FeedExporter | None) -> bool:
        stats = self.crawler.stats.get_stats()
        if any(key.startswith(FAILED) for key in stats):
            return True
        if exporter is None:  # not configured: an unknown format, a storage without its library
            return bool(self.crawler.settings.getdict("FEEDS"))
        stored: int = sum(value for key, value in stats.items() if key.startswith("feedexport/success_count"))
        return stored < len(exporter.addresses)

    def _publish(self) -> str:
        """Replace the archive by the posts of the state; what was done, for the verdict and the log."""
        replaced = self.run.output.publish(self.state)
        posts, _, _ = self.state.measure()
        return f"{'replaced' if replaced else 'unchanged'}: {posts} posts"

    def _arguments(self) -> dict[str, Any]:
        return self.crawler.spider.arguments.model_dump(mode="json")  # type: ignore[no-any-return, union-attr]

    def _verdict(self, outcome: Outcome, why: str, archive: str) -> dict[str, Any]:
        done = self.ledger.done
        exporter = self.crawler.get_extension(FeedExporter)
        return {
            "run": self.run.name,
            "job": getattr(self.crawler.spider, "job", None),
            "engcrawl": __version__,
            "spider": self.crawler.spidercls.name,
            "arguments": self._arguments(),
            "start": self.ledger.start,
            "end": now(),
            "verdict": str(outcome),
            "exit_status": int(outcome),
            "reason": why,
            "posts": {
                "listed": self.ledger.listed,
                "filtered": self.ledger.filtered_out,
                **{name: done[name] for name in ("new", "updated", "gone", "unchanged", "lost", "unlisted")},
                "dropped": self.ledger.dropped,
            },
            "categories": [
                {
                    "slug": c.slug,
                    "url": c.url,
                    "pages": c.pages,
                    "walked": len(c.walked),
                    "posts": c.posts,
                    "end": c.end,
                    "pagination": c.pagination,
                    "detour": c.detour,
                }
                for c in sorted(self.ledger.categories.values(), key=lambda c: c.slug)
            ],
            "coverage": self.coverage,
            "proof": self.ledger.proof,
            "problems": [p.entry() for p in self.ledger.problems],
            "unlisted": [p.entry() for p in self.ledger.unlisted],
            "stats": plain(self.crawler.stats.get_stats()),
            "feed": self.run.feed.name if self.run.feed.exists() else None,
            "feeds": exporter.addresses if exporter is not None else [],
            "archive": archive,
        }


def uri_params(params: dict[str, Any], spider: Spider) -> dict[str, Any]:
    """What a feed's URI can name beside Scrapy's own: ``%(output)s`` (the folder) and ``%(run)s`` (the run's name)."""
    extension = spider.crawler.get_extension(Verdict)
    if extension is None:
        return params
    return params | {"output": str(extension.run.output.folder), "run": extension.run.name}


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
