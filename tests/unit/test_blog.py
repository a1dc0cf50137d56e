"""Build the bundled blog, and change it: its posts, its traps, its truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.blog import Blog
from tests.blog.blog import CATEGORIES, EDITED
from tests.support.blogs import plain


def test_the_same_seed_is_the_same_blog_and_another_is_another() -> None:
    assert list(Blog(60, seed=3).truth()) == list(Blog(60, seed=3).truth())
    assert list(Blog(60, seed=3).truth()) != list(Blog(60, seed=4).truth())


def test_a_blog_of_a_hundred_thousand_posts_has_every_id_once() -> None:
    blog = Blog(100_000)
    assert len({blog.id_of(i) for i in range(100_000)}) == 100_000
    assert blog.index_of(blog.id_of(77_777)) == 77_777
    assert all(blog.index_of(blog.id_of(i)) == i for i in range(0, 100_000, 997))


def test_the_traps_are_there() -> None:
    blog = Blog(500)
    posts = [blog.post(i) for i in range(500)]
    assert len(blog.listing("release-notes")) == 24
    assert (blog.pages("release-notes"), blog.pages("quantum")) == (2, 0)
    assert set(blog.listing("language-models")) < set(blog.listing("machine-learning"))
    assert any(p.categories == ("uncategorized",) for p in posts)
    assert any(a.published == b.published for a, b in pairwise(posts))
    assert any(p.modified and p.modified < p.published for p in posts)
    assert any(f"{p.published:%d}" != f"{p.day:%d}" for p in posts)
    assert {p.parts for p in posts} == {1, 3}
    assert any(p.protected for p in posts)
    assert {p.kinds for p in posts} == {("article",), ("video",), ("article", "video"), ()}
    assert any(post["external"] and post["published_date"] is None for post in blog.truth())
    assert any(post["external"] and post["published_date"] for post in blog.truth())


def test_the_truth_with_rest_has_every_post_and_what_only_rest_says() -> None:
    blog = Blog(500)
    blog.remove(100)
    blog.edit(28, "Another title")
    without = {record["id"]: record for record in blog.truth()}
    found = list(blog.truth(rest=True))
    assert [record["id"] for record in found] == [blog.id_of(i) for i in range(499, -1, -1) if i != 100]
    differs: Counter[str] = Counter()
    for record in found:
        index = blog.index_of(record["id"])
        assert index is not None
        post = blog.post(index)
        said: dict[str, Any] = {"modified_at": f"{post.changed:%Y-%m-%dT%H:%M:%SZ}"}
        if post.external:
            said |= {
                "published_date": f"{post.day:%Y-%m-%d}",
                "published_at": f"{post.published:%Y-%m-%dT%H:%M:%SZ}",
                "authors": [post.authors[0]],
                "excerpt": blog.excerpt(post),
            }
        before = without.get(post.id) or blog.record(post)
        assert record == before | said
        differs.update(key for key in record if record[key] != before[key])
        assert (post.id in without) == (not blog.hidden(index))
    assert min(differs[key] for key in ("modified_at", "published_date", "published_at", "authors", "excerpt")) > 0
    assert next(r for r in found if r["id"] == blog.id_of(28))["title"] == "Another title"


def test_a_record_of_rest_alone_names_one_author_and_no_language() -> None:
    blog = Blog(200)
    protected = {"title": 0, "excerpt": 0}
    for post in map(blog.post, range(200)):
        alone, both = blog.rest_record(post), blog.record(post, rest=True)
        said: dict[str, Any] = {"authors": [post.authors[0]], "language": None}
        said["content_source"] = "rest" if alone["content_html"] else None
        if post.protected:
            said |= {"title": post.title, "excerpt": None}
            for key in protected:
                protected[key] += both[key] != alone[key]
        assert alone == both | said
    assert protected == {"title": 2, "excerpt": 2}


def test_an_edit_gives_title_tags_and_a_later_instant() -> None:
    blog = Blog(60)
    before = plain(blog)
    edited = blog.edit(before.index, "Another title", ("podcast", "incident"))
    tags, modified = ("incident", "podcast"), EDITED + timedelta(hours=1)
    assert edited == replace(before, title="Another title", tags=tags, modified=modified)
    assert blog.post(before.index) == edited


def test_an_edit_is_in_the_truth_and_nothing_else_changes_there() -> None:
    blog = Blog(60)
    before = list(blog.truth())
    edited = blog.edit(plain(blog).index, "Another title")
    old, new = next(pair for pair in zip(before, blog.truth(), strict=True) if pair[0] != pair[1])
    assert {key for key in new if new[key] != old[key]} == {"title", "modified_at", "content_html", "content_markdown"}
    assert (new["title"], new["modified_at"]) == ("Another title", "2030-01-01T17:00:00Z")
    assert [r["id"] for r in blog.truth() if r not in before] == [edited.id]


def test_an_edit_without_a_body_keeps_the_body() -> None:
    blog = Blog(60)
    before = plain(blog)
    bodies = blog.bodies(before)
    assert blog.bodies(blog.edit(before.index, "Another title", body=False)) == bodies
    second = blog.bodies(blog.edit(before.index))
    assert second != bodies
    assert blog.bodies(blog.edit(before.index, body=False)) == second


def test_edits_add_up_each_later_than_the_one_before() -> None:
    blog = Blog(60)
    before = plain(blog)
    edits = [blog.edit(before.index, "One"), blog.edit(before.index, tags=()), blog.edit(before.index, "Three")]
    assert [(p.title, p.tags) for p in edits] == [("One", before.tags), ("One", ()), ("Three", ())]
    assert [p.modified for p in edits] == [EDITED + timedelta(hours=n) for n in (1, 2, 3)]


def test_an_edit_is_later_than_publication_also_of_posts_published_since() -> None:
    blog = Blog(500)
    for _ in range(50):
        published = blog.publish(("web",))
        edited = blog.edit(published.index)
        assert edited.modified is not None
        assert edited.modified > max(published.published, published.modified or EDITED)


def test_a_removed_posts_record_is_what_it_was() -> None:
    blog = Blog(120)
    for before in list(blog.truth()):
        index = blog.index_of(before["id"])
        assert index is not None
        removed = blog.remove(index)
        assert blog.record(removed) == before
        blog.restore(index)


@pytest.mark.parametrize("indexes", [[0], [119], [28], [61, 60, 62], [9], range(120)])
def test_restored_posts_are_where_they_were(indexes: list[int]) -> None:
    blog, untouched = Blog(120), Blog(120)
    for index in indexes:
        blog.remove(index)
    for index in indexes:
        blog.restore(index)
    assert [blog.listing(slug) for slug in (None, *CATEGORIES)] == [
        untouched.listing(slug) for slug in (None, *CATEGORIES)
    ]
    assert list(blog.truth()) == list(untouched.truth())
    assert [blog.index_of(blog.id_of(i)) for i in range(120)] == list(range(120))


def test_with_ties_two_and_two_are_of_the_same_instant_and_all_else_is_as_without() -> None:
    blog, other = Blog(300, ties=True), Blog(300)
    assert all(blog.post(i).published == blog.post(i + 1).published for i in range(0, 300, 2))
    assert len({blog.post(i).published for i in range(300)}) == 150
    assert [blog.listing(slug) for slug in (None, *CATEGORIES)] == [other.listing(slug) for slug in (None, *CATEGORIES)]
    assert (other.ties, other.lost_in_ties()) == (False, set())
