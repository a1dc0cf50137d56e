"""The bundled blog's other themes and charsets: what their pages hold, and that the ground truth says what they say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from parsel import Selector, SelectorList

from tests.blog import Server
from tests.blog.themes import Theme
from tests.support.themes import NEW, own, page, raw, text

BODIES = {"blocks": ".wp-block-post-content", "no_ids": ".post-body"}
RECORD = [
    *("id", "type", "url", "title", "published_date", "published_at", "modified_at", "authors", "categories", "tags"),
    *("kind", "external", "protected", "excerpt", "image_url", "language"),
    *("content_html", "content_markdown", "content_source"),
]


def slugs(links: SelectorList[Selector]) -> list[str]:
    """The last parts of the addresses that links lead to, sorted."""
    return sorted(urlsplit(href).path.rstrip("/").rpartition("/")[2] for href in links.xpath("@href").getall())


# What pages say, read by hand, is what the truth says


def instants(stamp: str | None) -> dict[str, str | None]:
    assert stamp
    when = datetime.fromisoformat(stamp)
    return {"published_date": stamp[:10], "published_at": f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def listed_block(item: Selector, host: str) -> dict[str, Any]:
    """What a listing of the block theme says of a post."""
    classes = item.attrib["class"].split()
    url = re.sub(r"[?&]ref=blog$", "", item.css("h2.wp-block-post-title > a::attr(href)").get(""))
    protected = "post-password-required" in classes
    return instants(item.css(".wp-block-post-date time::attr(datetime)").get()) | {
        "id": next(int(name[5:]) for name in classes if name.startswith("post-") and name[5:].isdecimal()),
        "url": url,
        "title": text(item.css("h2.wp-block-post-title")),
        "categories": sorted(name[9:] for name in classes if name.startswith("category-")),
        "tags": sorted(name[4:] for name in classes if name.startswith("tag-")),
        "kind": "video" if "fb_content_type-video" in classes else "article",
        "external": urlsplit(url).netloc != host,
        "protected": protected,
        "excerpt": None if protected else text(item.css(".wp-block-post-excerpt__excerpt")),
        "image_url": item.css(".wp-block-post-featured-image img::attr(src)").get(),
    }


def told_by_page(theme: Theme, html: Selector) -> dict[str, Any]:
    """What a post's own page says of it."""
    body_class, image = html.css("body::attr(class)").get(""), html.css("img.wp-post-image::attr(src)").get("")
    css = {
        "blocks": ("h1.wp-block-post-title", ".wp-block-post-date", ".wp-block-post-author-name a"),
        "no_ids": ("h1[itemprop=headline]", ".byline", "a[rel=author]"),
    }[theme]
    terms = (".taxonomy-category a", ".taxonomy-post_tag a") if theme == "blocks" else (".byline a[rel~=category]",)
    return instants(html.css(f"{css[1]} > time::attr(datetime)").get()) | {
        "id": next(int(name[7:]) for name in body_class.split() if name.startswith("postid-")),
        "url": html.css("link[rel=canonical]::attr(href)").get(),
        "title": text(html.css(css[0])),
        "authors": html.css(f"{css[2]}::text").getall(),
        "categories": slugs(html.css(terms[0])),
        "tags": slugs(html.css(terms[1] if len(terms) > 1 else ".full-footer a[rel=tag]")),
        "protected": bool(html.css(f"{BODIES[theme]} form.post-password-form")),
        "image_url": image.partition("?")[0],
        "language": html.css("html::attr(lang)").get(),
    }


def same(record: dict[str, Any], told: dict[str, Any], unknown: dict[str, Any]) -> None:
    """Assert that a record says what is *told*, and of all else that it is *unknown*; the bodies are left out."""
    assert list(record) == RECORD
    assert record == unknown | told | {"type": "post"} | {name: record[name] for name in RECORD[-3:]}


UNKNOWN: dict[str, Any] = {"modified_at": None, "authors": [], "kind": "article", "excerpt": None, "language": None}


def test_the_listings_of_the_block_theme_say_what_the_truth_of_listings_says(themed: Server) -> None:
    themed.theme = "blocks"
    truth = {record["id"]: record for record in themed.blog.truth(articles=False)}
    found: set[int] = set()
    for number in range(1, themed.blog.pages(None) + 1):
        for item in page(themed, f"/page/{number}/").css("ul.wp-block-post-template > li.wp-block-post"):
            told = listed_block(item, urlsplit(themed.url).netloc)
            same(truth[told["id"]], told, UNKNOWN)
            found.add(told["id"])
    assert found == set(truth)
    assert {record["excerpt"] is None for record in truth.values()} == {True, False}
    assert {record["external"] for record in truth.values()} == {True, False}


def test_a_block_themes_pages_and_listings_say_what_the_truth_says(themed: Server) -> None:
    themed.theme = "blocks"
    blog = themed.blog
    listed = {record["id"]: record for record in blog.truth(articles=False)}
    for post in own(blog):
        told = told_by_page("blocks", page(themed, post.path))
        assert told["id"] == post.id
        before = listed.get(post.id, UNKNOWN | {"external": False})
        same(blog.record(post), before | told, UNKNOWN)
    external = [record for record in blog.truth() if record["external"]]
    assert external == [record for record in listed.values() if record["external"]]


def test_without_ids_pages_say_what_the_truth_says_and_listings_say_no_record(themed: Server) -> None:
    themed.theme = "no_ids"
    blog = themed.blog
    for post in own(blog):
        told = told_by_page("no_ids", page(themed, post.path))
        assert told["id"] == post.id
        same(blog.record(post), told | {"external": False}, UNKNOWN)
    assert list(blog.truth(articles=False)) == []
    there = [post.id for post in map(blog.post, blog.whole) if not post.external]
    assert [record["id"] for record in blog.truth()] == there


@pytest.mark.parametrize("theme", NEW)
def test_a_body_is_served_in_whole_and_is_the_records(themed: Server, theme: Theme) -> None:
    themed.theme = theme
    for post in own(themed.blog):
        record = themed.blog.record(post)
        assert (record["content_source"], record["content_html"] is None) == (
            (None, True) if post.protected else ("page", False)
        )
        for number, blocks in enumerate(themed.blog.bodies(post), 1):
            html = raw(f"{themed.url}{post.path}{f'{number}/' if number > 1 else ''}")[0].decode()
            served = "\n".join(block.source for block in blocks)
            assert (served in html) != post.protected
            body = Selector(html).css(BODIES[theme])
            assert len(body) == 1
            links = body.css("a.post-page-numbers::attr(href)").getall()
            assert len(links) == (0 if post.protected else post.parts - 1)


@pytest.mark.parametrize("theme", NEW)
def test_with_rest_a_record_lacks_nothing_that_rest_tells(themed: Server, theme: Theme) -> None:
    blog = themed.blog
    alone = [blog.rest_record(blog.post(index)) for index in range(blog.size - 1, -1, -1)]
    classic = list(blog.truth(rest=True))
    themed.theme = theme
    assert [blog.rest_record(blog.post(index)) for index in range(blog.size - 1, -1, -1)] == alone
    both = list(blog.truth(rest=True))
    assert [record["id"] for record in both] == [record["id"] for record in classic]
    for record, rest, other in zip(both, alone, classic, strict=True):
        names = record["authors"] if theme == "blocks" else other["authors"]
        said = {"authors": names, "excerpt": rest["excerpt"], "modified_at": rest["modified_at"]}
        assert record == other | said
        assert list(rest) == RECORD
        assert rest["content_source"] == ("rest" if rest["content_html"] else None)
