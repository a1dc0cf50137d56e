"""Ask the bundled blog: what a browser, a feed reader or a REST client gets from it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from http.client import RemoteDisconnected

import pytest

from tests.blog import Fault
from tests.support.blogs import get, plain
from tests.support.crawls import Serve
from tests.support.folders import ROOT


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
