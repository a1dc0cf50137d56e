"""What a crawl loads."""

from __future__ import annotations

from pathlib import Path

from tests.support.crawls import command, run

ON_DEMAND = {
    "aiohttp",  # Scrapy's remote control
    "playwright",
    "prometheus_client",
    "psycopg",
    "rich",
    "scrapy_playwright",
    "slack_sdk",
    "spidermon",
    "sqlalchemy_dlock",
    "trafilatura",
}
"""Libraries of which each serves some runs alone, or some pages."""


def test_a_crawl_loads_no_library_that_it_does_not_use(tmp_path: Path) -> None:
    line = command(site="http://127.0.0.1:9", settings={"RETRY_ENABLED": "False"})
    done = run(line, tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert done.status == 1
    times = [line for line in done.log.splitlines() if line.startswith("import time:")]
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in times}
    assert {"engcrawl", "scrapy", "sqlalchemy"} <= loaded
    assert loaded & ON_DEMAND == set()
