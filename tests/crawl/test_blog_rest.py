"""The bundled blog's REST API says what WordPress' says."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from html import unescape
from typing import Any

import pytest

from tests.blog import Blog
from tests.blog.blog import CATEGORIES, EDITED, ZONE
from tests.support.blogs import get
from tests.support.crawls import Serve
from tests.support.lists import numbers, rest


@pytest.mark.parametrize(
    ("query", "wanted", "totals"),
    [
        ("", range(119, 109, -1), ("120", "12")),
        ("?per_page=7&page=18", [0], ("120", "18")),
        ("?per_page=100&page=2", range(19, -1, -1), ("120", "2")),
        ("?per_page=5&order=asc", range(5), ("120", "24")),
        ("?per_page=5&offset=12&page=3", range(107, 102, -1), ("120", "24")),
        ("?offset=117", [2, 1, 0], ("120", "12")),
        ("?offset=120", [], ("0", "0")),  # as WordPress: it counts none where a first page is empty
    ],
)
def test_rest_pages(serve: Serve, query: str, wanted: Any, totals: tuple[str, str]) -> None:
    server = serve()
    assert (numbers(server, query), rest(server, query)[2]) == (list(wanted), totals)


@pytest.mark.parametrize(
    "query",
    [
        *("per_page=0", "per_page=101", "per_page=ten", "page=0", "offset=-1", "orderby=titles", "order=up"),
        *("modified_after=yesterday", "modified_after=2020-01-01", "modified_after=2020-13-01T00:00:00"),
    ],
)
def test_rest_refuses_what_it_does_not_know(serve: Serve, query: str) -> None:
    status, error, _ = rest(serve(), f"?{query}")
    assert (status, error["code"], error["data"]["status"]) == (400, "rest_invalid_param", 400)
    assert list(error["data"]["params"]) == [query.partition("=")[0]]


def test_rest_has_no_page_past_the_last(serve: Serve) -> None:
    server = serve()
    status, error, _ = rest(server, "?per_page=100&page=3")
    assert (status, error["code"]) == (400, "rest_post_invalid_page_number")
    assert rest(server, "?modified_after=2100-01-01T00:00:00") == (200, [], ("0", "0"))


def test_rest_sorts_by_id_and_modification(serve: Serve) -> None:
    server = serve()
    ids = [post["id"] for post in rest(server, "?per_page=100&orderby=id&order=asc")[1]]
    assert ids == sorted(map(server.blog.id_of, range(120)))[:100]
    assert ids != [post["id"] for post in rest(server, "?per_page=100&order=asc")[1]]
    assert numbers(server, "?per_page=1&orderby=modified") != [3]
    edited = server.blog.edit(3)
    changed = [post["modified_gmt"] for post in rest(server, "?per_page=100&orderby=modified")[1]]
    assert changed == sorted(changed, reverse=True)
    assert changed[0] == f"{edited.modified:%Y-%m-%dT%H:%M:%S}"


def test_rest_lists_what_was_modified_after_an_instant(serve: Serve) -> None:
    server = serve()
    server.blog.edit(7)  # EDITED + 1 h
    server.blog.edit(8)
    server.blog.edit(8)
    server.blog.publish(("web",))
    instant = EDITED + timedelta(hours=1)
    for zone, text in [(UTC, "%Y-%m-%dT%H:%M:%SZ"), (UTC, "%Y-%m-%dT%H:%M:%S%%2B00:00"), (ZONE, "%Y-%m-%dT%H:%M:%S")]:
        for seconds, wanted in [(-1, {7, 8}), (0, {8}), (3599, {8}), (3600, set())]:
            after = (instant + timedelta(seconds=seconds)).astimezone(zone)
            assert set(numbers(server, f"?modified_after={after:{text}}")) == wanted
    middle = server.blog.post(60).changed
    wanted = {i for i in range(121) if server.blog.post(i).changed > middle}
    assert set(numbers(server, f"?per_page=100&modified_after={middle:%Y-%m-%dT%H:%M:%SZ}")) == wanted


def test_rest_gives_the_fields_that_are_asked_for(serve: Serve) -> None:
    server = serve()
    everything = rest(server, "?per_page=1")[1][0]
    assert set(everything) == {
        *("id", "date", "date_gmt", "guid", "modified", "modified_gmt", "slug", "status", "type", "link", "title"),
        *("content", "excerpt", "author", "featured_media", "format", "categories", "tags", "class_list", "_links"),
    }
    some = rest(server, "?per_page=1&_fields=id,%20_links.author,title.rendered,nothing")[1][0]
    assert some == {name: everything[name] for name in ("id", "_links", "title")}
    one = rest(server, f"/{everything['id']}?_fields=content")[1]
    assert one == {"content": everything["content"]}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("_embed", {"author", "wp:featuredmedia", "wp:term"}),
        ("_embed=author,wp:term", {"author", "wp:term"}),
        ("_embed=author&_fields=id,_links.author,_embedded", {"author"}),
        ("_embed=author&_fields=id,_embedded", None),
        ("_embed=author&_fields=id,_links", None),
        ("_fields=_links,_embedded", None),
    ],
)
def test_rest_embeds_what_is_asked_for(serve: Serve, query: str, wanted: set[str] | None) -> None:
    server = serve()
    listed = rest(server, f"?per_page=1&{query}")[1][0]
    assert (set(listed["_embedded"]) if "_embedded" in listed else None) == wanted
    assert rest(server, f"/{server.blog.id_of(119)}?{query}")[1] == listed


def said_by_rest(item: dict[str, Any]) -> dict[str, Any]:
    """What a reader of REST makes of a post: all of its record but the body."""
    external = "example" in item["link"]
    classes, embedded = item["class_list"], item["_embedded"]
    return {
        "id": item["id"],
        "url": re.sub(r"[?&]ref=blog$", "", item["link"]),
        "title": unescape(item["title"]["rendered"]),
        "published_date": item["date"][:10],
        "published_at": item["date_gmt"] + "Z",
        "modified_at": item["modified_gmt"] + "Z",
        "authors": [author["name"] for author in embedded["author"]],
        "categories": [term["slug"] for term in embedded["wp:term"][0]],
        "tags": [term["slug"] for term in embedded["wp:term"][1]],
        "kind": "video" if "fb_content_type-video" in classes else "article",
        "external": external,
        "protected": "post-password-required" in classes,
        "excerpt": unescape(item["excerpt"]["rendered"].strip().removeprefix("<p>").removesuffix("</p>")) or None,
        "image_url": embedded["wp:featuredmedia"][0]["source_url"],
        "language": None,
    }


def test_rest_says_what_its_records_say(serve: Serve) -> None:
    server = serve(200)
    server.blog.edit(28, "R&D <again> — it’s “new”", ("incident",))
    items = [item for page in (1, 2) for item in rest(server, f"?per_page=100&page={page}&_embed")[1]]
    for item, post in zip(items, map(server.blog.post, range(199, -1, -1)), strict=True):
        record = server.blog.rest_record(post)
        bodies = record.pop("content_html"), record.pop("content_markdown")
        del record["type"], record["content_source"]
        assert said_by_rest(item) == record
        source = [] if bodies == (None, None) else server.blog.bodies(post)
        parts = ["\n".join(block.source for block in part) for part in source]
        assert item["content"] == {"rendered": "\n<!--nextpage-->\n".join(parts), "protected": post.protected}
        assert item["guid"] == {"rendered": f"{server.url}/?p={post.id}"}
        assert (item["author"], item["featured_media"]) == (
            item["_embedded"]["author"][0]["id"],
            item["_embedded"]["wp:featuredmedia"][0]["id"],
        )
        for name, terms in zip(("categories", "tags"), item["_embedded"]["wp:term"], strict=True):
            assert item[name] == [term["id"] for term in terms]
        classes = {f"post-{post.id}", "hentry", *(f"category-{c}" for c in post.categories)}
        assert classes | {f"tag-{tag}" for tag in post.tags} <= set(item["class_list"])
    assert {item["content"]["rendered"].count("<!--nextpage-->") for item in items} == {0, 2}
    assert {item["excerpt"]["rendered"] == "" for item in items} == {False, True}
    assert len({item["author"] for item in items}) == len({server.blog.post(i).authors[0] for i in range(200)})
    raw = get(f"{server.url}/wp-json/wp/v2/posts/{server.blog.id_of(28)}")[1]
    assert "R&#038;D &lt;again&gt; &#8212; it&#8217;s &#8220;new&#8221;" in raw
    assert "It&#8217;s R&#038;D [&hellip;]</p>" in raw


def test_rest_lists_categories_in_pages_with_counts_of_their_own(serve: Serve) -> None:
    server = serve()
    removed = server.blog.remove(50)
    added = server.blog.publish(("language-models",))
    there = [server.blog.post(i) for i in range(121) if i != 50]
    found = []
    for page, size in [(1, 10), (2, 7), (3, 0)]:
        status, categories, totals = rest(server, f"?page={page}", "categories")
        assert (status, len(categories), totals) == (200, size, ("17", "2"))
        found += categories
    assert {c["slug"]: c["count"] for c in found} == {
        slug: sum(slug in post.categories for post in there) for slug in CATEGORIES
    }
    assert {c["taxonomy"] for c in found} == {"category"}
    assert next(c for c in found if c["slug"] == "language-models")["parent"] == 40
    only = rest(server, "?per_page=100&_fields=id,count", "categories")[1]
    assert only == [{"id": c["id"], "count": c["count"]} for c in found]
    assert rest(server, "?per_page=101", "categories")[1]["code"] == "rest_invalid_param"
    server.blog.restore(50)
    server.blog.remove(added.index)
    server.blog.remove(added.index)
    assert server.blog.counts == Blog(120).counts
    assert set(removed.categories) <= set(server.blog.counts)
