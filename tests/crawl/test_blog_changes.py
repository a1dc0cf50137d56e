"""What happens to the bundled blog between two crawls, and the validators that tell of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from tests.blog import Blog, Fault, Server
from tests.blog.blog import CATEGORIES
from tests.support.blogs import get, plain
from tests.support.crawls import Serve

# Between two crawls


def named(server: Server) -> set[int]:
    """The IDs of the posts that listings, Load More, feeds, REST lists or sitemaps name."""
    html, links = "", ""
    for slug in (None, *CATEGORIES):
        path = CATEGORIES[slug].path if slug else "/"
        links += get(f"{server.url}{path}feed/")[1] + get(f"{server.url}{path}feed/atom/")[1]
        for number in range(1, server.blog.pages(slug) + 1):
            html += get(f"{server.url}{path}page/{number}/")[1]
            query = json.dumps({"category_name": slug or ""})
            html += get(f"{server.url}/wp-json/blog/v1/loadmore", {"query": query, "page": str(number - 1)})[1]
    links += get(f"{server.url}/post-sitemap.xml")[1]
    rest = rest_posts(server)
    return {
        *(int(n) for n in re.findall(r"<article[^>]* id=\"post-(\d+)", html)),
        *(int(n) for n in re.findall(r"-(\d+)/", links)),
        *(post["id"] for post in rest),
    }


def rest_posts(server: Server) -> list[dict[str, Any]]:
    """What REST lists, all pages of it."""
    url, found = f"{server.url}/wp-json/wp/v2/posts?per_page=50", []
    pages = int(get(url)[2]["X-WP-TotalPages"])
    for page in range(1, pages + 1):
        found += json.loads(get(f"{url}&page={page}")[1])
    return found


def test_an_edit_is_served_in_listing_and_article(serve: Serve) -> None:
    server = serve()
    edited = server.blog.edit(plain(server.blog).index, "Another title", ("open-source",))
    for path in ("/", CATEGORIES[edited.categories[0]].path):
        html = get(server.url + path)[1]
        tile = html[html.index(f'id="post-{edited.id}"') :].partition("</article>")[0]
        assert tile.count("Read More about Another title") == 2
    html = get(server.url + edited.path)[1]
    assert "<title>Another title - " in html
    assert f'href="{server.url}/tag/open-source/" rel="tag">open-source</a>' in html
    assert "\n".join(block.source for block in server.blog.bodies(edited)[0]) in html


def test_rest_and_sitemap_say_when_a_post_was_edited(serve: Serve) -> None:
    server = serve()
    edited = server.blog.edit(plain(server.blog).index)
    rest = json.loads(get(f"{server.url}/wp-json/wp/v2/posts/{edited.id}")[1])
    assert rest["modified_gmt"] == "2030-01-01T17:00:00"
    location = f"<loc>{server.url}{edited.path}</loc><lastmod>2030-01-01T17:00:00+00:00</lastmod>"
    assert location in get(f"{server.url}/post-sitemap.xml")[1]


def test_a_removed_post_is_named_nowhere(serve: Serve) -> None:
    server = serve()
    before = named(server)
    removed = [server.blog.remove(index).id for index in (0, 9, 28, 61, 100, 119)]  # 9: hidden; 28: external
    assert named(server) == before - set(removed)
    assert len(before) == 120


def test_a_removed_posts_own_addresses_answer_404(serve: Serve) -> None:
    server = serve()
    removed = server.blog.remove(plain(server.blog).index)
    status, html, _ = get(server.url + removed.path)
    assert (status, "<title>Page not found - " in html) == (404, True)
    assert get(f"{server.url}/wp-json/wp/v2/posts/{removed.id}")[0] == 404


def test_a_removed_post_is_in_no_other_posts_tiles(serve: Serve) -> None:
    server = serve()
    newest = plain(server.blog)
    neighbour = server.blog.post((newest.index + 1) % server.blog.size)
    assert f'id="post-{neighbour.id}"' in get(server.url + newest.path)[1]
    server.blog.remove(neighbour.index)
    html = get(server.url + newest.path)[1]
    assert (f'id="post-{neighbour.id}"' in html, html.count('<div class="article-grid col-12')) == (False, 5)


def test_counts_and_pages_shrink_with_removals(serve: Serve) -> None:
    server = serve()
    removed = {server.blog.remove(index).id for index in list(server.blog.listing("release-notes")[:12])}
    assert (len(server.blog.listing("release-notes")), server.blog.pages("release-notes")) == (12, 1)
    assert get(f"{server.url}/category/release-notes/page/2/")[0] == 404
    assert get(f"{server.url}/wp-json/wp/v2/posts")[2]["X-WP-Total"] == "108"
    assert json.loads(get(f"{server.url}/wp-json/wp/v2/categories/66")[1])["count"] == 12
    assert not removed & {record["id"] for record in server.blog.truth()}


def test_rest_pages_have_no_holes_where_posts_were_removed(serve: Serve) -> None:
    server = serve()
    before = [post["id"] for post in rest_posts(server)]
    removed = {server.blog.remove(index).id for index in (3, 50, 51, 119)}
    assert [post["id"] for post in rest_posts(server)] == [i for i in before if i not in removed]


def test_a_published_post_is_listed_and_true_whatever_its_number(serve: Serve) -> None:
    server = serve()
    published = [server.blog.publish(("web",)) for _ in range(50)]
    assert {p.external for p in published} == {Blog.hidden(p.index) for p in published} == {False, True}
    newest = [p.id for p in reversed(published)]
    assert [record["id"] for record in server.blog.truth()][:50] == newest
    html = "".join(get(f"{server.url}/category/web/page/{number}/")[1] for number in range(1, 6))
    assert [int(n) for n in re.findall(r'<article class="post [^>]* id="post-(\d+)', html)][:50] == newest


# Validators


def test_every_part_has_validators_of_its_own(serve: Serve) -> None:
    server = serve()
    post = next(p for p in map(server.blog.post, server.blog.whole) if p.parts == 3)
    answers = [get(f"{server.url}{post.path}{part}")[2] for part in ("", "2/", "3/")]
    assert len({answer["ETag"] for answer in answers}) == 3
    assert all(re.fullmatch('"[0-9a-f]{16}"', answer["ETag"]) for answer in answers)
    modified = f"{post.modified or post.published:%a, %d %b %Y %H:%M:%S} GMT"
    assert [answer["Last-Modified"] for answer in answers] == [modified] * 3


@pytest.mark.parametrize("form", ["{}", "W/{}", '"another", {}', "*"])
def test_a_known_etag_is_answered_304_without_a_body(serve: Serve, form: str) -> None:
    server = serve()
    url = server.url + plain(server.blog).path
    first = get(url)[2]
    status, body, headers = get(url, If_None_Match=form.format(first["ETag"]))
    assert (status, body) == (304, "")
    assert (headers["ETag"], headers["Last-Modified"]) == (first["ETag"], first["Last-Modified"])


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 304), (1, 304)])
def test_a_date_is_answered_304_unless_the_post_is_modified_later(serve: Serve, seconds: int, status: int) -> None:
    server = serve()
    post = plain(server.blog)
    since = (post.modified or post.published) + timedelta(seconds=seconds)
    assert get(server.url + post.path, If_Modified_Since=f"{since:%a, %d %b %Y %H:%M:%S} GMT")[0] == status


def test_another_etag_is_answered_200_whatever_the_date(serve: Serve) -> None:
    server = serve()
    url = server.url + plain(server.blog).path
    assert get(url, If_None_Match='"another"', If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT")[0] == 200


def test_a_date_that_is_none_is_ignored(serve: Serve) -> None:
    server = serve()
    assert get(server.url + plain(server.blog).path, If_Modified_Since="tomorrow")[0] == 200


def test_an_edited_post_is_answered_200_with_other_validators(serve: Serve) -> None:
    server = serve()
    post = plain(server.blog)
    url = server.url + post.path
    first = get(url)[2]
    server.blog.edit(post.index)
    for known in ({"If_None_Match": first["ETag"]}, {"If_Modified_Since": first["Last-Modified"]}):
        status, _, headers = get(url, **known)
        assert (status, headers["Last-Modified"]) == (200, "Tue, 01 Jan 2030 17:00:00 GMT")
        assert headers["ETag"] != first["ETag"]


def test_a_post_published_since_changes_another_pages_etag_and_not_its_date(serve: Serve) -> None:
    server = serve()
    url = server.url + plain(server.blog).path  # its tiles go on from the newest post to the oldest
    first = get(url)[2]
    server.blog.publish(("web",))
    status, _, headers = get(url, If_None_Match=first["ETag"])
    assert (status, headers["Last-Modified"]) == (200, first["Last-Modified"])
    assert get(url, If_Modified_Since=first["Last-Modified"])[0] == 304


def test_the_fault_no_validators_leaves_neither_header_and_no_304(serve: Serve) -> None:
    server = serve()
    url = server.url + plain(server.blog).path
    first = get(url)[2]
    server.faults.append(Fault("no_validators", r"/\d{4}/.*"))
    for known in ({"If_None_Match": first["ETag"]}, {"If_Modified_Since": first["Last-Modified"]}):
        status, _, headers = get(url, **known)
        assert (status, headers["ETag"], headers["Last-Modified"]) == (200, None, None)


@pytest.mark.parametrize("kind", ["truncated", "cut", "slow"])
def test_a_fault_of_the_body_leaves_a_304_alone(serve: Serve, kind: Any) -> None:
    server = serve()
    url = server.url + plain(server.blog).path
    etag = get(url)[2]["ETag"]
    server.faults.append(Fault(kind, r"/\d{4}/.*", seconds=0.1))
    assert get(url, If_None_Match=etag)[:2] == (304, "")


def test_a_slow_article_has_its_validators_too(serve: Serve) -> None:
    server = serve()
    url = server.url + plain(server.blog).path
    first = get(url)[2]
    server.faults.append(Fault("slow", r"/\d{4}/.*", seconds=0.1))
    slow = get(url)[2]
    assert (slow["ETag"], slow["Last-Modified"]) == (first["ETag"], first["Last-Modified"])
