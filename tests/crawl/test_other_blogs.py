"""Blogs of other themes and charsets, crawled whole against ground truth; bodies that pages don't give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
from aiohttp import web

from tests.blog import Fault, Server
from tests.blog.charsets import Charset
from tests.blog.faults import Kind
from tests.blog.themes import Theme
from tests.support.counting import COUNTED, REST, asked, counted, hidden, there, told
from tests.support.crawls import Serve, by_id, crawl
from tests.support.nights import articles, newest

ONCE = {"RETRY_TIMES": "0"}


# Themes


@pytest.mark.parametrize("theme", ["blocks", "no_ids"])
def test_a_blog_of_another_theme_is_the_ground_truth_record_by_record(serve: Serve, output: Path, theme: Theme) -> None:
    server = serve(posts=150)
    server.theme = theme
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    assert by_id(done.posts) == by_id(told(server))
    new = server.blog.publish(("web",))
    night = counted(server, output)
    assert (night.status, night.changes, articles(server)) == (0, {new.id: "new"}, {new.path})
    assert len(server.requests) == 4 + 1 + 1  # one asks which posts are in parts


@pytest.mark.parametrize("theme", ["blocks", "no_ids"])
def test_without_rest_pages_and_the_sitemap_tell_what_such_a_theme_tells(
    serve: Serve, output: Path, theme: Theme
) -> None:
    server = serve(posts=150, faults=[Fault("status", REST, status=404)])
    server.theme = theme
    blog = server.blog
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    secret = [blog.record(p) for p in there(blog) if p.id in hidden(blog) and not p.external]
    assert by_id(done.posts) == by_id([*blog.truth(), *secret])


def test_listings_without_ids_are_resolved_without_an_inventory_too(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    server.theme = "no_ids"
    done = crawl(output, site=server.url)
    inner = [p for p in there(server.blog) if not p.external and p.id not in hidden(server.blog)]
    assert done.status == 0, done.log
    assert {p.id for p in inner} <= {post["id"] for post in done.posts}
    assert len(asked(server, "/wp-json/wp/v2/posts")) == 1  # by their slugs, a hundred a request


# Charsets


@pytest.mark.parametrize("charset", ["mislabelled", "latin1", "cp1251", "bom"])
def test_text_is_what_its_bytes_are(serve: Serve, output: Path, charset: Charset) -> None:
    server = serve(posts=COUNTED)
    server.charset = charset
    done = counted(server, output)
    assert (done.status, done.posts) == (0, told(server)), done.log
    wrong = {"mislabelled": {"iso-8859-1"}, "bom": {"iso-8859-1"}}.get(charset, set())
    assert done.verdict["charsets"].keys() == wrong


# Bodies that pages don't give


def test_posts_whose_pages_cannot_be_had_have_their_bodies_from_rest(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    blog = server.blog
    posts = [blog.post(i) for i in newest(blog, 60)[::10]]
    kinds: tuple[tuple[Kind, int], ...] = (
        ("status", 500), ("status", 404), ("cut", 0), ("empty", 0), ("offsite", 0), ("challenge", 0)
    )  # fmt: skip
    server.faults = [
        Fault(kind, re.escape(post.path), status=status) for post, (kind, status) in zip(posts, kinds, strict=True)
    ]
    addresses = {(server.url + post.path, post.id) for post in posts}
    done = counted(server, output, settings=ONCE)
    assert (done.status, done.problems) == (0, []), done.log
    notes = done.verdict["notes"]
    assert {(note["url"], note["post"]) for note in notes} == addresses
    assert [note for note in notes if "read from REST, without" not in note["reason"]] == []
    found = {record["id"]: record for record in done.posts}
    for post in posts:
        alone = blog.rest_record(post)
        assert found[post.id]["content_source"] == "rest"
        assert [found[post.id][key] for key in ("content_html", "title")] == [alone["content_html"], alone["title"]]
    again = counted(server, output, settings=ONCE)
    assert (again.status, again.changes, articles(server)) == (0, {}, {post.path for post in posts})
    server.faults.clear()
    mended = counted(server, output, settings=ONCE)
    assert (mended.status, articles(server), mended.verdict["notes"]) == (0, {post.path for post in posts}, [])
    assert mended.posts == told(server)


def test_a_record_of_a_page_is_not_replaced_by_a_poorer_one(inventoried: Server, output: Path) -> None:
    blog = inventoried.blog
    before = next(r for r in told(inventoried) if r["id"] == blog.post(newest(blog, 9)[-1]).id)
    edited = blog.edit(newest(blog, 9)[-1])
    inventoried.faults.append(Fault("status", re.escape(edited.path), status=500))
    done = counted(inventoried, output, settings=ONCE)
    assert (done.status, done.changes) == (3, {})
    assert before in done.posts
    inventoried.faults.clear()
    assert counted(inventoried, output).changes == {edited.id: "updated"}


def test_a_long_post_whose_page_leads_to_no_other_part_is_whole(serve: Serve, output: Path) -> None:
    """Stock block themes show no links to the parts of a post that wasn't written in blocks."""
    server = serve(posts=60)
    long = next(p for p in there(server.blog) if p.parts > 1 and not p.external and not p.protected)
    page = requests.get(server.url + long.path, timeout=30).text
    cut = re.sub(r'<div class="page-links">.*?</div>', "", page, flags=re.DOTALL)
    assert cut != page

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=cut, content_type="text/html")

    server.instead[long.path] = answer
    done = counted(server, output)
    assert (done.status, done.problems) == (0, []), done.log
    found = next(record for record in done.posts if record["id"] == long.id)
    assert found["content_html"] == server.blog.rest_record(long)["content_html"]
    assert found["content_source"] == "rest"


def test_source_pages_takes_no_body_from_rest(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    post = server.blog.post(newest(server.blog, 20)[-1])
    server.faults.append(Fault("status", re.escape(post.path), status=500))
    done = counted(server, output, "-a", "source=pages", settings=ONCE)
    assert (done.status, done.problems) == (3, [(server.url + post.path, "HTTP 500")])
