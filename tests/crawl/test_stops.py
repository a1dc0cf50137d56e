"""Stop a crawl by a signal or a limit."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.crawls import Crawl, Serve, command, crawl, environment, newest_first
from tests.support.folders import ROOT


def interrupted(
    line: list[str], output: Path, number: int, after: int, server_requests: list[tuple[float, str]]
) -> Crawl:
    process = subprocess.Popen(
        line, cwd=ROOT, env=environment(output), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while len(server_requests) < after:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    log, _ = process.communicate(timeout=60)
    return Crawl(process.returncode, log, output)


def test_an_interrupt_stops_cleanly_and_the_next_run_goes_on(serve: Serve, output: Path) -> None:
    server = serve(posts=150)
    truth = {post["id"]: post for post in server.blog.truth()}
    known: set[int] = set()
    for after in (5, 60):
        server.requests.clear()
        done = interrupted(command(site=server.url), output, signal.SIGINT, after, server.requests)
        assert (done.status, done.verdict["verdict"]) == (5, "stopped"), done.log
        found = done.feed
        assert all(post == truth[post["id"]] for post in found)
        assert len(found) == done.verdict["posts"]["new"]
        known |= {post["id"] for post in found}
        assert done.posts == newest_first([truth[number] for number in known])
        assert not list((output / "runs").glob("*.part"))
    assert known < truth.keys()
    asked = {path for _, path in server.requests}
    server.requests.clear()
    whole = crawl(output, site=server.url)
    assert (whole.status, whole.posts) == (0, newest_first(list(truth.values())))
    assert whole.changes.keys() == truth.keys() - known
    again = asked & {path for _, path in server.requests if re.match(r"/\d{4}/", path)}
    assert len(again) <= 16  # those that were under way


def test_an_interrupt_while_posts_come_out_without_their_pages_stops_too(serve: Serve, output: Path) -> None:
    server = serve(posts=2000)
    line = command("-a", "articles=no", site=server.url, settings={"LOG_LEVEL": "DEBUG"})
    with subprocess.Popen(
        line, cwd=ROOT, env=environment(output), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        next(text for text in process.stderr if "Scraped from" in text)
        process.send_signal(signal.SIGINT)
        log = process.stderr.read()
        assert process.wait(60) == 5, log[-3000:]
    done = Crawl(5, log, output)
    assert done.verdict["verdict"] == "stopped"
    assert len(done.feed) == done.verdict["posts"]["new"]


def test_a_kill_leaves_no_finished_name_and_no_lock(serve: Serve, output: Path) -> None:
    server = serve(posts=120)
    done = interrupted(command(site=server.url), output, signal.SIGKILL, 50, server.requests)
    assert done.status == -signal.SIGKILL
    assert [path.suffix for path in (output / "runs").iterdir()] == [".part"]
    assert not (output / "posts.jsonl").exists()
    assert json.loads((output / "run.lock").read_text())["pid"]
    assert crawl(output, site=server.url).status == 0


@pytest.mark.parametrize(("limit", "articles"), [("PAGECOUNT", "yes"), ("ITEMCOUNT", "yes"), ("ITEMCOUNT", "no")])
def test_a_limit_of_scrapys_stops_with_the_same_verdict(serve: Serve, output: Path, limit: str, articles: str) -> None:
    settings = {f"CLOSESPIDER_{limit}": "10"}
    done = crawl(output, "-a", f"articles={articles}", site=serve().url, settings=settings)
    assert (done.status, done.verdict["reason"]) == (5, f"ended early: closespider_{limit.lower()}")
    assert done.verdict["posts"]["new"] == len(done.feed) < 116
