"""The bundled blog itself: what a browser, a feed reader or a REST client gets from it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from itertools import pairwise
from typing import Any

import pytest

from tests.blog import Blog
from tests.conftest import ROOT, Serve


def get(url: str, data: dict[str, str] | None = None) -> tuple[int, str, Any]:
    body = urllib.parse.urlencode(data).encode() if data else None
    try:
        with urllib.request.urlopen(url, body) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


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


def test_the_load_more_endpoint_gives_the_next_pages_tiles(serve: Serve) -> None:
    server = serve()
    query = json.dumps({"category_name": "machine-learning", "posts_per_page": 12})
    _, html, _ = get(f"{server.url}/wp-json/blog/v1/loadmore", {"query": query, "page": "1"})
    second = server.blog.page("machine-learning", 2)
    assert [f'id="post-{p.id}"' in html for p in second] == [True] * len(second)
    assert html.count("<article") == len(second)


def test_rest_lists_every_post_also_those_that_listings_hide(serve: Serve) -> None:
    server = serve()
    found: list[int] = []
    for page in (1, 2):
        _, text, headers = get(f"{server.url}/wp-json/wp/v2/posts?per_page=100&page={page}")
        found += [post["id"] for post in json.loads(text)]
        assert (headers["X-WP-Total"], headers["X-WP-TotalPages"]) == ("120", "2")
    assert sorted(found) == sorted(server.blog.id_of(i) for i in range(120))
    assert get(f"{server.url}/wp-json/wp/v2/posts?page=99")[0] == 400
    category = json.loads(get(f"{server.url}/wp-json/wp/v2/categories/73")[1])
    assert (category["slug"], category["parent"]) == ("culture", 0)


def test_sitemap_feeds_and_robots(serve: Serve) -> None:
    server = serve()
    assert f"{server.url}/post-sitemap.xml" in get(f"{server.url}/sitemap_index.xml")[1]
    assert get(f"{server.url}/post-sitemap.xml")[1].count("<lastmod>") == sum(
        not server.blog.post(i).external for i in range(120)
    )
    assert get(f"{server.url}/feed/")[1].count("<item>") == 12
    assert "Sitemap:" in get(f"{server.url}/robots.txt")[1]


@pytest.mark.parametrize("path", ["/nothing/", "/category/nothing/", "/category/web/page/99/", "/2020/01/01/web/x-1/"])
def test_an_address_that_is_not_there_answers_404(serve: Serve, path: str) -> None:
    status, html, _ = get(serve().url + path)
    assert status == 404
    assert "<title>Page not found - " in html
    assert "noindex" in html


def test_the_blog_serves_a_person(unused_port: int) -> None:
    line = [sys.executable, "-m", "tests.blog", "--port", str(unused_port), "--posts", "30"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address == f"http://127.0.0.1:{unused_port}"
        assert get(address)[0] == 200
        process.terminate()
        assert process.wait(10) == 0
