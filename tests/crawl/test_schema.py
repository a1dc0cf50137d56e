"""The state's schema: its steps, and what they bring along; on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engcrawl.errors import StateError, UsageError
from engcrawl.items import Post
from engcrawl.state import State, migrations
from engcrawl.state.tables import METADATA
from engcrawl.text import dates
from tests.support.folders import ROOT
from tests.support.postgres import database
from tests.support.states import SITE, begun, post

pytestmark = pytest.mark.xdist_group("postgresql")


def test_a_state_older_than_0_2_0_is_one_line_and_left_alone(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for table in ("schema_version (version INTEGER)", "inventory (source TEXT)", "posts (id INTEGER)"):
            connection.execute(sa.text(f"CREATE TABLE {table}"))
    for open_it in (partial(State.open, url, SITE), partial(State.read, url, None)):
        with pytest.raises(StateError, match=r"older than 0\.2\.0: move it away, and the next run takes posts"):
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


def test_a_state_of_the_first_schema_is_brought_to_the_newest_with_all_that_is_in_it(url: str, tmp_path: Path) -> None:
    first = sa.create_engine(url, poolclass=sa.NullPool)
    record = post(7).post.line()
    with first.begin() as connection:
        for statement in (ROOT / "tests/support/schema_1.sql").read_text().split(";\n"):
            if statement:
                connection.execute(sa.text(statement))
        connection.execute(sa.text(f"INSERT INTO blogs VALUES ('x.example', '{SITE}', 1)"))
        values = {"line": record, "sum": hashlib.sha256(record.encode()).hexdigest(), "when": "2026-11-23T00:00:00Z"}
        connection.execute(
            sa.text(
                "INSERT INTO posts"
                " (blog, id, address, external, first_run, facts, last_changed, record, checksum, content)"
                " VALUES ('x.example', 7, 'x.example/7', false, 1, '', :when, :line, :sum, 'other')"
            ),
            values,
        )
    with pytest.raises(StateError, match="it has schema 1, not 2: the next run updates an older one"):
        State.read(url, None)
    with begun(url) as state:
        assert [line for line, _ in state.posts.lines()] == [record]
        assert [(one.number, one.since, one.until) for one in state.versions.of(7)] == [(1, values["when"], None)]
        with pytest.raises(UsageError, match="isn't known: the state has its versions from"):
            list(state.versions.lines("2026-11-23T00:00:00Z"))
        state.posts.store(post(7, title="u"))
        assert [one.record.title for one in state.versions.of(7)] == ["t", "u"]
        state.commit()
    newest = f"sqlite:///{tmp_path}/new.db" if url.startswith("sqlite") else database(url)
    State.open(newest, SITE).close()
    second = sa.create_engine(newest, poolclass=sa.NullPool)
    with first.connect() as one, second.connect() as other:
        assert _schema(one) == _schema(other)


def _schema(connection: sa.Connection) -> dict[str, Any]:
    """Tell a database's tables, columns in no order, keys and indexes."""
    there = sa.inspect(connection)
    return {
        name: (
            {(column["name"], str(column["type"]), column["nullable"]) for column in there.get_columns(name)},
            there.get_pk_constraint(name)["constrained_columns"],
            {(index["name"], *index["column_names"]) for index in there.get_indexes(name)},
        )
        for name in there.get_table_names()
    }


def test_an_archive_as_it_stood_is_read_from_each_database(url: str) -> None:
    with begun(url) as state:
        state.posts.store(post(7, published_date="2020-01-01"))
        state.posts.store(post(8))
        before = dates.now()
        while dates.now() == before:  # an instant is a second
            time.sleep(0.05)
        then = [line for line, _ in state.posts.lines()]
        state.posts.store(post(7, title="u"))
        state.posts.mark_gone(8)
        state.commit()
        assert list(state.versions.lines(before)) == [(line, None) for line in then]
        assert [Post.of(line).title for line, _ in state.versions.lines(dates.now())] == ["t", "u"]
        assert [one.record.title for one in state.versions.of(7)] == ["t", "u"]
        assert [Post.of(line).id for line, _ in state.posts.lines(edited_since=before)] == [7]
