"""The pages of the bundled blog's themes look like real ones; and its charsets."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest
from parsel import Selector

from tests.blog import Blog, Fault, Server
from tests.blog.blog import CATEGORIES, Post
from tests.blog.charsets import CHARSETS, Charset
from tests.blog.themes import Theme, page_numbers
from tests.support.folders import ROOT
from tests.support.themes import NEW, own, page, raw, text


def one(blog: Blog, **facts: Any) -> Post:
    """The newest listed post with a page of its own and these facts."""
    wanted = {"protected": False, "parts": 1} | facts
    posts = (post for post in map(blog.post, blog.whole) if not post.external)
    return next(post for post in posts if all(getattr(post, name) == value for name, value in wanted.items()))


# What the pages look like


def test_the_classic_theme_is_what_it_was(themed: Server) -> None:
    html = page(themed, "/category/web/")
    assert len(html.css("#main article[id^=post-]")) == 12
    assert html.css("link[rel=next]")
    assert html.css("button.loadmore-btn")
    assert html.css("meta[charset='UTF-8']")
    post = page(themed, one(themed.blog).path)
    assert post.css("article .entry-content")
    assert post.css("script.yoast-schema-graph")


def test_a_listing_of_the_block_theme_has_no_articles_and_no_ids(themed: Server) -> None:
    themed.theme = "blocks"
    for path, category in (("/", None), ("/category/web/", CATEGORIES["web"])):
        html = page(themed, path)
        assert not html.css("article, [id^=post-], .entry-title, .entry-content, script, #main-menu, .loadmore-btn")
        assert not html.css("link[rel=next], link[rel=canonical], [class*=menu-item]")
        assert len(html.css("ul.wp-block-post-template > li.wp-block-post.type-post.hentry")) == 12
        assert not html.css("ul.wp-block-post-template [id]")
        assert html.css("link[rel='https://api.w.org/']")
        menu = html.css("nav.wp-block-navigation li.wp-block-navigation-item > a::attr(href)").getall()
        assert [themed.url + c.path for c in CATEGORIES.values() if c.in_menu] == menu[:-1]
        rest = html.css("link[type='application/json']::attr(href)").get()
        assert rest == (f"{themed.url}/wp-json/wp/v2/categories/{category.number}" if category else None)
    assert raw(f"{themed.url}/static/loadmore.js")[1] == "text/html; charset=utf-8"


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
def test_pages_of_a_listing_are_linked(themed: Server, theme: Theme, following: str, numbers: str, before: str) -> None:
    themed.theme = theme
    last = themed.blog.pages(None)
    for number in (1, 2, last // 2, last):
        html = page(themed, f"/page/{number}/")
        next_page = html.css(f"{following}::attr(href)").get()
        assert next_page == (f"{themed.url}/page/{number + 1}/" if number < last else None)
        shown = [text(item) for item in html.css(numbers)]
        assert shown == [str(n or "…") for n in page_numbers(number, last)]
        assert shown[-1] == str(last)
        assert html.css(f"{before}::attr(href)").get() == (
            {1: None, 2: f"{themed.url}/"}.get(number, f"{themed.url}/page/{number - 1}/")
        )
    assert not page(themed, "/category/quantum/").css(".page-numbers")
    themed.faults.append(Fault("no_next", "/"))
    html = page(themed, "/")
    assert (html.css(following).get(), len(html.css(numbers)) > 1) == (None, True)


def test_page_numbers_leave_out_what_is_far_away() -> None:
    assert page_numbers(1, 3) == [1, 2, 3]
    assert page_numbers(1, 9) == [1, 2, 3, None, 9]
    assert page_numbers(5, 9) == [1, None, 3, 4, 5, 6, 7, None, 9]


def test_a_post_of_the_block_theme_has_what_stock_wordpress_prints(themed: Server) -> None:
    themed.theme = "blocks"
    post = one(themed.blog)
    html = page(themed, post.path)
    assert not html.css("article, #main, [id^=post-], .entry-title, .entry-content, meta[property], head script")
    assert html.css("link[rel=shortlink]::attr(href)").get() == f"{themed.url}/?p={post.id}"
    assert html.css("link[type='application/json']::attr(href)").get("").endswith(f"/wp/v2/posts/{post.id}")
    assert html.css("link[rel=canonical]::attr(href)").get() == themed.blog.link(post)
    assert html.css("main.wp-block-group h1.wp-block-post-title")
    times = html.css("main time::attr(datetime)").getall()
    assert times[0] == post.day.isoformat() < min(times[1:])
    assert len(html.css(".wp-block-comments li[id^=comment-] time")) == 2
    assert {a.attrib["rel"] for a in html.css(".wp-block-post-navigation-link a")} <= {"prev", "next"}


def test_a_theme_without_ids_names_a_post_in_the_bodys_class_and_the_shortlink_alone(themed: Server) -> None:
    themed.theme = "no_ids"
    post = one(themed.blog)
    for path in ("/", "/category/web/", post.path, "/nothing/", "/about/"):
        html = page(themed, path)
        assert not html.css("[id], [class*='post-1'], [class*=hentry], head script, meta[property], link[rel=next]")
    listing = page(themed, "/category/web/").css("article.card")
    assert [card.css("h2 > a::attr(href)").get() for card in listing] == [
        themed.blog.link(p) for p in themed.blog.page("web", 1)
    ]
    assert str(post.id) not in "".join(f.partition("href")[0] for f in listing.getall())
    html = page(themed, post.path)
    assert html.css("link[rel=shortlink]::attr(href)").get() == f"{themed.url}/?p={post.id}"
    assert len(html.css(".related article.card time")) == 6
    assert min(html.css(".comment-list time::attr(datetime)").getall()) > post.day.isoformat()
    assert html.css("div.post-body[itemprop=articleBody]")


@pytest.mark.parametrize("theme", NEW)
def test_a_missing_page_and_an_empty_category_look_like_the_theme(themed: Server, theme: Theme) -> None:
    themed.theme = theme
    assert "noindex" in page(themed, "/nothing/").css("meta[name=robots]::attr(content)").get("")
    empty = page(themed, "/category/quantum/")
    assert not empty.css("li.wp-block-post, article")
    assert empty.css(".wp-block-query-no-results, .no-results")
    protected = page(themed, one(themed.blog, protected=True).path)
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
def test_a_page_in_a_charset_is_the_same_page(themed: Server, theme: Theme, charset: Charset) -> None:
    themed.theme = theme
    label = {"latin1": "ISO-8859-1", "cp1251": "windows-1251"}.get(charset, "UTF-8")
    for path in ("/", *(post.path for post in own(themed.blog)[:12]), "/nothing/"):
        themed.charset = "utf-8"
        plain = page(themed, path)
        themed.charset = charset
        body, kind = raw(themed.url + path)
        html = Selector(decoded(body, kind, charset))
        assert html.css("meta::attr(charset)").get() == label
        assert html.xpath("//body//text()").getall() == plain.xpath("//body//text()").getall()
        assert html.xpath("//head/title/text()").get() == plain.xpath("//head/title/text()").get()
    post = next(p for p in own(themed.blog) if p.title.startswith("Как"))
    body, _ = raw(themed.url + post.path)
    assert ("Как".encode("cp1251") in body) == (charset == "cp1251")
    assert ("Как".encode() in body) == (charset not in ("latin1", "cp1251"))
    umlauts = next(p for p in own(themed.blog) if p.title.startswith("Größere"))
    assert ("Größere".encode("latin-1") in raw(themed.url + umlauts.path)[0]) == (charset == "latin1")


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("query", ["?per_page=50&_embed", "/0", "?page=0"])
def test_rest_in_a_charset_says_the_same(themed: Server, charset: Charset, query: str) -> None:
    url = f"{themed.url}/wp-json/wp/v2/posts{query}"
    plain = json.loads(raw(url)[0])
    themed.charset = charset
    body, kind = raw(url)
    assert kind.partition(";")[0] == "application/json"
    assert json.loads(decoded(body, kind, charset)) == plain
    if "_embed" in query:
        assert body.isascii() == (charset not in ("mislabelled", "bom"))


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("path", ["/feed/", "/feed/atom/"])
def test_a_feed_in_a_charset_is_the_same_feed(themed: Server, charset: Charset, path: str) -> None:
    def texts(body: bytes) -> list[str | None]:
        return [element.text for element in ElementTree.fromstring(body).iter()]

    plain = texts(raw(themed.url + path)[0])
    themed.charset = charset
    body, kind = raw(themed.url + path)
    text = decoded(body, kind, charset)
    label = {"latin1": "ISO-8859-1", "cp1251": "windows-1251"}.get(charset, "UTF-8")
    assert text.startswith(f'<?xml version="1.0" encoding="{label}"?>')
    assert texts(body) == plain


def test_what_no_charset_concerns_stays_as_it_is(themed: Server) -> None:
    paths = ("/robots.txt", "/sitemap_index.xml", "/static/loadmore.js")
    before = [raw(themed.url + path) for path in paths]
    themed.charset = "mislabelled"
    assert [raw(themed.url + path) for path in paths] == before


# Switches


def test_another_blog_brings_its_own_theme(themed: Server) -> None:
    blog = themed.blog
    themed.theme = "blocks"
    themed.show(Blog(30, theme="no_ids"))
    assert [blog.theme, themed.theme] == ["blocks", "no_ids"]


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
