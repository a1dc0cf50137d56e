"""Workers of a fleet, as processes on a real PostgreSQL: what is killed, stopped, hangs or fails loses nothing."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engcrawl.text.urls import blog_key
from tests.blog import Blog, Server
from tests.support.crawls import records
from tests.support.fleet import Fleet, kill, wait
from tests.support.nights import truth
from tests.support.postgres import Postgres, database, own_postgres
from tests.support.s3 import Buckets

POSTS = 10
SLOWLY = {"DOWNLOAD_DELAY": "0.1", "CONCURRENT_REQUESTS_PER_DOMAIN": "1"}
"""Settings with which a run of a blog lasts some seconds."""


@pytest.fixture(scope="module")
def server_() -> Iterator[Postgres]:
    with own_postgres() as server:
        yield server


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def blogs(stack: ExitStack, count: int) -> list[Server]:
    return [stack.enter_context(Server(Blog(POSTS, seed))) for seed in range(1, count + 1)]


def fleet(stack: ExitStack, folder: Path, server: Postgres, servers: list[Server], **variables: str) -> Fleet:
    made = Fleet(folder, database(server.url), servers, **variables)
    stack.callback(made.end)
    made.set_up()
    return made


def whole(fleet: Fleet, servers: list[Server]) -> None:
    """Every record is there, once and as it is on the blog; no job is left."""
    for server in servers:
        assert fleet.archive(server) == truth(server.blog)
        assert fleet.runs(server)[-1] == "complete"
        assert fleet.runs(server).count("complete") == 1
    assert fleet.jobs() == []


def test_a_worker_that_is_killed_a_crawl_that_is_killed_and_an_upload_that_fails_lose_nothing(
    stack: ExitStack, tmp_path: Path, server_: Postgres
) -> None:
    servers = blogs(stack, 5)
    buckets = stack.enter_context(Buckets())
    keys = [blog_key(server.url) for server in servers]
    refused: list[str] = []

    def once(method: str, path: str) -> int | None:
        if method == "PUT" and path.endswith(f"/{keys[-1]}/posts.jsonl") and not refused:
            refused.append(path)
            return 403
        return None

    buckets.refuse = once
    publish = buckets.environment | {"ENGCRAWL_PUBLISH": f"s3://{buckets.bucket}"}
    fleet_ = fleet(stack, tmp_path, server_, servers, **publish)
    first, second = fleet_.worker(SLOWLY), fleet_.worker(SLOWLY)

    def crawls(worker: subprocess.Popen[bytes]) -> list[int]:
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        pids = {int(child) for child in children}
        return [pid for server in servers if (pid := fleet_.under_way(server)) in pids and pid]

    kill(random.choice(wait(lambda: crawls(second), "a crawl of the second worker")))
    wait(lambda: crawls(first), "a crawl of the first worker")
    kill(first.pid)
    wait(lambda: not fleet_.jobs() and all(fleet_.runs(server)[-1:] == ["complete"] for server in servers), "all done")
    whole(fleet_, servers)
    assert refused
    verdicts = [verdict for server in servers for verdict in fleet_.runs(server)]
    assert "died" in verdicts  # the crawl that was killed
    assert "failed" in fleet_.runs(servers[-1])  # the upload that was refused
    assert "is gone: the job waits for another" in fleet_.log(second)
    there = buckets.objects()
    for server, key in zip(servers, keys, strict=True):
        archive = tmp_path / f"{key}.jsonl"
        archive.write_bytes(there[f"{key}/posts.jsonl"])
        assert records(archive, feed=False) == truth(server.blog)
        told = b"".join(
            content for name, content in there.items() if name.startswith(f"{key}/") and name.endswith("Z.jsonl")
        )
        archive.write_bytes(told)
        assert len(records(archive, feed=True)) == len(truth(server.blog))  # each change once
    second.send_signal(signal.SIGTERM)
    assert second.wait(60) == 0
    for server in servers[::4]:
        after = fleet_.next_run(server)
        assert (after.status, after.changes, after.posts) == (0, {}, truth(server.blog))
