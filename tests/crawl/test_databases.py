"""The state's databases: their schema's steps, PostgreSQL, two machines with one, and databases that fail."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from engcrawl.errors import LockedError, StateError, UsageError
from engcrawl.items import Found, Post
from engcrawl.state import State, migrations
from engcrawl.state.tables import METADATA
from tests.blog import Server
from tests.support.crawls import Crawl, Serve, command, crawl, environment, newest_first
from tests.support.fleets import Fleet
from tests.support.folders import ROOT
from tests.support.nights import night, truth
from tests.support.postgres import database, postgres


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/archive.db"
    return database(request.getfixturevalue("server_url"))


SITE = "https://x.example"


def post(number: int = 1, **facts: object) -> Found:
    found = {"id": number, "url": f"{SITE}/{number}/", "title": "t", "crawled_at": "2026-11-23T00:00:00Z"}
    return Found(post=Post(**found | facts))  # type: ignore[arg-type]


def begun(url: str, site: str = SITE) -> State:
    state = State.open(url, site)
    state.runs.begin("run", "archive", {}, "2026-11-23T00:00:00Z")
    return state


def ended(state: State) -> None:
    """End a run whose feed is finished."""
    state.changes.delivered()
    state.runs.end("complete", "2026-11-23T00:00:01Z", {})


def test_coverage_counts_what_records_say_whatever_their_words(url: str) -> None:
    whole = {"published_date": "2024-01-01", "published_at": "2024-01-01T00:00:00Z", "authors": ["A"]}
    trap = 'x, "authors": [], "categories": [], "external": true, "protected": true, "content_html": null, %_'
    with begun(url) as state:
        state.posts.store(post(1, **whole, content_html="<p>b</p>", content_markdown="b"))
        state.posts.store(post(2, **whole, title=trap, excerpt=trap, content_html=trap, content_markdown=trap))
        state.posts.store(post(3, content_html="", content_markdown=""))
        state.posts.store(post(4, **whole, protected=True))
        state.posts.store(post(5, **whole, external=True, protected=True))
        state.posts.store(post(6))
        state.posts.mark_gone(6)
        assert state.posts.coverage() == {
            "posts": 6,
            "gone": 1,
            "own": 5,
            "published_date": 3,
            "published_at": 3,
            "authors": 3,
            "open": 4,
            "content_html": 3,
        }


# The schema


def test_a_state_of_the_schema_before_the_first_release_is_one_line_and_left_alone(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for table in ("schema_version (version INTEGER)", "inventory (source TEXT)", "posts (id INTEGER)"):
            connection.execute(sa.text(f"CREATE TABLE {table}"))
    for open_it in (partial(State.open, url, SITE), partial(State.read, url, None)):
        with pytest.raises(StateError, match="before the first release: move it away, and the next run takes posts"):
            open_it()
    with engine.connect() as connection:
        assert set(sa.inspect(connection).get_table_names()) == {"schema_version", "inventory", "posts"}


def test_a_step_that_fails_changes_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with begun(url) as state:
        state.posts.store(post(7))
        state.commit()

    def half(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE posts ADD COLUMN half TEXT"))
        connection.execute(sa.text("SELECT * FROM nothing_like_it"))

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", [*migrations.STEPS, half])
        with pytest.raises(StateError, match="nothing_like_it"):
            State.open(url, SITE)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert "half" not in {column["name"] for column in sa.inspect(connection).get_columns("posts")}
    with State.read(url, None) as state:
        assert [Post.of(line).id for line, _ in state.posts.lines()] == [7]


def test_every_key_starts_with_the_blog() -> None:
    for table in METADATA.tables.values():
        assert next(iter(table.primary_key.columns)).name == "blog"
        assert all(next(iter(index.columns)).name == "blog" for index in table.indexes)


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    State.open(url, SITE).close()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE engcrawl_schema SET version = 99"))
    for open_it in (partial(State.open, url, SITE), partial(State.read, url, None)):
        with pytest.raises(StateError, match="it has schema 99"):
            open_it()


def test_another_programs_database_is_left_alone(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE posts (mine INTEGER)"))
    with pytest.raises(StateError, match="tables of another program"):
        State.open(url, SITE)


# What is stored


def test_a_record_is_new_once_then_updated_and_an_untold_change_is_told_again(url: str) -> None:
    with begun(url) as state:
        assert [state.posts.store(post()), state.posts.store(post(title="other"))] == ["new", "new"]
        ended(state)
    with begun(url) as state:
        assert state.posts.store(post(title="other", crawled_at="2027-01-01T00:00:00Z")) is None
        assert state.posts.store(post(title="third")) == "updated"
        state.commit()  # and then it dies
    with begun(url) as state:
        assert [(found.post.id, found.post.title) for found in state.changes.untold()] == [(1, "third")]
        assert state.posts.store(post(title="third")) == "updated"
        assert list(state.changes.untold()) == []
        ended(state)
        assert [run["verdict"] for run in state.runs.last(9)] == ["complete", "died", "complete"]


def test_where_a_body_came_from_is_no_change_but_is_stored(url: str) -> None:
    with begun(url) as state:
        state.posts.store(post(content_html="<p>b</p>"))
        ended(state)
        assert state.posts.store(post(content_html="<p>b</p>", content_source="page")) is None
        ((line, _),) = state.posts.lines()
        assert Post.of(line).content_source == "page"


def test_the_archive_is_newest_first_and_undated_posts_last(url: str) -> None:
    days = {1: "2020-01-01", 2: None, 3: "2021-01-01", 4: "2021-01-01", 5: "2019-12-31"}
    with begun(url) as state:
        for number, day in days.items():
            state.posts.store(post(number, published_date=day))
        assert [Post.of(line).id for line, _ in state.posts.lines()] == [4, 3, 1, 5, 2]


def test_blogs_in_one_database_know_nothing_of_each_other(url: str) -> None:
    with begun(url) as one:
        one.posts.store(post(title="one"))
        ended(one)
    with begun(url, "http://other.example/blog") as other:
        assert (other.blog, other.posts.empty(), other.runs.number) == ("other.example_blog", True, 1)
        assert other.posts.store(post(title="other")) == "new"
        ended(other)
    for blog, title in (("x.example", "one"), ("other.example_blog", "other")):
        with State.read(url, blog) as state:
            assert [Post.of(line).title for line, _ in state.posts.lines()] == [title]
    with pytest.raises(UsageError, match=r"has several blogs: --blog must be one of other.example_blog, x.example"):
        State.read(url, None)


def test_a_record_that_is_not_what_was_written_is_noticed(url: str) -> None:
    with begun(url) as state:
        state.posts.store(post())
        state.commit()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE posts SET record = replace(record, 'x.example', 'y.example')"))
    with State.read(url, None) as state, pytest.raises(StateError, match="the record of post 1 isn't what was written"):
        list(state.posts.lines())


def test_a_second_process_is_locked_out_and_told_by_whom_until_the_first_is_gone(url: str) -> None:
    script = f"import sys; from engcrawl.state import State; s = State.open(sys.argv[1], '{SITE}')\n"
    script += "s.runs.begin('r', 'archive', {}, '2026-11-23T00:00:00Z'); print('held', flush=True); sys.stdin.read()"
    line = [sys.executable, "-c", script, url]
    with subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=rf"another run works on .*: pid {other.pid} on \S+, since 20\d\d-"):
            State.open(url, SITE)
        with State.read(url, None) as reader:
            assert reader.runs.last(1)[0]["verdict"] is None
        other.kill()
    for _ in range(50):
        try:
            State.open(url, SITE).close()
            break
        except LockedError:
            time.sleep(0.1)  # a server notices an end of the line a moment later
    else:
        raise AssertionError("the dead process still holds the lock")


# PostgreSQL


def test_a_crawl_with_postgresql_is_one_with_sqlite(serve: Serve, output: Path, server_url: str) -> None:
    server = serve(posts=90)
    state = {"ENGCRAWL_STATE": database(server_url)}
    assert night(server, output, settings=state).status == 0
    before = truth(server.blog)
    assert Crawl(0, "", output).posts == before
    new = server.blog.publish(("web",))
    removed = server.blog.remove(server.blog.whole[-1])
    done = night(server, output, "-a", "full=yes", settings=state)
    assert done.status == 0
    assert (done.changes[new.id], done.changes[removed.id]) == ("new", "gone")
    assert not (output / "archive.db").exists()


def test_two_machines_with_one_database(serve: Serve, tmp_path: Path, server_url: str) -> None:
    server = serve(posts=90)
    state = {"ENGCRAWL_STATE": database(server_url)}
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


def test_many_blogs_share_one_database_at_once(serve: Serve, tmp_path: Path, server_url: str) -> None:
    one, two = servers = serve(posts=40), serve(posts=60, seed=2)
    fleet = Fleet(tmp_path)
    fleet.list.write_text("".join(f"- site: {server.url}\n" for server in servers))
    state = {"ENGCRAWL_STATE": database(server_url), "DOWNLOAD_DELAY": "0.02"}
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
    serve: Serve, output: Path, server_url: str
) -> None:
    server = serve(posts=90)
    url = database(server_url)
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
    done = crawl(output, site=serve().url, settings={"ENGCRAWL_STATE": url})
    assert done.status == 1
    assert "Verdict: failed (exit status 1): postgresql+psycopg://me:***@127.0.0.1:1/none: " in done.log
    assert "sesame" not in done.log


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("nonsense", "ENGCRAWL_STATE: must be an SQLAlchemy URL"),
        ("sqlite://", "must name a file"),
        ("oracle://x/y", "install the database's driver"),
        ("sqlite:////dev/null/archive.db", "/dev/null/archive.db"),
    ],
)
def test_a_state_that_cannot_be_is_one_line(output: Path, url: str, line: str, serve: Serve) -> None:
    server = serve()
    done = crawl(output, site=server.url, settings={"ENGCRAWL_STATE": url})
    assert done.status == 1
    assert line in done.log
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


def test_a_thousand_records_are_stored_in_less_than_a_second(url: str) -> None:
    body = "<p>" + "word " * 4000
    with begun(url) as state:
        start = time.process_time()
        for number in range(1, 1001):
            state.posts.store(post(number, content_html=body, content_markdown=body))
            if number % 100 == 0:
                state.commit()
        spent = time.process_time() - start
    assert spent < 5, "many times what it needs: something isn't linear"


# As docs/state.md has it


def test_an_archive_moves_to_postgresql_and_back(server: Server, output: Path, server_url: str) -> None:
    before = (output / "posts.jsonl").read_bytes()
    there = night(server, output, settings={"ENGCRAWL_STATE": database(server_url)})
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
