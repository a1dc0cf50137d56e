"""What a crawl does not need it does not even import."""

from __future__ import annotations

from pathlib import Path

from tests.support.crawls import Serve, command, newest_first, run

SPARED = {
    "playwright",
    "spidermon",
    "slack_sdk",
    "jinja2",
    "prometheus_client",
    "pythonjsonlogger",
    "datasette",
    "uvicorn",
}
"""What browsers, alerts, metrics, a log in JSON and the pages of ``scrapy browse`` take."""


def test_a_crawl_by_links_without_alerts_and_metrics_imports_nothing_of_theirs(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    line = command(site=server.url)
    done = run([line[0], "-X", "importtime", *line[1:]], output, ENGCRAWL_ALERT_WEBHOOK="")
    assert (done.status, done.posts) == (0, newest_first(list(server.blog.truth())))
    assert {(c["pagination"], c["detour"]) for c in done.verdict["categories"]} == {("links", None)}
    rows = [row for row in done.log.splitlines() if row.startswith("import time:")]
    imported = {row.rpartition("|")[2].strip() for row in rows}
    assert {"engcrawl.extensions.alerts", "engcrawl.report.metrics"} <= imported
    assert {name.partition(".")[0] for name in imported} & SPARED == set()
    assert {"engcrawl.alerts.config", "engcrawl.phases.probe"} & imported == set()
