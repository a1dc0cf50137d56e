"""What the bundled blog lists: REST, sitemaps, feeds, and the faults and ties in them."""

from __future__ import annotations

import gzip
import re
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from itertools import chain, pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.blog import Blog, Fault
from tests.blog.blog import CATEGORIES, ZONE
from tests.support.blogs import get
from tests.support.crawls import Serve
from tests.support.lists import numbers, rest

# Sitemaps


def sitemap(url: str) -> list[tuple[str, str | None]]:
    """The addresses and dates of a sitemap."""
    with urllib.request.urlopen(url) as answer:
        body, kind = answer.read(), answer.headers.get_content_type()
        assert answer.headers["Content-Encoding"] is None
    assert kind == ("application/x-gzip" if url.endswith(".gz") else "application/xml")
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    root = ElementTree.fromstring(gzip.decompress(body) if url.endswith(".gz") else body)
    return [(entry.findtext("s:loc", "", names), entry.findtext("s:lastmod", None, names)) for entry in root]


INDEXES = {"yoast": "/sitemap_index.xml", "wordpress": "/wp-sitemap.xml", "gzip": "/sitemap_index.xml.gz"}
CHILDREN = {
    "yoast": ["/post-sitemap.xml", "/page-sitemap.xml", "/category-sitemap.xml"],
    "wordpress": [
        "/wp-sitemap-posts-post-1.xml",
        "/wp-sitemap-posts-page-1.xml",
        "/wp-sitemap-taxonomies-category-1.xml",
    ],
    "gzip": ["/post-sitemap.xml.gz", "/page-sitemap.xml.gz", "/category-sitemap.xml.gz"],
}


@pytest.mark.parametrize("kind", ["yoast", "wordpress", "gzip", "none"])
def test_only_the_sitemaps_that_are_on_answer(serve: Serve, kind: Any) -> None:
    server = serve()
    server.sitemap = kind
    robots = get(f"{server.url}/robots.txt")[1]
    named = [f"{server.url}{INDEXES[kind]}"] if kind in INDEXES else []
    assert re.findall("Sitemap: (.*)", robots) == named
    for other, index in INDEXES.items():
        if other == kind:
            assert [address for address, _ in sitemap(server.url + index)] == [server.url + p for p in CHILDREN[kind]]
        else:
            assert {get(server.url + path)[0] for path in (index, *CHILDREN[other])} == {404}
    assert get(f"{server.url}/post-sitemap2.xml")[0] == get(f"{server.url}/wp-sitemap-posts-post-2.xml")[0] == 404


@pytest.mark.parametrize("kind", ["yoast", "wordpress", "gzip"])
def test_sitemaps_have_every_post_of_the_site_with_its_date(serve: Serve, kind: Any) -> None:
    server = serve()
    server.sitemap = kind
    server.blog.remove(3)
    posts = [p for p in map(server.blog.post, range(120)) if not p.external and p.index != 3]
    zone = ZONE if kind == "wordpress" else UTC
    wanted = [(server.url + p.path, p.changed.astimezone(zone).isoformat()) for p in posts]
    newest = max(p.changed for p in posts).astimezone(zone).isoformat()
    front = [(f"{server.url}/", newest)]
    of_posts, of_pages, of_categories = (sitemap(server.url + path) for path in CHILDREN[kind])
    assert of_posts == (wanted if kind == "wordpress" else [*front, *wanted])
    assert [a for a, _ in of_pages if get(a)[0] == 200] == [a for a, _ in of_pages]
    assert (of_pages[0] == front[0]) == (kind == "wordpress")
    filled = {server.url + c.path for c in CATEGORIES.values() if c.slug != "quantum"}
    assert {address for address, _ in of_categories} == filled
    assert sitemap(server.url + INDEXES[kind])[0][1] == (None if kind == "wordpress" else newest)


def test_long_sitemaps_are_cut(serve: Serve) -> None:
    server = serve(2200)
    posts = [server.url + p.path for p in map(server.blog.post, range(2200)) if not p.external]
    index = [address for address, _ in sitemap(f"{server.url}/sitemap_index.xml")]
    assert index[:3] == [f"{server.url}/post-sitemap{number}.xml" for number in ("", 2, 3)]
    files = [[address for address, _ in sitemap(address)] for address in index[:3]]
    assert [len(file) for file in files] == [1001, 1000, len(posts) - 2000]
    assert [*chain(*files)][1:] == posts
    server.sitemap = "wordpress"
    files = [[a for a, _ in sitemap(f"{server.url}/wp-sitemap-posts-post-{n}.xml")] for n in (1, 2)]
    assert ([len(file) for file in files], [*chain(*files)]) == ([2000, len(posts) - 2000], posts)


# Feeds


def feed(url: str) -> list[dict[str, Any]]:
    """The entries of a feed, RSS or Atom."""
    root = ElementTree.fromstring(get(url)[1])
    if root.tag == "rss":
        return [
            {
                "guid": item.findtext("guid"),
                "permalink": item.find("guid").get("isPermaLink"),  # type: ignore[union-attr]
                "link": item.findtext("link"),
                "title": item.findtext("title"),
                "published": parsedate_to_datetime(item.findtext("pubDate", "")),
            }
            for item in root.iter("item")
        ]
    atom = {"a": "http://www.w3.org/2005/Atom"}
    return [
        {
            "guid": entry.findtext("a:id", None, atom),
            "link": entry.find("a:link[@rel='alternate']", atom).get("href"),  # type: ignore[union-attr]
            "title": unescape(entry.findtext("a:title", "", atom)),
            "published": datetime.fromisoformat(entry.findtext("a:published", "", atom)),
            "updated": datetime.fromisoformat(entry.findtext("a:updated", "", atom)),
        }
        for entry in root.iterfind("a:entry", atom)
    ]


@pytest.mark.parametrize("slug", [None, "machine-learning"])
@pytest.mark.parametrize("atom", [False, True])
def test_feeds_have_every_listed_post_in_pages_of_ten(serve: Serve, slug: str | None, atom: bool) -> None:
    server = serve()
    url = f"{server.url}{CATEGORIES[slug].path if slug else '/'}feed/{'atom/' if atom else ''}"
    listing = server.blog.listing(slug)
    pages = -(-len(listing) // 10)
    assert feed(url) == feed(f"{url}?paged=1")
    found = [entry for number in range(1, pages + 1) for entry in feed(f"{url}?paged={number}")]
    assert found == [
        {
            "guid": f"{server.url}/?p={p.id}",
            "link": p.path if p.external else server.url + p.path,
            "title": f"Protected: {p.title}" if p.protected else p.title,
            "published": p.published,
        }
        | ({"updated": p.changed} if atom else {"permalink": "false"})
        for p in map(server.blog.post, listing)
    ]
    assert get(f"{url}?paged={pages + 1}")[0] == 404
    assert get(f"{server.url}/category/nothing/feed/")[0] == 404
    assert feed(f"{server.url}/category/quantum/feed/") == []


# Faults of the lists


def test_the_fault_fewer_leaves_every_second_post_out_of_a_list(serve: Serve) -> None:
    server = serve(faults=[Fault("fewer", ".*")])
    even = [server.blog.post(i) for i in range(118, -1, -2)]
    status, posts, totals = rest(server, "?per_page=100")
    assert (status, [p["id"] for p in posts], totals) == (200, [p.id for p in even], ("60", "1"))
    addresses = [address for address, _ in sitemap(f"{server.url}/post-sitemap.xml")]
    assert addresses[1:] == [server.url + p.path for p in reversed(even) if not p.external]
    listed = [p for p in even if p.index in server.blog.whole]
    for path in ("feed/", "feed/atom/"):
        found = [entry["link"] for n in range(1, 7) for entry in feed(f"{server.url}/{path}?paged={n}")]
        assert found == [p.path if p.external else server.url + p.path for p in listed]
        assert get(f"{server.url}/{path}?paged=7")[0] == 404


def test_the_fault_overclaims_counts_seven_posts_too_many(serve: Serve) -> None:
    server = serve(faults=[Fault("overclaims", "/wp-json/wp/v2/posts")])
    assert rest(server, "?per_page=60&page=2")[2] == ("127", "3")
    assert len(rest(server, "?per_page=60&page=2")[1]) == 60
    assert rest(server, "?per_page=60&page=3") == (200, [], ("127", "3"))
    assert rest(server, "?per_page=60&page=4")[0] == 400


def test_the_fault_remove_takes_a_post_down_before_the_answer(serve: Serve) -> None:
    server = serve(faults=[Fault("remove", "/wp-json/.*", times=1, after=1, post=119)])
    assert numbers(server, "?per_page=2") == [119, 118]
    assert numbers(server, "?per_page=2&page=2") == [116, 115]  # 117 slipped onto the first page
    assert 119 in server.blog.removed
    assert get(server.url + server.blog.post(119).path)[0] == 404


# Ties


def test_with_ties_a_page_repeats_the_one_before_and_loses_a_post(serve: Serve) -> None:
    server = serve(120)
    blog = Blog(600, ties=True)
    server.show(blog)
    repeated, named = 0, set()
    for slug in CATEGORIES:
        last = None
        listing = blog.listing(slug)
        for number in range(1, blog.pages(slug) + 1):
            html = get(f"{server.url}{CATEGORIES[slug].path}page/{number}/")[1]
            page = [int(n) for n in re.findall(r'<article class="post [^>]* id="post-(\d+)', html)]
            straight = [blog.id_of(i) for i in listing[(number - 1) * 12 : number * 12]]
            first = listing[(number - 1) * 12]
            tied = last is not None and first % 2 == 0 and listing[(number - 1) * 12 - 1] == first + 1
            assert page == ([last, *straight[1:]] if tied else straight)
            repeated += tied
            last = page[-1]
            named.update(page)
    lost = {i for i in blog.whole if blog.id_of(i) not in named}
    assert blog.lost_in_ties() == lost != set()
    assert repeated >= len(lost)
    assert not any(blog.hidden(i) for i in lost)
    gone = lost.pop()
    blog.hide(gone)
    assert gone not in blog.lost_in_ties()


def test_with_ties_feeds_repeat_and_lose_posts_too(serve: Serve) -> None:
    server = serve(120)
    server.show(Blog(600, ties=True))
    pages = [[e["guid"] for e in feed(f"{server.url}/feed/?paged={n}")] for n in range(1, 59)]
    again = [n for n, (a, b) in enumerate(pairwise(pages)) if a[-1] == b[0]]
    assert again
    assert len({guid for page in pages for guid in page}) == len(server.blog.whole) - len(again)
