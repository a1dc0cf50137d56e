"""Many nights in a row: whatever editors do, and whatever kills a run, the archive follows."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.blog.blog import CATEGORIES
from tests.support.crawls import Serve, command, crawl, environment
from tests.support.folders import ROOT
from tests.support.nights import newest, query, truth

NIGHTS = 5


@pytest.mark.parametrize("seed", [1, 2])
def test_after_many_nights_the_archive_is_what_the_site_had(serve: Serve, output: Path, seed: int) -> None:
    rng = random.Random(seed)
    server = serve(posts=90, seed=seed)
    blog = server.blog
    assert crawl(output, site=server.url).status == 0
    known = truth(blog)
    removed: dict[int, dict[str, Any]] = {}
    for _ in range(NIGHTS):
        for _ in range(rng.randint(0, 3)):
            blog.publish((rng.choice(list(CATEGORIES)),))
        for index in rng.sample(newest(blog, 60), rng.randint(0, 3)):
            blog.edit(index, title=rng.choice([None, f"Title {rng.random()}"]))
        if rng.random() < 0.4:
            index = rng.choice(newest(blog, 60))
            record = blog.record(blog.post(index))
            removed[record["id"]] = record
            blog.remove(index)
        if rng.random() < 0.4:
            line = command(site=server.url, settings={"DOWNLOAD_DELAY": "0.02"})
            quiet = subprocess.DEVNULL
            with subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=quiet, stderr=quiet) as process:
                try:
                    process.wait(rng.uniform(0.5, 3))
                except subprocess.TimeoutExpired:
                    process.kill()
        else:
            assert crawl(output, site=server.url).status in (0, 3)
        known = truth(blog, known)
    query(output, "UPDATE posts SET due = '2000-01-01T00:00:00Z' WHERE due IS NOT NULL")
    done = crawl(output, "-a", "full=yes", site=server.url)
    assert done.status == 0, done.log
    there = {record["id"]: record for record in done.posts}
    gone = {post for (post,) in query(output, "SELECT id FROM posts WHERE gone_since IS NOT NULL")}
    assert gone == there.keys() - {record["id"] for record in known}
    assert gone <= removed.keys()
    assert [there[record["id"]] for record in known] == known
    assert told(output) == there


def told(output: Path) -> dict[int, dict[str, Any]]:
    """What a reader knows who has read every finished feed, in their order.

    A run that was killed with its feed finished, and its end not yet noted, has the next tell its changes again.
    """
    died = {name for (name,) in query(output, "SELECT name FROM runs WHERE verdict = 'died'")}
    read: dict[int, dict[str, Any]] = {}
    again: set[int] = set()
    for feed in sorted((output / "runs").glob("*.jsonl")):
        found = [json.loads(line) for line in feed.read_text("utf-8").splitlines()]
        for record in found:
            change = record.pop("change")
            del record["crawled_at"]
            assert (change == "new") == (record["id"] not in read) or record["id"] in again
            read[record["id"]] = record
        again = {record["id"] for record in found} if feed.stem in died else set()
    return read
