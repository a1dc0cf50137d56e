"""The bundled blog's other themes and charsets: what their pages hold, and that the ground truth says what they say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from parsel import Selector, SelectorList

from tests.blog import Blog, Fault, Server
from tests.blog.blog import CATEGORIES, Post
from tests.blog.charsets import CHARSETS, Charset
from tests.blog.themes import Theme, page_numbers
from tests.support.folders import ROOT

POSTS = 150
NEW: tuple[Theme, ...] = ("blocks", "no_ids")
BODIES = {"blocks": ".wp-block-post-content", "no_ids": ".post-body"}
RECORD = [
    *("id", "type", "url", "title", "published_date", "published_at", "modified_at", "authors", "categories", "tags"),
    *("kind", "external", "protected", "excerpt", "image_url", "language"),
    *("content_html", "content_markdown", "content_source"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with Server(Blog(POSTS)) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    """A blog in the classic theme and in UTF-8, without faults."""
    running.show(Blog(POSTS))
    running.charset = "utf-8"
    running.faults.clear()
    return running


def raw(url: str) -> tuple[bytes, str]:
    """The bytes of an answer, whatever its status, and its ``Content-Type``."""
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.read(), error.headers["Content-Type"]


def page(server: Server, path: str) -> Selector:
    return Selector(raw(server.url + path)[0].decode())


def text(found: Selector | SelectorList[Selector]) -> str:
    return " ".join(" ".join(found.css("::text").getall()).split())


def slugs(links: SelectorList[Selector]) -> list[str]:
    """The last parts of the addresses that links lead to, sorted."""
    return sorted(urlsplit(href).path.rstrip("/").rpartition("/")[2] for href in links.xpath("@href").getall())


def own(blog: Blog) -> list[Post]:
    """The posts with a page of their own, the hidden ones too."""
    return [post for post in map(blog.post, range(blog.size)) if not post.external]


def one(blog: Blog, **facts: Any) -> Post:
    """The newest listed post with a page of its own and these facts."""
    wanted = {"protected": False, "parts": 1} | facts
    posts = (post for post in map(blog.post, blog.whole) if not post.external)
    return next(post for post in posts if all(getattr(post, name) == value for name, value in wanted.items()))


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


def test_the_listings_of_the_block_theme_say_what_the_truth_of_listings_says(server: Server) -> None:
    server.theme = "blocks"
    truth = {record["id"]: record for record in server.blog.truth(articles=False)}
    found: set[int] = set()
    for number in range(1, server.blog.pages(None) + 1):
        for item in page(server, f"/page/{number}/").css("ul.wp-block-post-template > li.wp-block-post"):
            told = listed_block(item, urlsplit(server.url).netloc)
            same(truth[told["id"]], told, UNKNOWN)
            found.add(told["id"])
    assert found == set(truth)
    assert {record["excerpt"] is None for record in truth.values()} == {True, False}
    assert {record["external"] for record in truth.values()} == {True, False}


def test_a_block_themes_pages_and_listings_say_what_the_truth_says(server: Server) -> None:
    server.theme = "blocks"
    blog = server.blog
    listed = {record["id"]: record for record in blog.truth(articles=False)}
    for post in own(blog):
        told = told_by_page("blocks", page(server, post.path))
        assert told["id"] == post.id
        before = listed.get(post.id, UNKNOWN | {"external": False})
        same(blog.record(post), before | told, UNKNOWN)
    external = [record for record in blog.truth() if record["external"]]
    assert external == [record for record in listed.values() if record["external"]]


def test_without_ids_pages_say_what_the_truth_says_and_listings_say_no_record(server: Server) -> None:
    server.theme = "no_ids"
    blog = server.blog
    for post in own(blog):
        told = told_by_page("no_ids", page(server, post.path))
        assert told["id"] == post.id
        same(blog.record(post), told | {"external": False}, UNKNOWN)
    assert list(blog.truth(articles=False)) == []
    there = [post.id for post in map(blog.post, blog.whole) if not post.external]
    assert [record["id"] for record in blog.truth()] == there


@pytest.mark.parametrize("theme", NEW)
def test_a_body_is_served_in_whole_and_is_the_records(server: Server, theme: Theme) -> None:
    server.theme = theme
    for post in own(server.blog):
        record = server.blog.record(post)
        assert (record["content_source"], record["content_html"] is None) == (
            (None, True) if post.protected else ("page", False)
        )
        for number, blocks in enumerate(server.blog.bodies(post), 1):
            html = raw(f"{server.url}{post.path}{f'{number}/' if number > 1 else ''}")[0].decode()
            served = "\n".join(block.source for block in blocks)
            assert (served in html) != post.protected
            body = Selector(html).css(BODIES[theme])
            assert len(body) == 1
            links = body.css("a.post-page-numbers::attr(href)").getall()
            assert len(links) == (0 if post.protected else post.parts - 1)


@pytest.mark.parametrize("theme", NEW)
def test_with_rest_a_record_lacks_nothing_that_rest_tells(server: Server, theme: Theme) -> None:
    blog = server.blog
    alone = [blog.rest_record(blog.post(index)) for index in range(blog.size - 1, -1, -1)]
    classic = list(blog.truth(rest=True))
    server.theme = theme
    assert [blog.rest_record(blog.post(index)) for index in range(blog.size - 1, -1, -1)] == alone
    both = list(blog.truth(rest=True))
    assert [record["id"] for record in both] == [record["id"] for record in classic]
    for record, rest, other in zip(both, alone, classic, strict=True):
        names = record["authors"] if theme == "blocks" else other["authors"]
        said = {"authors": names, "excerpt": rest["excerpt"], "modified_at": rest["modified_at"]}
        assert record == other | said
        assert list(rest) == RECORD
        assert rest["content_source"] == ("rest" if rest["content_html"] else None)


# What the pages look like


def test_the_classic_theme_is_what_it_was(server: Server) -> None:
    html = page(server, "/category/web/")
    assert len(html.css("#main article[id^=post-]")) == 12
    assert html.css("link[rel=next]")
    assert html.css("button.loadmore-btn")
    assert html.css("meta[charset='UTF-8']")
    post = page(server, one(server.blog).path)
    assert post.css("article .entry-content")
    assert post.css("script.yoast-schema-graph")


def test_a_listing_of_the_block_theme_has_no_articles_and_no_ids(server: Server) -> None:
    server.theme = "blocks"
    for path, category in (("/", None), ("/category/web/", CATEGORIES["web"])):
        html = page(server, path)
        assert not html.css("article, [id^=post-], .entry-title, .entry-content, script, #main-menu, .loadmore-btn")
        assert not html.css("link[rel=next], link[rel=canonical], [class*=menu-item]")
        assert len(html.css("ul.wp-block-post-template > li.wp-block-post.type-post.hentry")) == 12
        assert not html.css("ul.wp-block-post-template [id]")
        assert html.css("link[rel='https://api.w.org/']")
        menu = html.css("nav.wp-block-navigation li.wp-block-navigation-item > a::attr(href)").getall()
        assert [server.url + c.path for c in CATEGORIES.values() if c.in_menu] == menu[:-1]
        rest = html.css("link[type='application/json']::attr(href)").get()
        assert rest == (f"{server.url}/wp-json/wp/v2/categories/{category.number}" if category else None)
    assert raw(f"{server.url}/static/loadmore.js")[1] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("theme", "following", "numbers", "before"),
    [
        (
            "blocks",
            "nav.wp-block-query-pagination > a.wp-block-query-pagination-next",
            ".wp-block-query-pagination-numbers > .page-numbers",
            "a.wp-block-query-pagination-previous",
        ),
        (
            "no_ids",
            "nav.pagination a.next.page-numbers",
            "nav.pagination .page-numbers:not(.next):not(.prev)",
            "a.prev",
        ),
    ],
)
def test_pages_of_a_listing_are_linked(server: Server, theme: Theme, following: str, numbers: str, before: str) -> None:
    server.theme = theme
    last = server.blog.pages(None)
    for number in (1, 2, last // 2, last):
        html = page(server, f"/page/{number}/")
        next_page = html.css(f"{following}::attr(href)").get()
        assert next_page == (f"{server.url}/page/{number + 1}/" if number < last else None)
        shown = [text(item) for item in html.css(numbers)]
        assert shown == [str(n or "…") for n in page_numbers(number, last)]
        assert shown[-1] == str(last)
        assert html.css(f"{before}::attr(href)").get() == (
            {1: None, 2: f"{server.url}/"}.get(number, f"{server.url}/page/{number - 1}/")
        )
    assert not page(server, "/category/quantum/").css(".page-numbers")
    server.faults.append(Fault("no_next", "/"))
    html = page(server, "/")
    assert (html.css(following).get(), len(html.css(numbers)) > 1) == (None, True)


def test_page_numbers_leave_out_what_is_far_away() -> None:
    assert page_numbers(1, 3) == [1, 2, 3]
    assert page_numbers(1, 9) == [1, 2, 3, None, 9]
    assert page_numbers(5, 9) == [1, None, 3, 4, 5, 6, 7, None, 9]


def test_a_post_of_the_block_theme_has_what_stock_wordpress_prints(server: Server) -> None:
    server.theme = "blocks"
    post = one(server.blog)
    html = page(server, post.path)
    assert not html.css("article, #main, [id^=post-], .entry-title, .entry-content, meta[property], head script")
    assert html.css("link[rel=shortlink]::attr(href)").get() == f"{server.url}/?p={post.id}"
    assert html.css("link[type='application/json']::attr(href)").get("").endswith(f"/wp/v2/posts/{post.id}")
    assert html.css("link[rel=canonical]::attr(href)").get() == server.blog.link(post)
    assert html.css("main.wp-block-group h1.wp-block-post-title")
    times = html.css("main time::attr(datetime)").getall()
    assert times[0] == post.day.isoformat() < min(times[1:])
    assert len(html.css(".wp-block-comments li[id^=comment-] time")) == 2
    assert {a.attrib["rel"] for a in html.css(".wp-block-post-navigation-link a")} <= {"prev", "next"}


def test_a_theme_without_ids_names_a_post_in_the_bodys_class_and_the_shortlink_alone(server: Server) -> None:
    server.theme = "no_ids"
    post = one(server.blog)
    for path in ("/", "/category/web/", post.path, "/nothing/", "/about/"):
        html = page(server, path)
        assert not html.css("[id], [class*='post-1'], [class*=hentry], head script, meta[property], link[rel=next]")
    listing = page(server, "/category/web/").css("article.card")
    assert [card.css("h2 > a::attr(href)").get() for card in listing] == [
        server.blog.link(p) for p in server.blog.page("web", 1)
    ]
    assert str(post.id) not in "".join(f.partition("href")[0] for f in listing.getall())
    html = page(server, post.path)
    assert html.css("link[rel=shortlink]::attr(href)").get() == f"{server.url}/?p={post.id}"
    assert len(html.css(".related article.card time")) == 6
    assert min(html.css(".comment-list time::attr(datetime)").getall()) > post.day.isoformat()
    assert html.css("div.post-body[itemprop=articleBody]")


@pytest.mark.parametrize("theme", NEW)
def test_a_missing_page_and_an_empty_category_look_like_the_theme(server: Server, theme: Theme) -> None:
    server.theme = theme
    assert "noindex" in page(server, "/nothing/").css("meta[name=robots]::attr(content)").get("")
    empty = page(server, "/category/quantum/")
    assert not empty.css("li.wp-block-post, article")
    assert empty.css(".wp-block-query-no-results, .no-results")
    protected = page(server, one(server.blog, protected=True).path)
    assert text(protected.css("h1")).startswith("Protected: ")
    assert not protected.css(".wp-block-comments, .comments")


# Charsets


def decoded(body: bytes, kind: str, charset: Charset) -> str:
    """The text, read as it is really encoded, and the labels checked."""
    header = {"utf-8": "; charset=utf-8", "cp1251": ""}.get(charset, "; charset=ISO-8859-1")
    assert kind.partition(";")[1] + kind.partition(";")[2] == header
    codec = {"latin1": "iso-8859-1", "cp1251": "cp1251", "bom": "utf-8-sig"}.get(charset, "utf-8")
    assert body.startswith(b"\xef\xbb\xbf") == (charset == "bom")
    return body.decode(codec)


@pytest.mark.parametrize("theme", ["classic", "blocks", "no_ids"])
@pytest.mark.parametrize("charset", CHARSETS)
def test_a_page_in_a_charset_is_the_same_page(server: Server, theme: Theme, charset: Charset) -> None:
    server.theme = theme
    label = {"latin1": "ISO-8859-1", "cp1251": "windows-1251"}.get(charset, "UTF-8")
    for path in ("/", *(post.path for post in own(server.blog)[:12]), "/nothing/"):
        server.charset = "utf-8"
        plain = page(server, path)
        server.charset = charset
        body, kind = raw(server.url + path)
        html = Selector(decoded(body, kind, charset))
        assert html.css("meta::attr(charset)").get() == label
        assert html.xpath("//body//text()").getall() == plain.xpath("//body//text()").getall()
        assert html.xpath("//head/title/text()").get() == plain.xpath("//head/title/text()").get()
    post = next(p for p in own(server.blog) if p.title.startswith("Как"))
    body, _ = raw(server.url + post.path)
    assert ("Как".encode("cp1251") in body) == (charset == "cp1251")
    assert ("Как".encode() in body) == (charset not in ("latin1", "cp1251"))
    umlauts = next(p for p in own(server.blog) if p.title.startswith("Größere"))
    assert ("Größere".encode("latin-1") in raw(server.url + umlauts.path)[0]) == (charset == "latin1")


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("query", ["?per_page=50&_embed", "/0", "?page=0"])
def test_rest_in_a_charset_says_the_same(server: Server, charset: Charset, query: str) -> None:
    url = f"{server.url}/wp-json/wp/v2/posts{query}"
    plain = json.loads(raw(url)[0])
    server.charset = charset
    body, kind = raw(url)
    assert kind.partition(";")[0] == "application/json"
    assert json.loads(decoded(body, kind, charset)) == plain
    if "_embed" in query:
        assert body.isascii() == (charset not in ("mislabelled", "bom"))


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("path", ["/feed/", "/feed/atom/"])
def test_a_feed_in_a_charset_is_the_same_feed(server: Server, charset: Charset, path: str) -> None:
    def texts(body: bytes) -> list[str | None]:
        return [element.text for element in ElementTree.fromstring(body).iter()]

    plain = texts(raw(server.url + path)[0])
    server.charset = charset
    body, kind = raw(server.url + path)
    text = decoded(body, kind, charset)
    label = {"latin1": "ISO-8859-1", "cp1251": "windows-1251"}.get(charset, "UTF-8")
    assert text.startswith(f'<?xml version="1.0" encoding="{label}"?>')
    assert texts(body) == plain


def test_what_no_charset_concerns_stays_as_it_is(server: Server) -> None:
    paths = ("/robots.txt", "/sitemap_index.xml", "/static/loadmore.js")
    before = [raw(server.url + path) for path in paths]
    server.charset = "mislabelled"
    assert [raw(server.url + path) for path in paths] == before


# Switches


def test_another_blog_brings_its_own_theme(server: Server) -> None:
    blog = server.blog
    server.theme = "blocks"
    server.show(Blog(30, theme="no_ids"))
    assert [blog.theme, server.theme] == ["blocks", "no_ids"]


def test_the_command_line_takes_a_theme_and_a_charset() -> None:
    line = [sys.executable, "-m", "tests.blog", "--posts", "30", "--theme", "blocks", "--charset", "latin1"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        body, kind = raw(process.stdout.readline().strip())
        process.terminate()
        assert process.wait(10) == 0
    assert kind == "text/html; charset=ISO-8859-1"
    assert b'<meta charset="ISO-8859-1" />' in body
    assert b"wp-block-post-template" in body
