"""The run's figures for Prometheus: a file for node_exporter's textfile collector (``ENGCRAWL_METRICS``)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scrapy.settings import BaseSettings

from engcrawl.errors import StateError, UsageError
from engcrawl.report.runlog import OUTCOMES
from engcrawl.report.verdict import Outcome
from engcrawl.state import State
from engcrawl.text import dates

logger = logging.getLogger(__name__)

_COUNTS = ("claimed", "listed", "in_archive", "missing", "unexpected")


def metrics_file(settings: BaseSettings) -> str | None:
    """Return the file that ``ENGCRAWL_METRICS`` names; None if none is wanted. Raise UsageError for a wrong name."""
    path: str | None = settings["ENGCRAWL_METRICS"] or None
    if path is not None and not path.endswith(".prom"):
        raise UsageError(f"setting ENGCRAWL_METRICS={path}: must end in .prom, or node_exporter doesn't read it")
    return path


def write_failed(settings: BaseSettings, spider: str, site: str) -> None:
    """Write what is known of a run that failed before it could begin: there is no state to ask."""
    if path := metrics_file(settings):
        verdict = {"spider": spider, "arguments": {"site": site}} | dict.fromkeys(("start", "end"), dates.now())
        write(path, verdict | {"verdict": str(Outcome.FAILED), "exit_status": int(Outcome.FAILED)})


def write(path: str, verdict: dict[str, Any], state: State | None = None) -> None:
    """Write the figures of each spider's last run to *path* in one step; what can't be done is a line in the log.

    *verdict* is that of the run that just ended; *state* knows the runs before it.
    """
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile  # not for runs without metrics

    complete, reports = {}, {}
    try:
        if state is not None:
            complete, reports = state.runs.last_complete(), state.runs.last_reports()
    except StateError as error:
        logger.warning("Metrics were written without those of earlier runs, which can't be read: %s: %s", path, error)
    reports.pop(verdict["spider"], None)
    registry, gauges = CollectorRegistry(), {}
    for report in (*reports.values(), verdict):
        for name, text, value, labels in _figures(report, complete.get(report["spider"])):
            if name not in gauges:
                gauges[name] = Gauge(f"engcrawl_{name}", text, labels, registry=registry)
            gauges[name].labels(**labels).set(value)
    try:
        write_to_textfile(path, registry)
    except OSError as error:
        logger.error("ENGCRAWL_METRICS=%s: can't be written: %s", path, error)  # noqa: TRY400 - one line


def _figures(report: dict[str, Any], complete: str | None) -> Iterator[tuple[str, str, float, dict[str, str]]]:
    """Yield the figures of a verdict: name, help, value, labels; *complete* is when the last complete run ended."""
    run = {"spider": report["spider"], "site": report["arguments"]["site"]}
    start, end = _seconds(report["start"]), _seconds(report["end"])
    for outcome in map(str, Outcome):
        yield "verdict", "How the last run ended.", report["verdict"] == outcome, run | {"engcrawl_verdict": outcome}
    yield "exit_status", "The exit status of the last run.", report["exit_status"], run
    yield "last_run_timestamp_seconds", "When the last run ended.", end, run
    if complete:
        yield "last_complete_run_timestamp_seconds", "When the last complete run ended.", _seconds(complete), run
    yield "run_duration_seconds", "How long the last run took.", end - start, run
    if coverage := report.get("coverage"):
        yield "archive_posts", "Posts in the archive, as the run left it.", coverage["posts"], {"site": run["site"]}
    if "posts" in report:
        text = "Posts that the last run looked at, by what became of them."
        for became in OUTCOMES:
            yield "run_posts", text, report["posts"][became], run | {"outcome": became}
        yield "run_problems", "Pages and posts that the last run could not have.", len(report["problems"]), run
    if stats := report.get("stats"):
        requests = stats.get("downloader/request_count", 0)
        yield "run_requests", "Requests that the last run sent.", requests, run
        yield "run_retries", "How many of them were sent again after a failure.", stats.get("retry/count", 0), run
    for source, counts in ((report.get("proof") or {}).get("sources") or {}).items():
        of = run | {"source": source}
        yield "proof_proves", "Whether the list proves the archive complete.", counts["proves"], of
        text = "Posts as the last count has them, by the list they are in."
        for fact, count in (counts | {"missing": len(counts["missing"])}).items():
            if fact in _COUNTS and count is not None:
                yield "proof_posts", text, count, of | {"fact": fact}


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
