"""Workers of a fleet, as processes on a real PostgreSQL: what is killed, stopped, hangs or fails loses nothing."""

from __future__ import annotations

import random
import re
import signal
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import procrastinate
import psycopg
import pytest
from scrapy.settings import Settings
from sqlalchemy import make_url

from engcrawl.errors import StateError, UsageError
from engcrawl.fleet.queue import Queue, QueueError
from engcrawl.state import State
from engcrawl.state.database import with_patience
from engcrawl.text.urls import blog_key
from tests.blog import Fault
from tests.support.commands import run
from tests.support.crawls import records
from tests.support.nights import truth
from tests.support.postgres import Postgres, database
from tests.support.receivers import Receivers
from tests.support.s3 import Buckets
from tests.support.workers import PATIENCE, SLOWLY, blogs, kill, made, wait


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
    fleet_ = made(stack, tmp_path, server_, servers, **publish)
    fleet_.set_up()
    first, second = fleet_.worker(SLOWLY), fleet_.worker(SLOWLY)

    kill(random.choice(wait(lambda: fleet_.crawls(second, servers), "a crawl of the second worker")))
    wait(lambda: fleet_.crawls(first, servers), "a crawl of the first worker")
    kill(first.pid)
    wait(lambda: fleet_.done(servers), "all done")
    fleet_.whole(servers)
    assert refused
    verdicts = [verdict for server in servers for verdict in fleet_.runs(server)]
    assert "died" in verdicts  # the crawl that was killed
    assert "failed" in fleet_.runs(servers[-1])  # the upload that was refused
    assert "its worker has died; the job is back in the queue" in fleet_.log(second)
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
    assert second.wait(PATIENCE) == 0
    for server in servers[::4]:
        after = fleet_.next_run(server)
        assert (after.status, after.changes, after.posts) == (0, {}, truth(server.blog))


def test_two_workers_give_a_blog_one_run_and_send_one_digest_and_the_one_that_is_stopped_gives_its_job_back(
    stack: ExitStack, tmp_path: Path, server_: Postgres
) -> None:
    servers = blogs(stack, 1)
    receivers = stack.enter_context(Receivers())
    fleet_ = made(stack, tmp_path, server_, servers, ENGCRAWL_ALERT_WEBHOOK=receivers.url)
    night = datetime.now(UTC) + timedelta(seconds=5 + 3 * fleet_.set_up())
    fleet_.environment["ENGCRAWL_TEST_DIGEST"] = f"{night:%M %H %d %m} * {night:%S}"
    workers = [fleet_.worker(SLOWLY), fleet_.worker(SLOWLY)]
    wait(lambda: fleet_.under_way(servers[0]), "a crawl")
    (job,) = fleet_.jobs()
    assert (job["status"], job["attempts"]) == ("doing", 0)
    (holder,) = (worker for worker in workers if fleet_.crawls(worker, servers))
    holder.send_signal(signal.SIGTERM)
    assert holder.wait(PATIENCE) == 0
    assert "stopped (exit status 5): stopped; next try at " in fleet_.log(holder)
    wait(lambda: fleet_.done(servers), "the other worker's run")
    assert fleet_.runs(servers[0]) == ["stopped", "complete"]
    fleet_.whole(servers)
    assert sum(fleet_.log(worker).count("planned for") for worker in workers) == 1
    fleet_.list_path.write_text("- site: nowhere\n")
    (other,) = (worker for worker in workers if worker is not holder)
    said = (
        f"The list of blogs can't be used, the worker keeps the list that it read before: {fleet_.list_path}: line 1: "
    )
    wait(lambda: said in fleet_.log(other), "the planner's complaint")
    assert other.poll() is None
    wait(lambda: receivers.posted, "the digest")
    wait(lambda: fleet_.tasks("engcrawl.digest") == [], "the end of the digest's job")
    assert [posted.body["subject"][:16] for posted in receivers.posted] == ["engcrawl: 1 blog"]
    assert not any("Traceback" in fleet_.log(worker) for worker in workers)


def test_a_blog_that_fails_hangs_is_busy_or_wrong_ends_as_it_should_and_holds_up_no_other(
    stack: ExitStack, tmp_path: Path, server_: Postgres, unused_port: int
) -> None:
    hangs, busy, wrong, well = servers = blogs(stack, 4)
    hangs.faults.append(Fault("slow", r"/\d{4}/.*", times=1, seconds=900))
    fails = f"http://127.0.0.1:{unused_port}"
    fleet_ = made(stack, tmp_path, server_, servers)
    fleet_.limit = max(20, round(12 * fleet_.set_up()))  # long enough for any of these blogs that doesn't hang
    arguments = dict.fromkeys((fails, *(server.url for server in servers)), "{inventory: no}")
    fleet_.write_list(arguments | {wrong.url: "{categories: no-such-category}"})
    held = stack.enter_context(State.open(fleet_.url, busy.url))
    worker = fleet_.worker({"DOWNLOAD_TIMEOUT": "3600"}, jobs=3)

    def job(site: str) -> dict[str, Any]:
        return next((job for job in fleet_.jobs() if job["blog"] == blog_key(site)), {})

    wait(lambda: job(busy.url).get("attempts", 0) > 1, "a locked blog to be tried twice")
    held.close()
    wait(lambda: job(fails).get("status") == "failed", "the end of what always fails")
    wait(lambda: fleet_.done([]) or {job["status"] for job in fleet_.jobs()} == {"failed"}, "the others' ends")
    left = {job["blog"]: (job["status"], job["attempts"]) for job in fleet_.jobs()}
    assert left == {blog_key(fails): ("failed", 3), blog_key(wrong.url): ("failed", 1)}
    assert [fleet_.runs(server) for server in (hangs, busy, well)] == [
        ["stopped", "complete"],
        ["complete"],
        ["complete"],
    ]
    for server in (hangs, busy, well):
        assert fleet_.archive(server) == truth(server.blog)
    log = fleet_.log(worker)
    assert re.search(rf"Job of {blog_key(hangs.url)}: stopped \(exit status 5\): not done within .*; next try at", log)
    assert re.search(rf"Job of {blog_key(busy.url)}: locked \(exit status 4\): another run works on ", log)
    assert re.search(
        rf"Job of {blog_key(wrong.url)}: usage \(exit status 2\): .*; no more tries until the blog's next planned time",
        log,
    )
    assert log.count(f"Job of {blog_key(fails)}: failed (exit status 1): ") == 3
    assert "Traceback" not in log
    assert log.count("planned for") == 5  # what failed isn't planned again before its next time


# The queue's tables


def queue(url: str) -> Queue:
    return Queue(Settings({"ENGCRAWL_STATE": url}))


def test_the_queue_is_set_up_once_and_upgraded(server_: Postgres) -> None:
    url = database(server_.url)
    with pytest.raises(UsageError, match="has no queue yet: `scrapy worker --setup` makes it ready"):
        queue(url).check()
    assert queue(url).set_up().startswith("made the queue's tables (")
    queue(url).check()
    assert queue(url).set_up() == "nothing to do"


def test_a_queue_of_an_older_version_is_upgraded(server_: Postgres) -> None:
    url = database(server_.url)
    folder = Path(procrastinate.__file__).parent / "sql" / "migrations"
    steps = sorted(folder.glob("*.sql"))
    old = [step for step in steps if step.name < "03.04"]
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        for step in old:
            connection.execute(step.read_bytes())
        connection.execute(f"COMMENT ON TABLE procrastinate_jobs IS 'engcrawl: {old[-1].name}'".encode())
        with pytest.raises(UsageError, match=rf"of an older version \({old[-1].name}\): `scrapy worker --setup`"):
            queue(url).check()
        assert queue(url).set_up() == f"upgraded the queue's tables from {old[-1].name} to {steps[-1].name}"
        queue(url).check()
        found = connection.execute("SELECT count(*) FROM pg_proc WHERE proname = 'procrastinate_retry_job_v2'")
        assert found.fetchone() == (1,)


def test_tables_that_somebody_else_made_are_left_alone(server_: Postgres) -> None:
    url = database(server_.url)
    queue(url).set_up()
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("COMMENT ON TABLE procrastinate_jobs IS NULL")
    with pytest.raises(QueueError, match="weren't made by `scrapy worker --setup`"):
        queue(url).set_up()


@pytest.mark.parametrize(("apart", "said"), [(3600, "1h ahead of"), (-86430, "1d behind")])
def test_a_machine_whose_clock_is_wrong_neither_works_nor_crawls(
    server_: Postgres, monkeypatch: pytest.MonkeyPatch, apart: int, said: str
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=apart)

    url = database(server_.url)
    queue(url).set_up()
    monkeypatch.setattr("engcrawl.state.database.datetime", Clock)
    with pytest.raises(QueueError, match=f"this machine's clock is {said} the database's: set it right"):
        queue(url).check()
    with pytest.raises(StateError, match=f"this machine's clock is {said} the database's: set it right"):
        State.open(url, "https://a.example")
    monkeypatch.undo()
    queue(url).check()


def test_a_connection_whose_other_end_is_gone_is_given_up_within_a_minute(server_: Postgres) -> None:
    def asked(url: str) -> dict[str, Any]:
        return dict(with_patience(make_url(url)).query)

    assert asked("postgresql+psycopg://db/name?connect_timeout=3&options=-csearch_path%3Dx") == {
        "connect_timeout": "3",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
        "tcp_user_timeout": "60000",
        "options": "-csearch_path=x",
    }
    assert asked("sqlite:////archive.db") == {}
    assert parse_qs(urlsplit(queue(server_.url).conninfo).query)["tcp_user_timeout"] == ["60000"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "setting ENGCRAWL_STATE: workers need PostgreSQL, like postgresql+psycopg://host/name"),
        ("sqlite:////tmp/archive.db", "setting ENGCRAWL_STATE: workers need PostgreSQL"),
        ("nonsense", "setting ENGCRAWL_STATE: must be an SQLAlchemy URL"),
    ],
)
def test_a_worker_without_postgresql_is_told_so(url: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        queue(url)
    assert str(raised.value).startswith(said)


def test_a_worker_without_a_queue_or_a_database_says_so_in_one_line(
    output: Path, server_: Postgres, unused_port: int
) -> None:
    said = run(output, "worker", "-s", f"ENGCRAWL_STATE={database(server_.url)}", status=2)
    assert said.endswith(" has no queue yet: `scrapy worker --setup` makes it ready\n")
    nobody = f"postgresql+psycopg://user:secret@127.0.0.1:{unused_port}/name"
    said = run(output, "worker", "-s", f"ENGCRAWL_STATE={nobody}", status=1)
    assert said.startswith(
        f"scrapy worker: postgresql+psycopg://user:***@127.0.0.1:{unused_port}/name: connection failed"
    )
    assert said.count("\n") == 1
