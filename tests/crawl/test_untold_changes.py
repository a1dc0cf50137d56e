"""Changes that a run stored and told nobody reach the next run's feed."""

from __future__ import annotations

import gzip
import json
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from tests.blog import Server
from tests.support.crawls import Serve, command, environment, newest_first
from tests.support.folders import ROOT
from tests.support.nights import articles, differences, night, paths, query, truth

# Runs that died


def test_what_a_killed_run_stored_is_told_by_the_next(serve: Serve, output: Path) -> None:
    server = serve(posts=200)
    line = command(site=server.url, settings={"DOWNLOAD_DELAY": "0.02"})
    with subprocess.Popen(
        line, cwd=ROOT, env=environment(output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while not (stored := stored_ids(output)):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    part = next((output / "runs").glob("*.part"))
    done = night(server, output)
    assert done.status == 0
    assert stored <= done.changes.keys()
    assert done.changes == {record["id"]: "new" for record in server.blog.truth()}
    assert part.exists()
    assert [run for (run,) in query(output, "SELECT verdict FROM runs ORDER BY id")] == ["died", "complete"]


def stored_ids(output: Path) -> set[int]:
    if not (output / "archive.db").exists():
        return set()
    try:
        return {post for (post,) in query(output, "SELECT id FROM posts WHERE record IS NOT NULL")}
    except sqlite3.OperationalError:
        return set()  # not made yet


def test_a_change_that_no_feed_took_is_told_again(serve: Serve, output: Path) -> None:
    server = serve()
    assert night(server, output, settings={"FEEDS": "{}"}).status == 0
    assert list((output / "runs").glob("*.jsonl")) == []
    done = night(server, output)
    assert articles(server) == set()
    assert done.changes == {record["id"]: "new" for record in server.blog.truth()}
    assert newest_first(done.feed) == truth(server.blog)


def test_without_its_database_the_archive_is_taken_in(server: Server, output: Path) -> None:
    before = (output / "posts.jsonl").read_bytes()
    for path in output.glob("archive.db*"):
        path.unlink()
    done = night(server, output)
    assert (done.status, done.changes) == (0, {})
    assert (output / "posts.jsonl").read_bytes() == before
    bodiless = [p for p in map(server.blog.post, server.blog.whole) if p.protected]
    assert articles(server) == paths(bodiless)  # nothing says that their pages were read
    assert len(query(output, "SELECT 1 FROM posts WHERE due > '2026'")) > 100


def test_feeds_of_ones_own_get_what_is_new(server: Server, output: Path, tmp_path: Path) -> None:
    before = truth(server.blog)
    server.blog.publish(("web",))
    mine = tmp_path / "mine.jsonl.gz"
    feeds = {
        str(mine): {
            "format": "jsonlines",
            "postprocessing": ["scrapy.extensions.postprocessing.GzipPlugin"],
        }
    }
    done = night(server, output, "-O", str(tmp_path / "all.jsonl"), settings={"FEEDS": json.dumps(feeds)})
    assert done.status == 0
    text = (tmp_path / "all.jsonl").read_text("utf-8")
    assert gzip.decompress(mine.read_bytes()).decode() == text
    lines = [json.loads(line) for line in text.splitlines()]
    assert {line["id"]: line["change"] for line in lines} == differences(before, truth(server.blog, before))
