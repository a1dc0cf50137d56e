"""Workers whose database goes, or who stand still: what they had under way is done once, and told in lines."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.nights import truth
from tests.support.postgres import Postgres
from tests.support.workers import PATIENCE, SLOWLY, blogs, made, wait


@pytest.mark.parametrize("restarted", [True, False], ids=["restarted", "killed, and gone for longer"])
def test_a_database_that_goes_and_comes_again_loses_nothing(
    stack: ExitStack, tmp_path: Path, server_: Postgres, *, restarted: bool
) -> None:
    servers = blogs(stack, 2)
    fleet = made(stack, tmp_path, server_, servers)
    fleet.set_up()
    first = fleet.worker(SLOWLY)
    wait(lambda: fleet.crawls(first, servers), "a crawl")
    ends = [first]
    if restarted:
        server_.stop()
        server_.start()
        wait(lambda: first.poll() is not None or fleet.done(servers), "the worker's end, or it goes on")
    else:
        server_.kill()
        first.wait(PATIENCE)
        ends += [again := fleet.worker(SLOWLY)]  # as whoever supervises it does
        again.wait(PATIENCE)
        server_.start()
    assert all(worker.poll() in ((1, None) if restarted else (1,)) for worker in ends)
    for worker in ends:
        log = fleet.log(worker)
        assert worker.poll() is None or log.splitlines()[-1].startswith("scrapy worker: postgresql+psycopg://")
        assert "Traceback" not in log
        assert "Can't reconnect" not in log
    if first.poll() is not None:
        fleet.worker(SLOWLY)
    wait(lambda: fleet.done(servers), "all done")
    fleet.whole(servers)
    after = fleet.next_run(servers[0])
    assert (after.status, after.changes, after.posts) == (0, {}, truth(servers[0].blog))


def test_a_worker_that_stands_still_and_goes_on_finds_its_jobs_done_by_another(
    stack: ExitStack, tmp_path: Path, server_: Postgres
) -> None:
    """As one whose machine sleeps, or whose network heals: the others took it for gone."""
    servers = blogs(stack, 2)
    fleet = made(stack, tmp_path, server_, servers)
    fleet.set_up()
    first = fleet.worker(SLOWLY)
    wait(lambda: len(fleet.crawls(first, servers)) == len(servers), "crawls")
    second = fleet.worker(SLOWLY)
    os.kill(first.pid, signal.SIGSTOP)
    wait(lambda: fleet.done(servers), "the other worker's runs")
    os.kill(first.pid, signal.SIGCONT)
    said = "Another worker has had the job since: "
    wait(lambda: fleet.log(first).count(said) == len(servers), "the end of the first worker's jobs")
    assert "its worker has died; the job is back in the queue" in fleet.log(second)
    assert not any("Traceback" in fleet.log(worker) for worker in (first, second))
    for server in servers:
        assert fleet.archive(server) == truth(server.blog)
        assert fleet.runs(server) == ["complete", "complete"]  # the second one found nothing new
        feeds = list((fleet.next_run(server).output / "runs").glob("archive-*.jsonl"))
        told = [line for feed in feeds for line in feed.read_bytes().splitlines()]
        assert len(told) == len(truth(server.blog))
    first.terminate()
    assert first.wait(PATIENCE) == 0
