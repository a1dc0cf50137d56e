"""REST: what its JSON says, and the walk through its list of posts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engcrawl.items import Post
from engcrawl.pages import NotThePage, rest
from engcrawl.phases.category import BrokenWalkError
from engcrawl.phases.sources.rest_walk import PER_PAGE, RestWalk, ShiftedError

URL = "https://x.example/wp-json/wp/v2/posts"
ENTRY: dict[str, Any] = {
    "id": 7,
    "link": "https://x.example/2024/08/22/web/one/?utm_source=1",
    "date": "2024-08-22T23:30:00",
    "date_gmt": "2024-08-23T06:30:00",
    "modified_gmt": "2024-08-23T07:00:00",
    "title": {"rendered": "It&#8217;s <em>R&amp;D</em>"},
    "content": {"protected": False},
    "excerpt": {"rendered": "<p>Short &hellip;</p>\n"},
    "categories": [25, 1],
    "tags": [],
}


def read(**facts: Any) -> Post:
    (post,) = rest.read_posts(json.dumps([ENTRY | facts]), URL, {25: "web", 1: "uncategorized"})
    return post


def test_the_day_is_the_sites_and_the_instants_are_utc() -> None:
    post = read()
    assert (post.published_date, post.published_at) == ("2024-08-22", "2024-08-23T06:30:00Z")
    assert (post.modified_at, post.url) == ("2024-08-23T07:00:00Z", "https://x.example/2024/08/22/web/one/")
    assert (post.title, post.excerpt, post.external) == ("It’s R&D", "Short …", False)


def test_categories_are_known_by_number_where_nothing_is_embedded() -> None:
    assert (read().categories, read().tags) == (["uncategorized", "web"], [])
    assert read(class_list=["tag-x", "category-web", "format-video"]).tags == ["x"]


def test_classes_may_come_as_an_object() -> None:
    assert read(class_list={"0": "post-7", "2": "tag-x", "3": "fb_content_type-video"}).kind == "video"


def test_terms_author_and_picture_are_embedded() -> None:
    embedded: dict[str, list[Any]] = {
        "author": [{"name": "Ada &amp; Bo"}],
        "wp:featuredmedia": [{"source_url": "https://x.example/a.png?w=100"}],
        "wp:term": [
            [{"taxonomy": "category", "slug": "web", "link": "https://x.example/category/web/"}],
            [{"taxonomy": "post_tag", "slug": "scale", "link": "https://x.example/tag/scale/"}, {"code": "error"}],
        ],
    }
    embedded["wp:term"][1].pop()
    post = read(_embedded=embedded)
    assert (post.authors, post.tags) == (["Ada & Bo"], ["scale"])
    assert post.image_url == "https://x.example/a.png"


def test_a_body_has_all_its_parts_and_is_cleaned() -> None:
    rendered = '<p onclick="x">One <a href="/b">b</a></p>\n<!--nextpage-->\n<p>Two</p><script>x</script>'
    post = read(content={"protected": False, "rendered": rendered})
    assert post.content_html == '<p>One <a href="https://x.example/b">b</a></p>\n<p>Two</p>'


def test_a_protected_or_external_post_has_no_body() -> None:
    assert read(content={"protected": True, "rendered": ""}, excerpt={"rendered": "x"}).excerpt is None
    external = read(link="https://other.example/a", content={"protected": False, "rendered": "<p>x</p>"})
    assert (external.external, external.content_html) == (True, None)


@pytest.mark.parametrize(
    "text", ["", "<html>", "[" * 200_000, "{}", '{"code": "rest_no_route"}', "[1]", "[{}]", '[{"id": "x"}]']
)
def test_what_is_no_list_of_posts_is_not_the_page(text: str) -> None:
    with pytest.raises(NotThePage):
        rest.read_posts(text, URL, {})


# The walk


class Changing:
    """A list of posts that may change before each page."""

    def __init__(self, ids: list[int], changes: list[list[tuple[str, int]]]) -> None:
        self.ids = sorted(set(ids))
        self.stayed = set(self.ids)
        self._changes = list(changes)

    def page(self, offset: int) -> tuple[list[int], int]:
        """The posts of a page, and the number of all."""
        for kind, number in self._changes.pop(0) if self._changes else ():
            if kind == "publish":
                self.ids = sorted({*self.ids, number})
            elif self.ids:
                removed = self.ids.pop(number % len(self.ids))
                self.stayed.discard(removed)
        return self.ids[offset : offset + PER_PAGE], len(self.ids)


_IDS = st.lists(st.integers(1, 2000), min_size=1, max_size=450, unique=True)
_CHANGES = st.lists(
    st.lists(st.tuples(st.sampled_from(["publish", "remove"]), st.integers(1, 2100)), max_size=3), max_size=6
)


@given(_IDS, _CHANGES)
def test_a_walk_that_ends_has_every_post_that_was_there_all_the_time(
    ids: list[int], changes: list[list[tuple[str, int]]]
) -> None:
    posts = Changing(ids, changes)
    walk, seen = RestWalk(), set[int]()
    while not walk.ended:
        found, total = posts.page(walk.offset)
        try:
            walk.take(found, total)
        except ShiftedError:
            walk, seen = RestWalk(), set()
            continue
        seen.update(found)
    assert posts.stayed <= seen
    assert walk.listed == len(seen) == walk.total


@given(st.integers(0, 450))
def test_a_list_that_stays_is_walked_in_a_request_for_99_posts(count: int) -> None:
    walk, requests = RestWalk(), 0
    while not walk.ended:
        walk.take(list(range(1, count + 1))[walk.offset :][:PER_PAGE], count)
        requests += 1
    assert (walk.listed, requests) == (count, max(1, -(-(count - 1) // 99)))


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        ([([1, 2], 5), ([2], 5)], "claims 5 posts, and lists 2"),
        ([([1, 2, 3], 2)], "claims 2 posts, and lists 3"),
        ([([3, 2, 1], 3)], "don't come in the order"),
        ([([], 4)], "claims 4 posts, and lists 0"),
    ],
)
def test_a_list_that_is_not_what_it_claims_breaks_the_walk(pages: list[tuple[list[int], int]], error: str) -> None:
    walk = RestWalk()
    for ids, total in pages[:-1]:
        walk.take(ids, total)
    with pytest.raises(BrokenWalkError, match=error):
        walk.take(*pages[-1])


def test_without_a_count_a_page_with_nothing_new_is_the_last() -> None:
    walk = RestWalk()
    walk.take(list(range(1, 101)), None)
    assert not walk.ended
    walk.take(list(range(100, 121)), None)
    assert not walk.ended  # it may be that fewer come than were asked for
    walk.take([120], None)
    assert (walk.ended, walk.listed) == (True, 120)
