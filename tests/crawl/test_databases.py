"""The state's databases: their schema's steps, PostgreSQL, two machines with one, and databases that fail."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.blog import Server
from tests.support.crawls import Crawl, Serve, command, crawl, environment, newest_first
from tests.support.fleets import Fleet
from tests.support.folders import ROOT
from tests.support.nights import night, truth
from tests.support.postgres import database

pytestmark = pytest.mark.xdist_group("postgresql")


# PostgreSQL


def test_a_crawl_with_postgresql_is_one_with_sqlite(serve: Serve, output: Path, postgresql: str) -> None:
    server = serve(posts=90)
    state = {"ENGCRAWL_STATE": database(postgresql)}
    assert night(server, output, settings=state).status == 0
    before = truth(server.blog)
    assert Crawl(0, "", output).posts == before
    new = server.blog.publish(("web",))
    removed = server.blog.remove(server.blog.whole[-1])
    done = night(server, output, "-a", "full=yes", settings=state)
    assert done.status == 0
    assert (done.changes[new.id], done.changes[removed.id]) == ("new", "gone")
    assert not (output / "archive.db").exists()


def test_two_machines_with_one_database(serve: Serve, tmp_path: Path, postgresql: str) -> None:
    server = serve(posts=90)
    state = {"ENGCRAWL_STATE": database(postgresql)}
    slow = command(site=server.url, settings=state | {"DOWNLOAD_DELAY": "0.2"})
    with subprocess.Popen(
        slow, cwd=ROOT, env=environment(tmp_path / "one"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as one:
        while len(server.requests) < 3:
            assert one.poll() is None
            time.sleep(0.05)
        two = crawl(tmp_path / "two", site=server.url, settings=state)
        one.kill()
    assert two.status == 4
    key = server.url.removeprefix("http://")
    assert f"another run works on {key} in {state['ENGCRAWL_STATE'].partition('@')[0]}" in two.log
    assert f"pid {one.pid} on " in two.log
    assert not list((tmp_path / "two").glob("**/*.json*"))
    done = crawl(tmp_path / "two", site=server.url, settings=state)
    assert (done.status, done.posts) == (0, truth(server.blog))
    first = crawl(tmp_path / "one", site=server.url, settings=state)
    assert (first.status, first.changes, first.posts) == (0, {}, truth(server.blog))


def test_many_blogs_share_one_database_at_once(serve: Serve, tmp_path: Path, postgresql: str) -> None:
    one, two = servers = serve(posts=40), serve(posts=60, seed=2)
    fleet = Fleet(tmp_path)
    fleet.list.write_text("".join(f"- site: {server.url}\n" for server in servers))
    state = {"ENGCRAWL_STATE": database(postgresql), "DOWNLOAD_DELAY": "0.02"}
    fleet.run("blogs", "run", "--due", settings=state)
    for server in servers:
        assert fleet.of(server).posts == newest_first(list(server.blog.truth(rest=True)))
    assert fleet.run("blogs", "run", "--due", settings=state) == "no blog is due\n"
    fleet.run("blogs", "run", settings=state)
    assert [fleet.of(server).changes for server in servers] == [{}, {}]
    assert fleet.run("posts", "--count", settings=state) == "100\n"
    assert fleet.run("posts", "--count", "--blog", two.url, settings=state) == "60\n"
    assert list(fleet.output.rglob("archive.db")) == []
    folder = fleet.of(one).output
    other = crawl(folder, site=two.url, settings=state)
    assert (other.status, len(fleet.of(one).posts)) == (2, 40)
    assert f"argument site={two.url}: {folder}/posts.jsonl is another site's ({one.url})" in other.log


def test_a_database_server_that_goes_away_fails_the_run_and_the_next_goes_on(
    serve: Serve, output: Path, postgresql: str
) -> None:
    server = serve(posts=90)
    url = database(postgresql)
    settings = {"ENGCRAWL_STATE": url, "DOWNLOAD_DELAY": "0.02"}
    with subprocess.Popen(
        command(site=server.url, settings=settings),
        cwd=ROOT,
        env=environment(output),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while len(server.requests) < 100:
            assert process.poll() is None
            time.sleep(0.05)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {others}"))
        log, _ = process.communicate(timeout=120)
    assert process.returncode == 1, log
    assert "Verdict: failed (exit status 1): the state can't be read or written: postgresql+psycopg://" in log
    assert crawl(output, site=server.url, settings=settings).posts == truth(server.blog)


def test_a_password_is_nowhere_in_the_log(output: Path, serve: Serve) -> None:
    url = "postgresql+psycopg://me:sesame@127.0.0.1:1/none"
    done = crawl(output, site=serve(posts=1).url, settings={"ENGCRAWL_STATE": url})
    assert done.status == 1
    assert "Verdict: failed (exit status 1): postgresql+psycopg://me:***@127.0.0.1:1/none: " in done.log
    assert "sesame" not in done.log


def test_a_state_that_cannot_be_is_one_line(output: Path, serve: Serve) -> None:
    server = serve(posts=1)
    done = crawl(output, site=server.url, settings={"ENGCRAWL_STATE": "sqlite:////dev/null/archive.db"})
    assert done.status == 1
    assert "/dev/null/archive.db" in done.log
    assert "Traceback" not in done.log
    assert server.requests == []


# Databases and disks that fail


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE engcrawl_schema SET version = 99")
        db.commit()


@pytest.mark.parametrize(("spoil", "line"), [(_garbage, "file is not a database"), (_newer, "it has schema 99")])
def test_a_database_that_cannot_be_used_is_one_line_and_harms_nothing(
    server: Server, output: Path, spoil: Callable[[Path], None], line: str
) -> None:
    before = (output / "posts.jsonl").read_bytes()
    spoil(output / "archive.db")
    spoiled = (output / "archive.db").read_bytes()
    server.requests.clear()
    done = crawl(output, site=server.url)
    assert done.status == 1
    assert f"archive.db: {line}" in done.log
    assert "Traceback" not in done.log
    assert server.requests == []
    assert (output / "posts.jsonl").read_bytes() == before
    assert (output / "archive.db").read_bytes() == spoiled


def test_pages_of_the_database_that_are_overwritten_harm_no_archive(server: Server, output: Path) -> None:
    before = (output / "posts.jsonl").read_bytes()
    path = output / "archive.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4 // 4096 * 4096)
        file.write(b"\0" * (size // 2))
    server.blog.publish(("web",))
    done = crawl(output, "-a", "full=yes", site=server.url)
    assert (done.status, (output / "posts.jsonl").read_bytes()) == (1, before)
    assert "the state can't be read or written" in done.log or "archive.db: " in done.log


def test_a_full_disk_fails_the_run_and_loses_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=90)
    small = 400_000  # bytes that a file may have

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (small, small))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(
        command(site=server.url),
        cwd=ROOT,
        env=environment(output),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=limited,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "Verdict: failed (exit status 1): " in done.stdout
    assert not (output / "posts.jsonl").exists()
    after = crawl(output, site=server.url)
    assert (after.status, after.posts) == (0, truth(server.blog))
    assert set(after.changes.values()) == {"new"}
    assert len(after.changes) == len(after.posts)


def test_a_folder_that_may_only_be_read_is_one_line(server: Server, output: Path) -> None:
    before = (output / "posts.jsonl").read_bytes()
    server.requests.clear()
    for folder in (output, output / "runs"):
        folder.chmod(0o555)
    for path in (output / "archive.db", output / "run.lock"):
        path.chmod(0o444)
    # Root may write everywhere, unless it is told not to.
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*plain, *command(site=server.url)],
        cwd=ROOT,
        env=environment(output),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    for folder in (output, output / "runs"):
        folder.chmod(0o755)
    assert done.returncode == 1
    assert "Verdict: failed (exit status 1): " in done.stdout
    assert "Permission denied" in done.stdout
    assert "Traceback" not in done.stdout
    assert server.requests == []
    assert (output / "posts.jsonl").read_bytes() == before


# As docs/state.md has it


def test_an_archive_moves_to_postgresql_and_back(server: Server, output: Path, postgresql: str) -> None:
    before = (output / "posts.jsonl").read_bytes()
    there = night(server, output, settings={"ENGCRAWL_STATE": database(postgresql)})
    assert (there.status, there.changes) == (0, {})
    assert (output / "posts.jsonl").read_bytes() == before
    server.blog.publish(("web",))
    back = night(server, output)
    assert (back.status, list(back.changes.values())) == (0, ["new"])
    assert back.posts == truth(server.blog, there.posts)


def test_a_backup_that_was_brought_back_catches_up(server: Server, output: Path, tmp_path: Path) -> None:
    before = Crawl(0, "", output).posts
    with closing(sqlite3.connect(output / "archive.db")) as db:
        db.execute(f"VACUUM INTO '{tmp_path}/backup.db'")
    new = server.blog.publish(("web",))
    assert night(server, output).changes == {new.id: "new"}
    for path in [*output.glob("archive.db*"), output / "posts.jsonl"]:
        path.unlink()
    shutil.copy(tmp_path / "backup.db", output / "archive.db")
    done = night(server, output)
    assert (done.status, done.changes) == (0, {new.id: "new"})
    assert done.posts == truth(server.blog, before)
