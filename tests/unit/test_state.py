"""What the state makes of what listings say: merging, whose turn it is, and what needs another look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engcrawl.http.refused import Cause
from engcrawl.items import SOURCES, Found, Mention, Post, Reading, merged
from engcrawl.state import State
from engcrawl.state.categories import KnownCategory, sign_of
from engcrawl.state.schedule import AT_ONCE
from engcrawl.state.wants import Wanted

NOW = "2026-11-23T00:00:00Z"
SITE = "https://x.example"


def post(number: int = 1, /, **facts: object) -> Post:
    return Post(**{"id": number, "url": f"{SITE}/{number}/", "title": "t"} | facts)  # type: ignore[arg-type]


def mention(said: Post, **more: object) -> Mention:
    return Mention(**{"url": said.url, "post": said.id, "facts": said} | more)  # type: ignore[arg-type]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(f"sqlite:///{tmp_path}/archive.db", SITE) as state:
        state.runs.begin("run-1", "archive", {}, NOW)
        yield state


def listed(state: State, posts: list[Post], category: str = "web", page: int = 1) -> int:
    return state.lists.categories.put_page(category, page, [mention(one) for one in posts])


def wanted(state: State) -> list[Wanted]:
    return list(state.wants.each(NOW, pages=True))


def ids(state: State) -> list[int]:
    return [one.id for one in wanted(state)]


def posts(state: State) -> list[Post]:
    return [one.post for one in wanted(state)]


def made(state: State, one: Post, **facts: object) -> None:
    """Store a record of a listed post whose own page was read."""
    (print_,) = [now.fingerprint for now in state.lists.mentions.facts([one.id or 0]).values()]
    record = Post(**one.record() | {"crawled_at": NOW} | facts)
    state.posts.store(Found(post=record, facts=print_, reading=Reading()))


def test_a_second_mention_adds_what_the_first_lacks(state: State) -> None:
    assert listed(state, [post(categories=["web"])]) == 1
    again = post(categories=["ai"], tags=["x"], published_date="MAY 1, 2020", kind="video")
    assert listed(state, [again], "ai") == 0
    assert posts(state) == [post(categories=["ai", "web"], tags=["x"], published_date="2020-05-01", kind="video")]


def test_each_posts_turn_comes_once_in_a_run(state: State) -> None:
    listed(state, [post(3), post(1), post(2), post(3)])
    turn = state.wants.each(NOW, pages=True)
    assert next(turn).id == 3
    listed(state, [post(3), post(9)], "ai")
    assert [one.id for one in turn] == [2, 1]
    assert ids(state) == [9]
    assert state.wants.count(NOW, pages=True) == 0


def test_the_next_run_takes_what_has_no_record_and_nothing_else(state: State) -> None:
    listed(state, [post(1), post(2)])
    made(state, post(1))
    assert ids(state) == [2]
    state.runs.begin("run-2", "archive", {}, NOW)
    assert ids(state) == [2]


def test_what_a_listing_leaves_open_stays_and_what_it_says_wins(state: State) -> None:
    listed(state, [post(published_date="MAY 1, 2020", tags=["x"], title="old")])
    made(state, post(published_date="MAY 1, 2020", tags=["x"], title="old"), published_date="2020-05-01")
    state.runs.begin("run-2", "archive", {}, NOW)
    listed(state, [post(tags=["y"], title="new")])
    (one,) = wanted(state)
    assert one.post == post(published_date="2020-05-01", tags=["y"], title="new")
    assert one.changed


def test_a_post_of_which_nothing_else_is_said_is_not_wanted(state: State) -> None:
    listed(state, [post(published_date="MAY 1, 2020")])
    made(state, post(), published_date="2020-05-01")
    state.runs.begin("run-2", "archive", {}, NOW)
    listed(state, [post()])  # it shows no date now
    assert ids(state) == []


def test_a_category_whose_listing_was_not_walked_is_still_the_posts(state: State) -> None:
    listed(state, [post(categories=["ai"])], "ai")
    listed(state, [post(categories=["web"])], "web")
    listed(state, [post(categories=["web"])], "parent")  # lists it, and doesn't say that it is filed there
    state.runs.begin("run-2", "archive", {}, NOW)
    listed(state, [post(categories=["web"])], "web")
    assert [one.categories for one in posts(state)] == [["ai", "web"]]


def test_a_category_that_doesnt_list_a_post_any_more_is_not_the_posts(state: State) -> None:
    listed(state, [post(categories=["ai"])], "ai")
    listed(state, [post(categories=["web"])], "web")
    made(state, post(categories=["ai", "web"]))
    state.runs.begin("run-2", "archive", {}, NOW)
    listed(state, [post(categories=["web"])], "web")
    state.lists.categories.close(KnownCategory("ai", f"{SITE}/category/ai/", 1, 2), None)
    assert [one.categories for one in posts(state)] == [["web"]]


def test_a_source_that_agrees_with_the_record_is_no_news_when_it_is_asked_first(state: State) -> None:
    listed(state, [post(1), post(2)])
    made(state, post(1))
    made(state, post(2))
    state.runs.begin("run-2", "archive", {}, NOW)
    state.lists.mentions.put("rest", [mention(post(1)), mention(post(2, title="another"))])
    assert ids(state) == [2]
    state.runs.begin("run-3", "archive", {}, NOW)
    made(state, post(2))
    state.lists.mentions.put("rest", [mention(post(1), modified=NOW), mention(post(2, title="another"))])
    assert ids(state) == [1]


@pytest.mark.parametrize(
    ("facts", "agrees"),
    [
        ({}, True),
        ({"published_date": "MAY 1, 2020"}, True),
        ({"published_date": "MAY 2, 2020"}, False),
        ({"published_date": "someday"}, False),
        ({"title": "another"}, False),
        ({"title": ""}, True),
        ({"categories": ["ai"]}, True),
        ({"categories": ["ai", "web"]}, False),
        ({"excerpt": "now"}, False),
        ({"image_url": "https://x.example/other.png"}, True),
        ({"modified_at": "2020-05-01T00:00:00Z"}, True),
        ({"modified_at": "2020-05-03T00:00:00Z"}, False),
        ({"protected": True}, False),
        ({"kind": "video"}, False),
    ],
)
def test_which_facts_agree_with_a_record(facts: dict[str, object], agrees: bool) -> None:
    own = {"published_date": "2020-05-01", "image_url": "https://x.example/own.png"}
    record = post(categories=["ai", "known"], modified_at="2020-05-02T00:00:00Z", **own)
    assert post(**facts).agrees(record) is agrees


def test_rests_word_stands_but_for_authors_and_what_it_leaves_open() -> None:
    listings = post(title="old", authors=["A", "B"], categories=["web"], tags=["x"], excerpt="short", kind="video")
    rest = post(title="new", authors=["A"], categories=["ai"], published_date="2020-05-02")
    assert merged(listings, rest) == post(
        title="new", authors=["A", "B"], categories=["ai"], excerpt="short", kind="video", published_date="2020-05-02"
    )


def test_a_permalinks_day_stands_in_for_one_that_cannot_be_read() -> None:
    url = f"{SITE}/2020/05/02/a/"
    assert merged(post(url=url, published_date="someday"), None).published_date == "2020-05-02"
    assert merged(post(url=url, external=True, published_date="MAY 1, 2020"), None).published_date == "2020-05-01"


def test_the_pages_facts_win_but_for_the_day() -> None:
    said = post(published_date="MAY 1, 2020", categories=["ai", "web"], tags=["x"], excerpt="short")
    said.take_page(post(title="new", published_date="2020-05-02", categories=["ai"], content_html="<p>"))
    facts: dict[str, object] = {
        "published_date": "MAY 1, 2020",
        "categories": ["ai"],
        "tags": ["x"],
        "excerpt": "short",
    }
    assert said == post(title="new", content_html="<p>", **facts)


def test_a_listing_stands_in_its_order_newest_run_first(state: State) -> None:
    nameless = Post(id=None, url=f"{SITE}/nameless/", title="t")
    listed(state, [post(5), post(4)])
    listed(state, [post(3), nameless], page=2)
    state.runs.begin("run-2", "archive", {}, NOW)
    listed(state, [post(6), post(5)])
    assert list(state.lists.categories.listing("web")) == [6, 5, 4, 3, sign_of(mention(nameless))]
    assert list(state.lists.categories.listing("ai")) == []


# Addresses, and what could not be had


def test_an_address_is_the_posts_whoever_names_it_first(state: State) -> None:
    lists = state.lists
    lists.mentions.put("sitemap", [Mention(url=f"{SITE}/1/"), Mention(url=f"{SITE}/2")])
    assert list(lists.unresolved(SOURCES)) == [f"{SITE}/1/", f"{SITE}/2"]
    listed(state, [post(1)])
    assert list(lists.unresolved(SOURCES)) == [f"{SITE}/2"]
    lists.mentions.put("feed", [Mention(url="https://www.x.example/1/")])
    assert list(lists.unresolved(SOURCES)) == [f"{SITE}/2"]


def test_what_failed_is_tried_first_and_ever_later(state: State) -> None:
    listed(state, [post(1), post(2), post(3)])
    for run in range(2, 5):
        assert ids(state) == ([1, 3, 2] if run > 2 else [3, 2, 1])
        state.failures.put(post(1).url, "HTTP 500", post=1)
        state.runs.begin(f"run-{run}", "archive", {}, NOW)
    assert ids(state) == [3, 2]
    assert [tuple(row)[:4] for row in state.failures.put_off()] == [(post(1).url, 1, "HTTP 500", 3)]
    state.runs.begin("run-5", "archive", {}, NOW)
    state.failures.retry()
    assert ids(state) == [1, 3, 2]
    made(state, post(1))
    assert list(state.failures.put_off()) == []


def test_what_no_run_can_have_waits_for_another_word(state: State) -> None:
    state.lists.mentions.put("rest", [mention(post(1), modified=NOW)])
    assert ids(state) == [1]
    state.failures.put(post(1).url, "HTTP 404", post=1, cause="gone")
    state.runs.begin("run-2", "archive", {}, NOW)
    assert (ids(state), list(state.failures.put_off())) == ([], [])
    state.lists.mentions.put("rest", [mention(post(1), modified="2026-11-24T00:00:00Z")])
    assert ids(state) == [1]


def test_a_page_is_ruled_out_where_the_third_run_in_a_row_finds_it_forbidden(state: State) -> None:
    causes: list[Cause | None] = ["forbidden", "forbidden", None, "forbidden", "forbidden", "forbidden", "forbidden"]
    found = [
        state.failures.put(post(1).url, "HTTP 500" if cause is None else "HTTP 403", cause=cause) for cause in causes
    ]
    assert found == [False, False, False, False, False, True, True]


def test_a_gone_post_that_is_named_again_is_back(state: State) -> None:
    listed(state, [post(1)])
    made(state, post(1))
    state.posts.mark_gone(1)
    state.changes.delivered()
    state.runs.begin("run-2", "archive", {}, NOW)
    assert ids(state) == []
    listed(state, [post(1)])
    assert state.wants.count(AT_ONCE, pages=True) == 1
    assert [(one.post.id, one.gone) for one in state.changes.untold()] == [(1, False)]


def test_a_gone_post_that_is_found_at_an_unresolved_address_is_back(state: State) -> None:
    listed(state, [post(1)])
    made(state, post(1))
    state.changes.delivered()
    state.posts.mark_gone(1)
    state.runs.begin("run-2", "archive", {}, NOW)
    state.wants.identify(1, f"{SITE}/moved/", "post")
    assert [(one.post.id, one.gone) for one in state.changes.untold()] == [(1, False)]
    assert state.changes.of(1) == "updated"


def test_a_removal_that_is_told_again_is_no_later_change(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(state, [post(1)])
    made(state, post(1))
    for moment in ("2099-01-01T00:00:00Z", "2099-01-02T00:00:00Z"):
        monkeypatch.setattr("engcrawl.text.dates.now", lambda moment=moment: moment)
        state.posts.mark_gone(1)
    assert len(list(state.posts.lines(changed_since="2099-01-01T00:00:00Z"))) == 1
    assert list(state.posts.lines(changed_since="2099-01-02T00:00:00Z")) == []


def test_nothing_waits_for_the_page_of_a_gone_post(state: State) -> None:
    listed(state, [post(1)])
    made(state, post(1))
    state.failures.put(post(1).url, "HTTP 500", post=1)
    state.runs.begin("run-2", "archive", {}, NOW)
    assert [row.post for row in state.failures.put_off()] == [1]
    state.posts.mark_gone(1)
    assert list(state.failures.put_off()) == []


@pytest.mark.parametrize("said", ["March 3, 2024", "2024-03-03", ""])
def test_what_a_page_says_of_an_instant_counts_where_it_is_one(said: str) -> None:
    own = Post(id=1, url=post(1).url, title="", published_at=said or None, modified_at=said or None)
    days = ("2024-03-03T09:00:00Z", "2024-03-04T09:00:00Z")
    told = Post(id=1, url=post(1).url, title="", published_at=days[0], modified_at=days[1])
    told.take_page(own)
    assert (told.published_at, told.modified_at) == days
    instant = "2024-03-05T10:00:00+01:00"
    told.take_page(Post(id=1, url=post(1).url, title="", published_at=instant, modified_at=instant))
    assert (told.published_at, told.modified_at) == (instant, instant)
