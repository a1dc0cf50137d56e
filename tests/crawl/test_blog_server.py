"""The bundled blog itself: what a browser, a feed reader or a REST client gets from it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from http.client import RemoteDisconnected
from itertools import pairwise
from typing import Any

import pytest

from tests.blog import Blog, Fault
from tests.support.blogs import get, plain
from tests.support.crawls import Serve
from tests.support.folders import ROOT


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


@pytest.mark.parametrize("path", ["/nothing/", "/category/nothing/", "/category/web/page/99/", "/2020/01/01/web/x-1/"])
def test_an_address_that_is_not_there_answers_404(serve: Serve, path: str) -> None:
    status, html, _ = get(serve().url + path)
    assert status == 404
    assert "<title>Page not found - " in html
    assert "noindex" in html


# The truth of REST


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
        if post.protected:
            said |= {"title": post.title, "excerpt": None}
            for key in protected:
                protected[key] += both[key] != alone[key]
        assert alone == both | said
    assert protected == {"title": 2, "excerpt": 2}


# The server's account


def test_answers_holds_each_answers_path_and_status(serve: Serve) -> None:
    faults = [Fault("status", "/feed/", times=1), Fault("offsite", "/gone/", times=1), Fault("cut", "/category/web/")]
    server = serve(faults=faults)
    path = plain(server.blog).path
    etag = get(server.url + path)[2]["ETag"]
    get(server.url + path, If_None_Match=etag)
    get(f"{server.url}/feed/")
    get(f"{server.url}/feed/?paged=2")
    get(f"{server.url}/gone/")
    get(f"{server.url}/category/web/")
    get(f"{server.url}/category/language-models/")  # its path has a parent
    assert server.answers == [
        (path, 200),
        (path, 304),
        ("/feed/", 503),
        ("/feed/?paged=2", 200),
        ("/gone/", 302),
        ("/gone/", 404),
        ("/category/web/", 200),
        ("/category/language-models/", 301),
        ("/category/machine-learning/language-models/", 200),
    ]
    assert Counter(path for path, _ in server.answers) == Counter(path for _, path in server.requests)


def test_a_dropped_connection_is_a_request_without_an_answer(serve: Serve) -> None:
    server = serve(faults=[Fault("reset", "/feed/")])
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        get(f"{server.url}/feed/")
    assert ([path for _, path in server.requests], server.answers) == (["/feed/"], [])


def test_the_blog_serves_a_person(unused_port: int) -> None:
    line = [sys.executable, "-m", "tests.blog", "--port", str(unused_port), "--posts", "30"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address == f"http://127.0.0.1:{unused_port}"
        assert get(address)[0] == 200
        process.terminate()
        assert process.wait(10) == 0
