"""Older versions of records: kept, bounded, told apart, and the archive as it stood."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from engcrawl.errors import StateError, UsageError
from engcrawl.items import Found, Post
from engcrawl.report.differences import Difference, differences
from engcrawl.state import State
from engcrawl.state.versions import Kept
from engcrawl.text import dates

SITE = "https://x.example"


class Clock:
    """A clock that tests set."""

    time = "2026-11-01T00:00:00Z"

    def __call__(self) -> str:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(dates, "now", clock)
    return clock


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with opened(tmp_path) as state:
        yield state


def opened(folder: Path, kept: Kept | None = None) -> State:
    state = State.open(f"sqlite:///{folder}/archive.db", SITE, kept=kept)
    state.runs.begin("run", "archive", {}, "2026-11-01T00:00:00Z")
    return state


def store(state: State, clock: Clock, day: int, number: int = 1, /, **facts: object) -> Post:
    """Store a record of the post *number* on a day of November."""
    clock.time = f"2026-11-{day:02}T03:00:00Z"
    known = {"id": number, "url": f"{SITE}/{number}/", "title": "t", "crawled_at": clock.time}
    body = {"content_html": "<p>one</p>", "content_markdown": "one", "content_source": "page"}
    post = Post(**known | body | facts)  # type: ignore[arg-type]
    state.posts.store(Found(post=post))
    return post


def as_of(state: State, moment: str) -> list[tuple[int | None, str]]:
    return [(post.id, post.title) for post in (Post.of(line) for line, _ in state.versions.lines(moment))]


def test_each_version_stands_from_its_change_to_the_next(state: State, clock: Clock) -> None:
    records = [store(state, clock, 1), store(state, clock, 3, title="u"), store(state, clock, 5, title="v")]
    store(state, clock, 6, title="v")  # as it was
    versions = state.versions.of(1)
    assert [one.record for one in versions] == records
    instants = [f"2026-11-{day:02}T03:00:00Z" for day in (1, 3, 5)]
    assert [(one.number, one.since) for one in versions] == list(zip((1, 2, 3), instants, strict=True))
    assert [one.until for one in versions] == [*instants[1:], None]
    assert state.versions.of(2) == []


def test_the_archive_as_it_stood_is_the_line_of_each_moment_in_the_order_of_then(state: State, clock: Clock) -> None:
    archives = {}
    for day, number, facts in (
        (1, 1, {"published_date": "2020-01-01"}),
        (2, 2, {"published_date": "2021-01-01"}),
        (3, 1, {"published_date": "2022-01-01", "title": "ä"}),
        (4, 2, {"published_date": "2021-01-01", "title": "w"}),
        (5, 1, {"published_date": "2020-01-01", "title": "x"}),
    ):
        store(state, clock, day, number, **facts)
        archives[f"2026-11-{day:02}T12:00:00Z"] = [line for line, _ in state.posts.lines()]
    assert {moment: [line for line, _ in state.versions.lines(moment)] for moment in archives} == archives
    assert as_of(state, "2026-11-01T00:00:00Z") == []
    assert as_of(state, "2026-11-02T03:00:00Z") == [(2, "t"), (1, "t")]
    noon = "2026-11-03T12:00:00Z"
    assert [line for line, _ in state.versions.lines(noon, since="2021-06-01")] == archives[noon][:1]
    assert [line for line, _ in state.versions.lines(noon, post=2)] == archives[noon][1:]


def test_a_post_is_gone_from_when_it_went(state: State, clock: Clock) -> None:
    store(state, clock, 1)
    clock.time = "2026-11-04T00:00:00Z"
    state.posts.mark_gone(1)
    assert [gone for _, gone in state.versions.lines("2026-11-03T00:00:00Z")] == [None]
    assert [gone for _, gone in state.versions.lines("2026-11-04T00:00:00Z")] == ["2026-11-04T00:00:00Z"]
    assert [one.since for one in state.versions.of(1)] == ["2026-11-01T03:00:00Z"]


@pytest.mark.parametrize(("kept", "numbers"), [(None, [1, 2, 3, 4]), (2, [2, 3, 4]), (1, [3, 4]), (0, [4])])
def test_the_last_ones_are_kept_and_what_was_before_is_said_to_be_unknown(
    tmp_path: Path, clock: Clock, kept: int | None, numbers: list[int]
) -> None:
    with opened(tmp_path, Kept(number=kept)) as state:
        store(state, clock, 1, 2)
        for day in range(1, 5):
            store(state, clock, day, title=f"day {day}")
        assert [one.number for one in state.versions.of(1)] == numbers
        begin = f"2026-11-{numbers[0]:02}T03:00:00Z"
        assert as_of(state, begin) == [(2, "t"), (1, f"day {numbers[0]}")]
        if kept is not None:
            with pytest.raises(
                UsageError,
                match=f"x.example: the archive as of .* isn't known: .* from {begin} on",
            ):
                as_of(state, "2026-11-01T00:00:00Z")


def test_what_was_in_force_less_than_an_age_ago_is_kept(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path, Kept(age=timedelta(days=2))) as state:
        for day in (1, 2, 3, 5):
            store(state, clock, day, title=f"day {day}")
        state.versions.drop_old()
        assert [one.number for one in state.versions.of(1)] == [2, 3, 4]
        clock.time = "2026-11-05T03:00:01Z"
        state.versions.drop_old()
        assert [one.number for one in state.versions.of(1)] == [3, 4]
        assert as_of(state, "2026-11-03T03:00:00Z") == [(1, "day 3")]
        with pytest.raises(UsageError, match="from 2026-11-03T03:00:00Z on"):
            as_of(state, "2026-11-03T02:59:59Z")


def test_posts_that_came_with_an_older_archive_have_no_past(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path) as state:
        clock.time = "2026-11-09T00:00:00Z"
        post = Post(id=1, url=f"{SITE}/1/", title="t", crawled_at="2026-11-01T00:00:00Z")
        assert state.posts.take_in(iter([post])) == 1
        assert as_of(state, "2026-11-09T00:00:00Z") == [(1, "t")]
        with pytest.raises(UsageError, match="from 2026-11-09T00:00:00Z on"):
            as_of(state, "2026-11-08T00:00:00Z")


@pytest.mark.parametrize(
    ("facts", "edited"),
    [
        ({"title": "another"}, True),
        ({"content_html": "<p>two</p>", "content_markdown": "two"}, True),
        ({"content_html": "<h2>one</h2>", "content_markdown": "## one"}, False),
        ({"content_html": "<p>\n one</p>", "content_markdown": "one "}, False),
        ({"content_html": "<p>One, guessed</p>", "content_source": "extracted"}, False),
        ({"tags": ["x"]}, False),
    ],
)
def test_an_edit_is_another_title_or_text(state: State, clock: Clock, facts: dict[str, object], edited: bool) -> None:
    store(state, clock, 1, 2)
    store(state, clock, 1)
    store(state, clock, 3, **facts)
    told = [Post.of(line).id for line, _ in state.posts.lines(edited_since="2026-11-02")]
    assert told == ([1] if edited else [])
    assert list(state.posts.lines(edited_since="2026-11-03T03:00:01Z")) == []


def test_a_record_that_is_replaced_without_a_change_is_a_version_too(state: State, clock: Clock) -> None:
    first = store(state, clock, 1)
    told = [
        store(state, clock, 2, content_markdown="one_"),
        store(state, clock, 3, content_markdown="one_", content_source="rest"),
    ]
    assert [one.record for one in state.versions.of(1)] == [first, *told]
    assert [line for line, _ in state.versions.lines("2026-11-02T00:00:00Z")] == [first.line()]
    assert list(state.posts.lines(edited_since="2026-11-01T00:00:00Z")) == []


def test_edits_before_older_versions_were_dropped_are_said_to_be_unknown(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path, Kept(number=0)) as state:
        store(state, clock, 1)
        store(state, clock, 2, title="another")
        with pytest.raises(UsageError, match="from 2026-11-02T03:00:00Z on"):
            list(state.posts.lines(edited_since="2026-11-01T00:00:00Z"))


def test_a_version_is_stored_with_the_record_that_replaces_it_or_not_at_all(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path) as state:
        store(state, clock, 1)
        state.commit()
        store(state, clock, 2, title="u")  # and the process dies
    with State.read(f"sqlite:///{tmp_path}/archive.db", None) as state:
        assert [(one.number, one.record.title) for one in state.versions.of(1)] == [(1, "t")]


def test_a_version_that_is_damaged_is_an_error(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path) as state:
        store(state, clock, 1)
        store(state, clock, 2, title="u")
        state.commit()
    with closing(sqlite3.connect(tmp_path / "archive.db")) as db, db:
        db.execute("UPDATE versions SET record = x'00'")
    with State.read(f"sqlite:///{tmp_path}/archive.db", None) as state:
        for read in (lambda: state.versions.of(1), lambda: as_of(state, "2026-11-01T04:00:00Z")):
            with pytest.raises(StateError, match=r"archive\.db: an older version of post 1 isn't what was written"):
                read()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("all", Kept()),
        ("0", Kept(number=0)),
        (" 20 ", Kept(number=20)),
        ("365d", Kept(age=timedelta(days=365))),
        ("-1", None),
        ("", None),
        ("many", None),
    ],
)
def test_the_setting_is_all_a_number_or_an_age(text: str, kept: Kept | None) -> None:
    if kept:
        assert Kept.parse(text) == kept
    else:
        with pytest.raises(UsageError, match=f"setting ENGCRAWL_VERSIONS={text}: must be all, a number"):
            Kept.parse(text)


def test_differences_are_told_key_by_key_and_a_body_line_by_line() -> None:
    old = Post(
        id=1, url="https://x.example/", title="a", tags=["x"], content_html="<p>1</p>", content_markdown="1\n\n2"
    )
    new = Post(
        id=1, url="https://x.example/", title="b", tags=["y"], content_html="<p>1</p>", content_markdown="1\n\n3"
    )
    new.crawled_at = "2026-11-01T00:00:00Z"
    diff = "--- before\n+++ after\n@@ -1,3 +1,3 @@\n 1\n \n-2\n+3"
    assert list(differences(old, new)) == [
        Difference("title", "a", "b"),
        Difference("tags", ["x"], ["y"]),
        Difference("content_markdown", None, None, diff),
    ]
    new.content_markdown = old.content_markdown
    new.content_html = "<h1>1</h1>"
    assert [(one.key, one.diff) for one in differences(old, new)][-1] == (
        "content_html",
        "--- before\n+++ after\n@@ -1 +1 @@\n-<p>1</p>\n+<h1>1</h1>",
    )
