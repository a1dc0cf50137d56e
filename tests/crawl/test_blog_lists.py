"""What the bundled blog lists: REST, sitemaps, feeds, and the faults and ties in them."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from itertools import chain, pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.blog import Blog, Fault, Server
from tests.blog.blog import CATEGORIES, EDITED, ZONE
from tests.support.blogs import get
from tests.support.crawls import Serve

# REST


def rest(server: Server, query: str = "", what: str = "posts") -> tuple[int, Any, tuple[str, str]]:
    """The status, the JSON and the two totals of an answer."""
    status, text, headers = get(f"{server.url}/wp-json/wp/v2/{what}{query}")
    return status, json.loads(text), (headers["X-WP-Total"], headers["X-WP-TotalPages"])


def numbers(server: Server, query: str) -> list[int | None]:
    """The numbers of the posts that REST lists."""
    return [server.blog.index_of(post["id"]) for post in rest(server, query)[1]]


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
