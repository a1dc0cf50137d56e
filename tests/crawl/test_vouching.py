"""Nights on which a source seems to know all that is new, and doesn't; and full walks that ended early."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from aiohttp import web

from tests.blog import Blog, Fault, Server, sitemaps
from tests.blog import blog as blog_module
from tests.blog import rest as blog_rest
from tests.blog.blog import Post
from tests.support.counting import COUNTED, REST, asked, counted, counted_alone, hidden, proof, there
from tests.support.crawls import Crawl, Serve, command, environment
from tests.support.folders import ROOT
from tests.support.nights import articles, newest, paths, query

ONCE = {"RETRY_TIMES": "0"}


def without_rest(serve: Serve, output: Path) -> Server:
    """A blog without REST, counted once."""
    server = serve(posts=COUNTED, faults=[Fault("status", REST, status=404)])
    assert counted(server, output).status == 0
    return server


def capped(server: Server, most: int, *, counts: bool = True) -> None:
    """From now on REST gives *most* posts a page, whatever it is asked for; and perhaps no counts."""

    async def answer(request: web.Request) -> web.StreamResponse:
        asked_for = int(request.query.get("per_page", "10"))
        found = blog_rest.posts(server.blog, {**request.query, "per_page": str(min(asked_for, most))}, "")
        if not counts:
            for name in ("X-WP-Total", "X-WP-TotalPages"):
                found.headers.popall(name, None)
        return found

    server.instead["/wp-json/wp/v2/posts"] = answer


def stored(done: Crawl, post: Post) -> dict[str, object]:
    (found,) = [record for record in done.posts if record["id"] == post.id]
    return found


def gone(output: Path) -> list[int]:
    return [post for (post,) in query(output, "SELECT id FROM posts WHERE gone_since IS NOT NULL ORDER BY id")]


def other_category(post: Post) -> str:
    return next(slug for slug in ("storage", "web", "mobile") if slug not in post.path)


# What REST says


def test_an_edited_post_whose_page_is_not_there_is_a_problem(inventoried: Server, output: Path) -> None:
    edited = inventoried.blog.edit(newest(inventoried.blog, 30)[-1], title="Now")
    inventoried.faults.append(Fault("status", re.escape(edited.path), status=404))
    done = counted(inventoried, output, settings=ONCE)
    assert (done.status, done.problems) == (3, [(inventoried.url + edited.path, "HTTP 404")])


def test_a_post_whose_permalink_changed_is_read_at_the_new_one(inventoried: Server, output: Path) -> None:
    blog = inventoried.blog
    index = next(i for i in newest(blog, 40) if i % 5)
    old = blog.post(index).path
    blog.refile(index, (other_category(blog.post(index)),))
    new = blog.edit(index)
    assert new.path != old
    done = counted(inventoried, output, settings=ONCE)
    assert (done.status, done.changes) == (0, {new.id: "updated"})
    assert stored(done, new)["url"] == inventoried.url + new.path


def test_a_rest_that_lacks_posts_vouches_for_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED, faults=[Fault("fewer", "/wp-json/wp/v2/posts")])
    assert not proof(counted(server, output))["sources"]["rest"]["proves"]
    new = [server.blog.publish(("web",)), server.blog.publish(("web",))]  # REST names the first alone
    assert {post.id for post in new} <= counted(server, output).changes.keys()


def test_what_rest_says_later_is_more_than_what_listings_said(inventoried: Server, output: Path) -> None:
    blog = inventoried.blog
    post = next(p for p in reversed(there(blog)) if p.external and p.id not in hidden(blog))
    blog.edit(post.index, title="Elsewhere")
    tagged = next(p for i in newest(blog, 60) if (p := blog.post(i)).tags)
    blog.edit(tagged.index, tags=())
    done = counted(inventoried, output)
    assert (done.status, done.changes) == (0, {post.id: "updated", tagged.id: "updated"})
    assert (stored(done, post)["title"], stored(done, tagged)["tags"]) == ("Elsewhere", [])
    assert proof(done)["disagreements"] == {}


def test_news_are_noticed_without_a_walk_where_records_have_nothing_of_rest(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    assert counted(server, output, "-a", "source=pages").status == 0
    edited = server.blog.edit(newest(server.blog, 1)[0], title="Now")
    new = server.blog.publish(("web",))
    done = counted(server, output, "-a", "source=pages")
    assert done.changes == {edited.id: "updated", new.id: "new"}
    assert asked(server, "/category/.*") == []


def test_a_rest_that_gives_fewer_posts_a_page_than_asked_for_hides_no_edit(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    capped(server, 10)
    assert counted(server, output).status == 0
    edited = [server.blog.edit(i) for i in newest(server.blog, 60)[-25:]]
    assert counted(server, output).changes == {post.id: "updated" for post in edited}


def test_a_rest_that_is_capped_and_says_no_count_is_read_to_its_end(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    capped(server, 50, counts=False)
    done = counted(server, output, "-a", "source=rest")
    assert (done.status, len(done.posts)) == (0, COUNTED)


def test_an_old_page_out_of_a_cache_is_not_the_last_word(inventoried: Server, output: Path) -> None:
    blog = inventoried.blog
    post = next(p for i in newest(blog, 40) if (p := blog.post(i)).modified)
    old = requests.get(inventoried.url + post.path, timeout=30).text

    async def cached(request: web.Request) -> web.StreamResponse:
        return web.Response(text=old, content_type="text/html")

    edited = blog.edit(post.index)  # the body alone
    inventoried.instead[post.path] = cached
    counted(inventoried, output)
    inventoried.instead.clear()
    done = counted(inventoried, output)
    assert (done.status, articles(inventoried)) == (0, paths([edited]))
    assert stored(done, edited)["content_html"] == blog.record(edited)["content_html"]


def test_a_page_that_always_shows_an_older_modification_is_not_read_every_night(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    post = next(p for i in newest(server.blog, 40) if (p := server.blog.post(i)).modified)
    page = requests.get(server.url + post.path, timeout=30).text

    async def older(request: web.Request) -> web.StreamResponse:
        text = re.sub(
            r'((?:article:modified_time" content=|"dateModified": ))"[^"]*"', r'\1"2011-01-01T00:00:00+00:00"', page
        )
        return web.Response(text=text, content_type="text/html")

    server.instead[post.path] = older
    assert counted(server, output).status == 0
    done = counted(server, output)
    assert (done.status, len(server.requests)) == (0, 4)
    assert proof(done)["disagreements"] == {"modified_at": 1}


def test_a_post_put_back_and_one_taken_down_are_seen_beside_an_edit(serve: Serve, output: Path) -> None:
    server = serve(posts=200)
    blog = server.blog
    back, leaving = newest(blog, 190)[-10], newest(blog, 190)[-5]
    blog.remove(back)
    assert counted(server, output).status == 0
    blog.restore(back)  # as it was: not modified
    removed = blog.remove(leaving)
    edited = blog.edit(newest(blog, 20)[-1])
    done = counted(server, output)
    assert done.changes == {blog.post(back).id: "new", removed.id: "gone", edited.id: "updated"}


def test_a_post_filed_otherwise_is_seen_beside_an_edit(serve: Serve, output: Path) -> None:
    server = serve(posts=200)
    blog = server.blog
    assert counted(server, output).status == 0
    index = next(i for i in reversed(newest(blog, 190)) if i % 5 and len(blog.categories_of(i)) > 1)
    refiled = blog.refile(index, blog.categories_of(index)[:1])
    edited = blog.edit(newest(blog, 20)[-1])
    done = counted(server, output)
    assert done.changes == {refiled.id: "updated", edited.id: "updated"}
    assert [c for c in proof(done)["categories"] if c["claimed"] != c["archive"]] == []


def test_an_external_post_that_rest_names_no_more_is_gone(inventoried: Server, output: Path) -> None:
    blog = inventoried.blog
    post = next(p for p in there(blog) if p.external and p.id not in hidden(blog))
    blog.remove(post.index)
    done = counted(inventoried, output)
    assert (done.status, done.changes) == (0, {post.id: "gone"})
    assert proof(done)["sources"]["rest"]["unexpected"] == 0


def test_new_posts_of_a_quiet_night_do_not_count_as_hidden(inventoried: Server, output: Path) -> None:
    for _ in range(3):
        inventoried.blog.publish(("web",))
    assert proof(counted(inventoried, output))["hidden_from_listings"] == len(hidden(inventoried.blog))


def test_posts_whose_pages_are_forbidden_have_their_bodies_of_rest_or_are_ruled_out_in_the_third_run(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=COUNTED)
    blog = server.blog
    secret = [p for p in there(blog) if p.id in hidden(blog) and not (p.external or p.protected)]
    server.faults += [Fault("status", re.escape(post.path), status=403) for post in secret]

    async def bodiless(request: web.Request) -> web.StreamResponse:
        if "include" in request.query:
            raise web.HTTPForbidden
        return blog_rest.posts(blog, request.query, "")

    server.instead["/wp-json/wp/v2/posts"] = bodiless
    for expected in (3, 3, 0, 0):
        done = counted(server, output, settings=ONCE)
        assert (done.status, {one["post"] for one in proof(done)["missing"]}) == (expected, {p.id for p in secret})
    assert len(server.requests) == 4
    server.instead.clear()
    done = counted(server, output, "-a", "full=yes", settings=ONCE)
    assert (done.status, done.changes) == (0, {post.id: "new" for post in secret})
    for post in secret:
        assert stored(done, post)["content_html"] == blog.rest_record(post)["content_html"]


# Without REST


def test_a_sitemap_without_dates_vouches_for_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED, faults=[Fault("status", REST, status=404)])
    server.sitemap = "wordpress"

    async def undated(request: web.Request) -> web.StreamResponse:
        found = sitemaps.answer(server.blog, "wordpress", request.path, "")
        assert found is not None
        text = re.sub("<lastmod>[^<]*</lastmod>", "", found.text or "")
        return web.Response(text=text, content_type="application/xml")

    server.instead["/wp-sitemap-posts-post-1.xml"] = undated
    assert counted(server, output).status == 0
    edited = server.blog.edit(newest(server.blog, 1)[0], title="Now")
    assert counted(server, output).changes == {edited.id: "updated"}


def test_a_hidden_post_that_comes_back_is_gone_no_more(serve: Serve, output: Path) -> None:
    server = without_rest(serve, output)
    post = next(p for p in there(server.blog) if p.id in hidden(server.blog) and not p.external)
    server.blog.remove(post.index)
    assert counted(server, output).changes == {post.id: "gone"}
    server.blog.restore(post.index)
    assert counted(server, output).changes == {post.id: "updated"}
    assert gone(output) == []


def test_a_hidden_post_that_moves_is_the_same_post(serve: Serve, output: Path) -> None:
    server = without_rest(serve, output)
    blog = server.blog
    post = next(p for p in there(blog) if p.id in hidden(blog) and not p.external and p.index % 5)
    blog.refile(post.index, (other_category(post),))
    new = blog.edit(post.index)
    done = counted(server, output)
    assert (done.status, done.changes, gone(output)) == (0, {post.id: "updated"}, [])
    assert stored(done, new)["url"] == server.url + new.path


def test_a_removal_is_seen_beside_new_posts(serve: Serve, output: Path) -> None:
    server = without_rest(serve, output)
    removed = server.blog.remove(newest(server.blog, 50)[-1])
    server.blog.publish(("web",))
    server.blog.publish(("storage",))
    assert counted(server, output).changes[removed.id] == "gone"


def test_the_id_of_a_post_of_another_blog_is_not_one_here(serve: Serve, output: Path) -> None:
    """Posts that came from another WordPress keep their guid: its ``?p=`` is another post's ID here."""
    server = serve(posts=60, faults=[Fault("status", REST, status=404)])
    server.sitemap = "none"
    secret = next(p for p in there(server.blog) if p.id in hidden(server.blog) and not p.external)
    guid = f"http://old.example.org/?p={server.blog.post(newest(server.blog, 5)[0]).id}"

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.query.get("paged", "1") != "1":
            raise web.HTTPNotFound
        item = f"<item><link>{server.url}{secret.path}</link><guid isPermaLink='false'>{guid}</guid></item>"
        text = f"<rss version='2.0'><channel>{item}</channel></rss>"
        return web.Response(text=text, content_type="application/rss+xml")

    server.instead["/feed/"] = answer
    assert secret.id in {post["id"] for post in counted(server, output).posts}


# Runs that ended early


def test_a_first_run_of_rest_that_was_stopped_is_gone_on_with(serve: Serve, output: Path) -> None:
    server = serve(posts=250)
    stopped = counted(server, output, "-a", "source=rest", settings={"CLOSESPIDER_PAGECOUNT": "2"})
    assert (stopped.status, counted_alone(server, output).status) == (5, 3)
    done = counted(server, output, "-a", "source=rest")
    assert (done.status, len(done.posts)) == (0, 250)


def test_a_full_walk_of_rest_that_was_stopped_is_gone_on_with(serve: Serve, output: Path) -> None:
    server = serve(posts=250)
    assert counted(server, output, "-a", "source=rest").status == 0
    stopped = counted(server, output, "-a", "source=rest", "-a", "full=yes", settings={"CLOSESPIDER_PAGECOUNT": "1"})
    assert stopped.status == 5
    assert counted(server, output, "-a", "source=rest").status == 0
    assert any("offset=99" in path for path in asked(server, "/wp-json/wp/v2/posts"))


@pytest.mark.parametrize("pages", [8, 9])
def test_a_walk_of_rest_that_was_stopped_forgets_no_removal(serve: Serve, output: Path, pages: int) -> None:
    server = serve(posts=250)
    assert counted(server, output, "-a", "source=rest").status == 0
    removed = server.blog.remove(newest(server.blog, 200)[-1])
    counted(server, output, "-a", "source=rest", settings={"CLOSESPIDER_PAGECOUNT": str(pages)})
    assert counted(server, output, "-a", "source=rest").status == 0
    assert gone(output) == [removed.id]


def test_a_full_walk_that_was_killed_before_its_inventory_is_gone_on_with(serve: Serve, output: Path) -> None:
    server = serve(posts=200)
    assert counted(server, output).status == 0
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


def test_the_inventory_takes_no_edit_from_the_next_run(
    serve: Serve, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(posts=250)
    assert counted(server, output, "-a", "source=rest").status == 0
    monkeypatch.setattr(blog_module, "EDITED", datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30))
    edited = server.blog.edit(newest(server.blog, 200)[-1], title="Now")
    assert counted_alone(server, output).status == 3
    assert counted(server, output, "-a", "source=rest").changes == {edited.id: "updated"}


def test_the_inventory_takes_no_removal_from_the_next_run(inventoried: Server, output: Path) -> None:
    removed = inventoried.blog.remove(newest(inventoried.blog, 30)[-1])
    counted_alone(inventoried, output)
    assert counted(inventoried, output).changes == {removed.id: "gone"}


def test_a_rest_that_names_no_post_takes_none_away(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    before = counted(server, output, "-a", "source=rest")

    async def empty(request: web.Request) -> web.StreamResponse:
        return web.json_response([], headers={"X-WP-Total": "0"})

    server.instead["/wp-json/wp/v2/posts"] = empty
    done = counted(server, output, "-a", "source=rest", "-a", "full=yes")
    assert (done.status, done.changes, gone(output), done.posts) == (1, {}, [], before.posts)
    assert done.problems == [(server.url, f"REST failed: names no post, where the archive has {COUNTED}")]


def test_where_records_come_from_rest_no_listing_is_walked(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED)
    assert counted(server, output, "-a", "source=rest").status == 0
    shown = Blog(COUNTED, base=server.url)
    shown.remove(newest(shown, 60)[-1])

    async def answer(request: web.Request) -> web.StreamResponse:
        return blog_rest.posts(shown, request.query, "")

    server.instead["/wp-json/wp/v2/posts"] = answer  # it names one no more, whose page is there
    assert counted(server, output, "-a", "source=rest", "-a", "full=yes").status == 0
    assert asked(server, r"/category/.*") == []
