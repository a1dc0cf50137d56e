"""What the state makes of what listings say: merging, whose turn it is, and what needs another look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engcrawl.items import Found, Post, Reading
from engcrawl.state import State, Waiting

NOW = "2026-11-23T00:00:00Z"


def post(number: int = 1, **facts: object) -> Post:
    return Post(**{"id": number, "url": f"https://x.example/{number}/", "title": "t"} | facts)  # type: ignore[arg-type]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/archive.db"


@pytest.fixture
def state(url: str) -> Iterator[State]:
    with State(url, create=True) as state:
        state.begin("run-1", "archive", {}, NOW)
        yield state


def taken(state: State) -> list[Waiting]:
    return list(state.take(NOW, articles=True))


def posts(state: State) -> list[Post]:
    return [Post(**waiting.post.record()) for waiting in taken(state)]


def made(state: State, listed: Post, **facts: object) -> None:
    """A record of a listed post, its own page read."""
    state.store(Found(**listed.record() | {"listed": listed.facts(), "crawled_at": NOW} | facts))
    state.visited(listed.id, "2027-01-01T00:00:00Z", Reading())


def test_a_second_sighting_adds_what_the_first_lacks(state: State) -> None:
    assert state.sight([post(categories=["web"], external=True)], "web", 1) == 1
    again = post(categories=["ai"], tags=["x"], published_date="MAY 1, 2020", kind="video", external=True)
    assert state.sight([again], "ai", 1) == 0
    assert posts(state) == [
        post(categories=["ai", "web"], tags=["x"], published_date="MAY 1, 2020", kind="video", external=True)
    ]


def test_each_posts_turn_comes_once_in_a_run(state: State) -> None:
    state.sight([post(3), post(1), post(2), post(3)], "web", 1)
    turn = state.take(NOW, articles=True)
    assert next(turn).post.id == 3
    state.sight([post(3), post(9)], "ai", 1)
    assert [waiting.post.id for waiting in turn] == [2, 1]
    assert [waiting.post.id for waiting in taken(state)] == [9]
    assert state.waiting(NOW, articles=True) == 0


def test_the_next_run_takes_what_has_no_record_and_nothing_else(state: State) -> None:
    state.sight([post(1), post(2)], "web", 1)
    made(state, post(1))
    assert [waiting.post.id for waiting in taken(state)] == [2]
    state.begin("run-2", "archive", {}, NOW)
    assert [waiting.post.id for waiting in taken(state)] == [2]


def test_what_a_listing_leaves_open_stays_and_what_it_says_wins(state: State) -> None:
    state.sight([post(published_date="MAY 1, 2020", tags=["x"], title="old")], "web", 1)
    made(state, post(published_date="MAY 1, 2020", tags=["x"], title="old"), published_date="2020-05-01")
    state.begin("run-2", "archive", {}, NOW)
    state.sight([post(tags=["y"], title="new")], "web", 1)
    (waiting,) = taken(state)
    assert Post(**waiting.post.record()) == post(published_date="MAY 1, 2020", tags=["y"], title="new")
    assert waiting.changed


def test_a_category_whose_listing_was_not_walked_is_still_the_posts(state: State) -> None:
    state.sight([post(categories=["ai"])], "ai", 1)
    state.sight([post(categories=["web"])], "web", 1)
    state.sight([post(categories=["web"])], "parent", 1)  # lists it, and doesn't say that it is filed there
    state.begin("run-2", "archive", {}, NOW)
    state.sight([post(categories=["web"])], "web", 1)
    assert [p.categories for p in posts(state)] == [["ai", "web"]]


@pytest.mark.parametrize(
    ("facts", "contradicts"),
    [
        ({}, False),
        ({"published_date": "MAY 1, 2020"}, False),
        ({"published_date": "MAY 2, 2020"}, True),
        ({"published_date": "someday"}, True),
        ({"title": "another"}, True),
        ({"categories": ["ai", "web"]}, True),
        ({"categories": ["ai", "known"]}, False),
        ({"categories": ["web"]}, True),
        ({"categories": []}, False),
        ({"excerpt": "now"}, True),
        ({"image_url": "https://x.example/other.png"}, False),
        ({"protected": True}, True),
        ({"kind": "video"}, True),
    ],
)
def test_what_contradicts_a_record(facts: dict[str, object], contradicts: bool) -> None:
    before = post(categories=["ai"])
    own = {"published_date": "2020-05-01", "image_url": "https://x.example/own.png"}
    record = post(categories=["ai", "known"], **own)
    assert post(**{"categories": ["ai"]} | facts).contradicts(before, record) is contradicts


def test_the_articles_facts_win_but_for_the_day() -> None:
    listed = post(published_date="MAY 1, 2020", categories=["ai", "web"], tags=["x"], excerpt="short")
    listed.take_article(post(title="new", published_date="2020-05-02", categories=["ai"], content_html="<p>"))
    facts = {"published_date": "MAY 1, 2020", "categories": ["ai"], "tags": ["x"], "excerpt": "short"}
    assert listed == post(title="new", content_html="<p>", **facts)


def test_a_listing_stands_in_its_order_newest_run_first(state: State) -> None:
    state.sight([post(5), post(4)], "web", 1)
    state.sight([post(3), post(2)], "web", 2)
    state.begin("run-2", "archive", {}, NOW)
    state.sight([post(6), post(5)], "web", 1)
    assert list(state.listing("web")) == [6, 5, 4, 3, 2]
    assert list(state.listing("ai")) == []
