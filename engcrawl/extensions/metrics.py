"""The run's figures for Prometheus: a file for node_exporter's textfile collector (``ENGCRAWL_METRICS``)."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from scrapy.exceptions import NotConfigured

import engcrawl.signals
from engcrawl.errors import StateError, UsageError
from engcrawl.report.runlog import OUTCOMES
from engcrawl.report.verdict import Outcome
from engcrawl.text.dates import instant, rfc3339

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from engcrawl.state import State

logger = logging.getLogger(__name__)

_COUNTS = ("claimed", "listed", "in_archive", "missing", "unexpected")


def metrics_file(settings: BaseSettings) -> str | None:
    """The file that ``ENGCRAWL_METRICS`` names; None: none is wanted. Raises UsageError."""
    path: str | None = settings["ENGCRAWL_METRICS"] or None
    if path is not None and not path.endswith(".prom"):
        raise UsageError(f"setting ENGCRAWL_METRICS={path}: must end in .prom, or node_exporter doesn't read it")
    return path


class Metrics:
    """Writes the figures of each spider's last run when a verdict is given; what can't be written fails no run."""

    def __init__(self, crawler: Crawler) -> None:
        path = metrics_file(crawler.settings)
        if path is None or not hasattr(crawler.spider, "arguments"):
            raise NotConfigured
        self.crawler = crawler
        self.path = path
        crawler.signals.connect(self.verdict_given, engcrawl.signals.verdict_given)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def verdict_given(self, verdict: dict[str, Any]) -> None:
        state: State = self.crawler.spider.run.state  # type: ignore[union-attr]
        posts, complete, reports = None, {}, {}
        try:
            posts, _, _ = state.posts.measure()
            complete, reports = state.runs.last_complete(), state.runs.last_reports()
        except StateError as error:
            logger.warning("%s: without what earlier runs know: %s", self.path, error)
        if verdict["verdict"] == str(Outcome.COMPLETE):
            complete[verdict["spider"]] = verdict["end"]
        write(self.path, (reports | {verdict["spider"]: verdict}).values(), complete, posts)


def write_failed(settings: BaseSettings, spider: str, site: str) -> None:
    """Write what is known of a run that failed before it could begin: there is no state to ask."""
    path = metrics_file(settings)
    if path is not None:
        now = rfc3339(datetime.now(UTC))
        ending = {"start": now, "end": now, "verdict": str(Outcome.FAILED), "exit_status": int(Outcome.FAILED)}
        write(path, [ending | {"spider": spider, "arguments": {"site": site}}], {}, None)


def write(path: str, reports: Iterable[dict[str, Any]], complete: dict[str, str], posts: int | None) -> None:
    """Write the figures of verdicts to *path*, in one step; an error is a line in the log.

    *complete* says of each spider when its last complete run ended; *posts* is the size of the archive.
    """
    from prometheus_client import CollectorRegistry, Enum, Gauge, write_to_textfile  # not for runs without metrics

    registry = CollectorRegistry()
    run = ("spider", "site")

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"engcrawl_{name}", text, labels, registry=registry)

    archive = gauge("archive_posts", "Posts in the archive, as the run left it.", "site")
    verdicts = Enum(
        "engcrawl_verdict", "How the last run ended.", run, states=[str(one) for one in Outcome], registry=registry
    )
    status = gauge("exit_status", "The exit status of the last run.", *run)
    last = gauge("last_run_timestamp_seconds", "When the last run ended.", *run)
    last_complete = gauge("last_complete_run_timestamp_seconds", "When the last complete run ended.", *run)
    duration = gauge("run_duration_seconds", "How long the last run took.", *run)
    outcomes = gauge("run_posts", "Posts that the last run looked at, by what became of them.", *run, "outcome")
    problems = gauge("run_problems", "Pages and posts that the last run could not have.", *run)
    requests = gauge("run_requests", "Requests that the last run sent.", *run)
    retries = gauge("run_retries", "How many of them were sent again after a failure.", *run)
    proof = gauge("proof_posts", "Posts as the last count has them, by the list they are in.", *run, "source", "fact")
    proves = gauge("proof_proves", "Whether the list proves the archive complete.", *run, "source")
    for report in reports:
        spider, site = labels = report["spider"], report["arguments"]["site"]
        verdicts.labels(*labels).state(report["verdict"])
        status.labels(*labels).set(report["exit_status"])
        last.labels(*labels).set(_seconds(report["end"]))
        duration.labels(*labels).set(_seconds(report["end"]) - _seconds(report["start"]))
        if spider in complete:
            last_complete.labels(*labels).set(_seconds(complete[spider]))
        if posts is not None:
            archive.labels(site).set(posts)
        if "posts" in report:
            for outcome in OUTCOMES:
                outcomes.labels(*labels, outcome).set(report["posts"][outcome])
            problems.labels(*labels).set(len(report["problems"]))
        if "stats" in report:
            requests.labels(*labels).set(report["stats"].get("downloader/request_count", 0))
            retries.labels(*labels).set(report["stats"].get("retry/count", 0))
        for source, counts in ((report.get("proof") or {}).get("sources") or {}).items():
            proves.labels(*labels, source).set(counts["proves"])
            for fact in _COUNTS:
                count = counts[fact]
                if count is not None:
                    proof.labels(*labels, source, fact).set(len(count) if isinstance(count, list) else count)
    try:
        write_to_textfile(path, registry)
    except OSError as error:
        logger.error("ENGCRAWL_METRICS=%s: can't be written: %s", path, error)  # noqa: TRY400 - one line


def _seconds(moment: str) -> float:
    found = instant(moment)
    assert found is not None
    return found.timestamp()
