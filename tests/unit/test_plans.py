"""What the state does for a post: few statements, none of which reads more in a bigger archive."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engcrawl.items import Found, Mention, Post, Reading
from engcrawl.state import State

SITE = "https://x.example"
NOW = "2026-11-23T00:00:00Z"
MANY = re.compile(r"(SCAN|SEARCH) (posts|mentions|places|changes)\b")
"""A step through a table that has a row, or several, for each post; one by the blog alone reads them all."""


def post(number: int) -> Post:
    return Post(id=number, url=f"{SITE}/{number}/", title="t", categories=["web"], crawled_at=NOW)


@contextmanager
def statements() -> Iterator[dict[str, Any]]:
    """Collect the statements that are executed meanwhile, with their values."""
    seen: dict[str, Any] = {}

    def execute(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
        seen[statement] = values[0] if many else values

    sa.event.listen(sa.Engine, "before_cursor_execute", execute)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", execute)


def plans(database: Path, seen: dict[str, Any]) -> dict[str, list[str]]:
    """Return how SQLite goes about each statement: its steps."""
    with closing(sqlite3.connect(database)) as db:
        return {
            statement: [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in seen.items()
            if statement.startswith(("SELECT", "UPDATE", "DELETE"))
        }


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


def test_no_statement_for_a_post_reads_more_than_its_rows(database: Path) -> None:
    both = [post(1), post(2)]
    named = [Mention(url=one.url, post=one.id, facts=one) for one in both]
    three = [*named, Mention(url=f"{SITE}/3/")]
    with State.open(f"sqlite:///{database}", SITE) as state:
        state.runs.begin("run-1", "archive", {}, NOW)
        state.failures.put(f"{SITE}/9/", "HTTP 500", post=9)
        with statements() as seen:
            state.lists.categories.put_page("web", 1, named)
            state.lists.mentions.put("rest", named)
            state.lists.mentions.put("sitemap", [Mention(url=f"{SITE}/3/"), Mention(url=f"{SITE}/1/")])
            state.wants.news([1, 2])
            assert not state.posts.has_all(three)
            list(state.wants.each(NOW, pages=True))
            for one in both:
                state.posts.store(Found(post=one, facts="", reading=Reading()))
            state.posts.store(Found(post=post(1), reading=Reading()))
            state.posts.record(1)
            list(state.lists.posts_named())
            state.lists.unknown("sitemap", three)
            state.wants.identify(3, f"{SITE}/3/", "post")
            state.posts.mark_gone(2)
            state.lists.mentions.put("rest", named)  # it is back
        state.commit()
    reads_all = {
        statement: step
        for statement, steps in plans(database, seen).items()
        for step in steps
        if MANY.match(step) and (step.startswith("SCAN") or step.endswith("(blog=?)"))
    }
    assert len(seen) > 20
    assert not reads_all, "\n".join(f"{statement}: {step}" for statement, step in reads_all.items())


def test_a_post_that_a_list_named_is_stored_with_three_statements(database: Path) -> None:
    with State.open(f"sqlite:///{database}", SITE) as state:
        state.runs.begin("run-1", "archive", {}, NOW)
        state.lists.mentions.put("rest", [Mention(url=one.url, post=one.id, facts=one) for one in (post(1), post(2))])
        assert state.posts.store(Found(post=post(1), facts="", reading=Reading())) == "new"
        with statements() as seen:
            assert state.posts.store(Found(post=post(2), facts="", reading=Reading())) == "new"
        assert [statement.partition(" ")[0] for statement in seen] == ["SELECT", "INSERT", "UPDATE"]


def test_what_failed_is_cleared_by_a_reading_also_where_nothing_had_failed_before(database: Path) -> None:
    with State.open(f"sqlite:///{database}", SITE) as state:
        state.runs.begin("run-1", "archive", {}, NOW)
        state.posts.store(Found(post=post(1), facts="", reading=Reading()))
        state.failures.put(post(2).url, "HTTP 500", post=2)
        state.posts.store(Found(post=post(2), facts="", reading=Reading()))
        assert not state.failures.has(post(2).url)
