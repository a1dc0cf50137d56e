"""``kill -9`` at random moments: the next run goes on where the killed one was."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engcrawl.state import State
from engcrawl.text import dates
from tests.blog import Blog, Server
from tests.support.crawls import Crawl, command, environment
from tests.support.folders import ROOT
from tests.support.nights import differences, truth

PACE = {"DOWNLOAD_DELAY": "0.01", "CONCURRENT_REQUESTS": "2", "CONCURRENT_REQUESTS_PER_DOMAIN": "2"}
KILLS = 8


@pytest.mark.parametrize(("seed", "at_work"), [(0, False), (1, True)], ids=["from its start", "at work"])
def test_killed_at_random_moments_it_ends_as_if_it_had_not_been(seed: int, at_work: bool, tmp_path: Path) -> None:
    rng = random.Random(seed)
    blog = Blog(80, seed)
    kills = 0
    with Server(blog) as server:
        chain = 0
        while kills < KILLS:
            chain += 1
            output = tmp_path / str(chain)
            for _ in _kills(server, output, rng, KILLS * 2 // 3 - kills, at_work):
                kills += 1
            before = truth(blog)
            assert _posts(output) == before
            assert _told(output) == differences([], before)
            feeds, archive, moment = _feeds(output), (output / "posts.jsonl").read_text("utf-8"), dates.now()
            for index in blog.whole[2:5]:
                blog.edit(index, title=f"Edited {index}")
            for slug in ("web", "storage", "culture"):
                blog.publish((slug,))
            for _ in _kills(server, output, rng, KILLS - kills, at_work):
                kills += 1
            after = truth(blog, before)
            assert _posts(output) == after
            changes = differences(before, after)
            assert _told(output, besides=feeds) == changes
            with State.read(f"sqlite:///{output}/archive.db", None) as state:
                assert "".join(f"{line}\n" for line, _ in state.versions.lines(moment)) == archive
                versions = {post: len(state.versions.of(post)) for post in changes}
            assert versions == {post: 2 if change == "updated" else 1 for post, change in changes.items()}


def _kills(server: Server, output: Path, rng: random.Random, most: int, at_work: bool) -> Iterator[None]:
    """Crawl, and kill it, again and again; each kill, until a crawl comes to its end.

    A moment is counted from the process' start, where the state is made, or *at_work* from its first request.
    """
    left = most
    while True:
        stored = _stored(output, server.blog)
        server.requests.clear()
        with subprocess.Popen(
            command(site=server.url, settings=PACE),
            cwd=ROOT,
            env=environment(output),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while at_work and not server.requests and process.poll() is None:
                time.sleep(0.01)
            moment = rng.uniform(0, 2 if at_work else 3) if left > 0 else 60
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        again = {path.partition("?")[0] for _, path in server.requests} & stored
        assert not again, "what was stored was fetched again"
        if process.returncode == 0:
            return
        assert process.returncode == -signal.SIGKILL
        left -= 1
        yield


def _stored(output: Path, blog: Blog) -> set[str]:
    """The paths of the posts that are stored as they are now."""
    path = output / "archive.db"
    if not path.exists():
        return set()
    with closing(sqlite3.connect(path, timeout=30)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'posts'").fetchone():
            return set()  # killed before the first transaction
        rows = db.execute("SELECT record FROM posts WHERE read_run IS NOT NULL").fetchall()
    now = {record["id"]: record for record in blog.truth()}
    found = [json.loads(record) for (record,) in rows]
    return {r["url"].removeprefix(blog.base) for r in found if r == now[r["id"]] | {"crawled_at": r["crawled_at"]}}


def _posts(output: Path) -> list[dict[str, Any]]:
    return Crawl(0, "", output).posts


def _feeds(output: Path) -> set[Path]:
    return set((output / "runs").glob("*.jsonl"))


def _told(output: Path, besides: set[Path] | None = None) -> dict[int, str]:
    """What the finished feeds say, each naming a post once."""
    told: dict[int, str] = {}
    for feed in _feeds(output) - (besides or set()):
        lines = [json.loads(line) for line in feed.read_text("utf-8").splitlines()]
        assert len({line["id"] for line in lines}) == len(lines)
        told |= {line["id"]: line["change"] for line in lines}
    return told
