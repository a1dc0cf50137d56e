"""``scrapy blogs run`` that is stopped, locked out or killed, crawls that are killed or hang: the next run goes on."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from engcrawl.fleet.blogs import Blog
from engcrawl.fleet.job import Job
from engcrawl.report.verdict import Outcome
from engcrawl.state.lock import RunLock
from tests.blog import Server
from tests.support.counting import there
from tests.support.crawls import IN_A_HURRY, Serve, newest_first, records
from tests.support.fleets import Fleet, key
from tests.support.folders import ROOT


def wait_for_more(server: Server, process: subprocess.Popen[str], count: int = 12) -> None:
    """Wait until a crawl has asked for *count* more pages."""
    before = len(server.requests)
    while len(server.requests) < before + count:
        assert process.poll() is None
        time.sleep(0.05)


def crawl_of(fleet: Fleet, server: Server) -> int:
    """Tell the process ID of the crawl that is at work on a blog."""
    pid: int = json.loads((fleet.output / key(server) / "run.lock").read_text())["pid"]
    return pid


def test_a_fleet_that_is_stopped_or_killed_goes_on_where_it_was(serve: Serve, tmp_path: Path) -> None:
    one, two = serve(posts=60), serve(posts=12, seed=2)
    fleet = Fleet(tmp_path)
    fleet.list.write_text(f"- site: {one.url}\n  tags: [large]\n- site: {two.url}\n  arguments: {{source: rest}}\n")
    slow = {"DOWNLOAD_DELAY": "0.3"}

    # SIGTERM: the crawl ends cleanly, and no other is begun
    with fleet.start("blogs", "run", "--jobs", "1", **slow) as process:
        wait_for_more(one, process)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=120)
    assert process.returncode == Outcome.STOPPED, said
    assert said.startswith(f"{key(one)}: stopped (exit status 5): stopped [")
    assert [verdict["verdict"] for verdict in fleet.verdicts(one)] == ["stopped"]
    assert not (fleet.output / key(two)).exists()

    # kill -9 of one crawl: it is told, and the other blog isn't concerned
    with fleet.start("blogs", "run", "--due", "--jobs", "2", **slow) as process:
        wait_for_more(one, process)
        os.kill(crawl_of(fleet, one), signal.SIGKILL)
        said, _ = process.communicate(timeout=120)
    assert process.returncode == Outcome.FAILED, said
    assert f"{key(one)}: failed (exit status 1): killed by SIGKILL: it left no verdict [" in said
    assert fleet.of(two).posts == newest_first([two.blog.rest_record(post) for post in there(two.blog)])

    # kill -9 of the parent: its crawl ends too, by itself
    with fleet.start("blogs", "run", one.url, **slow) as process:
        wait_for_more(one, process)
        crawl = crawl_of(fleet, one)
        process.kill()
        process.wait()
        limit = time.monotonic() + 60
        while Path(f"/proc/{crawl}").exists() and time.monotonic() < limit:
            time.sleep(0.1)
    assert not Path(f"/proc/{crawl}").exists()
    assert [verdict["verdict"] for verdict in fleet.verdicts(one)] == ["stopped", "stopped"]

    # the next run is clean: on a terminal it shows what is at work
    leader, follower = pty.openpty()
    line = fleet.line("blogs", "run", "--tag", "large")
    with subprocess.Popen(line, cwd=ROOT, env=fleet.environment, stdout=follower) as terminal:
        os.close(follower)
        shown = "".join(iter(lambda: _read(leader), ""))
        assert terminal.wait(120) == 0, shown
    os.close(leader)
    assert "1 blogs: none ended, 0 waiting" in shown
    assert f"{key(one)}: complete (exit status 0): " in shown
    assert fleet.of(one).posts == newest_first(list(one.blog.truth(rest=True)))
    assert len(fleet.verdicts(two)) == 1  # neither its address nor its tag was asked for since
    feeds = (fleet.output / key(one) / "runs").glob("*.jsonl")
    told = Counter(record["id"] for feed in feeds for record in records(feed, feed=True))
    assert told == Counter(record["id"] for record in fleet.of(one).posts)


def _read(leader: int) -> str:
    try:
        return os.read(leader, 65536).decode()
    except OSError:  # the other end is closed
        return ""


def test_one_pool_works_on_an_output_at_a_time(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.list.write_text("- site: http://127.0.0.1:9\n")
    fleet.output.mkdir()
    lock = RunLock(fleet.output / "blogs.lock", "this")
    said = fleet.run("blogs", "run", status=4)
    lock.release()
    assert said.startswith(f"scrapy blogs: another run works on the blogs of {fleet.output}: pid {os.getpid()} on ")


def test_a_blog_that_hangs_is_killed_and_its_next_run_is_complete(serve: Serve, tmp_path: Path) -> None:
    server = serve(posts=12)

    hanging = threading.Event()  # the server has a thread of its own

    async def hang(request: web.Request) -> web.Response:
        hanging.set()
        await asyncio.sleep(600)
        return web.Response()

    server.instead["/"] = hang
    job = Job(Blog(site=server.url), tmp_path, grace=timedelta(0), settings=IN_A_HURRY)

    async def run() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(job.run(stop))
        while not hanging.is_set():
            await asyncio.sleep(0.05)
        stop.set()
        ended = await running
        assert (ended.outcome, ended.reason) == (
            Outcome.STOPPED,
            "stopped, and killed, because it didn't end within 0m after that",
        )
        server.instead.clear()
        ended = await job.run(asyncio.Event())
        assert (ended.outcome, ended.report and ended.report["posts"]["new"]) == (Outcome.COMPLETE, 12)

    asyncio.run(run())
    assert records(job.folder / "posts.jsonl", feed=False) == newest_first(list(server.blog.truth(rest=True)))


def test_a_full_disk_fails_runs_with_the_reason_and_the_next_are_clean(serve: Serve, tmp_path: Path) -> None:
    one, two = servers = serve(posts=60), serve(posts=12, seed=2)
    fleet = Fleet(tmp_path)
    fleet.list.write_text(f"- site: {one.url}\n- site: {two.url}\n")
    fleet.output.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", fleet.output], check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        said = fleet.run("blogs", "run", status=Outcome.FAILED)
        assert f"{key(one)}: failed (exit status 1): {fleet.output / key(one)}: no space left on the disk" in said
        subprocess.run(["mount", "-o", "remount,size=64m", fleet.output], check=True)
        fleet.run("blogs", "run", "--due")
        for server in servers:
            assert fleet.of(server).posts == newest_first(list(server.blog.truth(rest=True)))
            feeds = (fleet.of(server).output / "runs").glob("*.jsonl")
            told = {record["id"] for feed in feeds for record in records(feed, feed=True)}
            assert told == {record["id"] for record in fleet.of(server).posts}  # each at least once
    finally:
        subprocess.run(["umount", fleet.output], check=True)
