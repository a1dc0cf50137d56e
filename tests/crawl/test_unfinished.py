"""Walks that ended early, and the inventory alone: they take nothing from the run after them."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from tests.blog import Blog, Fault, Server
from tests.blog import blog as blog_module
from tests.blog import rest as blog_rest
from tests.support.counting import COUNTED, REST, asked, counted, counted_alone, hidden, proof, there
from tests.support.crawls import Crawl, Serve, command, environment
from tests.support.folders import ROOT
from tests.support.nights import newest, query

ONCE = {"RETRY_TIMES": "0"}


def gone(output: Path) -> list[int]:
    return [post for (post,) in query(output, "SELECT id FROM posts WHERE gone_since IS NOT NULL ORDER BY id")]


def test_runs_of_rest_that_were_stopped_are_gone_on_with_and_forget_no_removal(serve: Serve, output: Path) -> None:
    server = serve(posts=250)
    blog = server.blog

    def run(*arguments: str, pages: int | None = None) -> Crawl:
        limit = {} if pages is None else {"CLOSESPIDER_PAGECOUNT": str(pages)}
        return counted(server, output, "-a", "source=rest", *arguments, settings=limit)

    assert (run(pages=2).status, counted_alone(server, output).status) == (5, 3)
    done = run()
    assert (done.status, len(done.posts)) == (0, 250)

    assert run("-a", "full=yes", pages=1).status == 5
    assert run().status == 0
    assert any("offset=99" in path for path in asked(server, "/wp-json/wp/v2/posts"))

    removed = []
    for pages in (8, 9):
        removed.append(blog.remove(newest(blog, 200)[-1]).id)
        run(pages=pages)
        assert run().status == 0
        assert gone(output) == sorted(removed)


def test_a_full_walk_that_was_killed_before_its_inventory_is_gone_on_with(inventoried: Server, output: Path) -> None:
    server = inventoried
    server.faults.append(Fault("slow", "/wp-json/wp/v2/posts", seconds=10))
    server.requests.clear()
    line = command("-a", "inventory=yes", "-a", "full=yes", site=server.url)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=quiet, stderr=quiet) as process:
        while not asked(server, "/wp-json/wp/v2/posts"):
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(1.5)  # what was found until now is on disk
        process.send_signal(signal.SIGKILL)
    server.faults.clear()
    assert counted(server, output).status == 0
    assert any("offset=" in path for path in asked(server, "/wp-json/wp/v2/posts"))


# The inventory alone


def test_the_inventory_says_that_posts_wait(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    lost = server.blog.post(newest(server.blog, 20)[-1])
    server.faults += [Fault("status", re.escape(lost.path), status=500), Fault("status", REST, status=500)]
    assert counted(server, output, settings=ONCE).status == 3
    alone = counted_alone(server, output)
    assert (alone.status, alone.verdict["reason"]) == (3, "1 posts wait to be read by the next run")


def test_the_inventory_takes_no_removal_from_the_next_run(inventoried: Server, output: Path) -> None:
    blog = inventoried.blog
    removed = [blog.remove(newest(blog, 30)[-1])]
    removed.append(blog.remove(next(p.index for p in there(blog) if p.external and p.id not in hidden(blog))))
    counted_alone(inventoried, output)
    done = counted(inventoried, output)
    assert (done.status, done.changes) == (0, {post.id: "gone" for post in removed})
    assert proof(done)["sources"]["rest"]["unexpected"] == 0


# Records of REST alone


def test_the_inventory_takes_no_edit_and_a_rest_that_names_no_post_takes_none_away(
    serve: Serve, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(posts=250)
    assert counted(server, output, "-a", "source=rest").status == 0
    monkeypatch.setattr(blog_module, "EDITED", datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30))
    edited = server.blog.edit(newest(server.blog, 200)[-1], title="Now")
    assert counted_alone(server, output).status == 3
    before = counted(server, output, "-a", "source=rest")
    assert before.changes == {edited.id: "updated"}

    async def empty(request: web.Request) -> web.StreamResponse:
        return web.json_response([], headers={"X-WP-Total": "0"})

    server.instead["/wp-json/wp/v2/posts"] = empty
    done = counted(server, output, "-a", "source=rest", "-a", "full=yes")
    assert (done.status, done.changes, gone(output), done.posts) == (1, {}, [], before.posts)
    assert done.problems == [(server.url, "REST failed: names no post, where the archive has 250")]

    shown = Blog(250, base=server.url)
    shown.remove(newest(shown, 60)[-1])

    async def answer(request: web.Request) -> web.StreamResponse:
        return blog_rest.posts(shown, request.query, "")

    server.instead["/wp-json/wp/v2/posts"] = answer  # it names one no more, whose page is there
    assert counted(server, output, "-a", "source=rest", "-a", "full=yes").status == 0
    assert asked(server, r"/category/.*") == []
