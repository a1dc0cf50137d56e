"""Nights on which a source seems to know all that is new, and doesn't."""

from __future__ import annotations

import re
from pathlib import Path

import requests
from aiohttp import web

from tests.blog import Fault, Server, sitemaps
from tests.blog import rest as blog_rest
from tests.blog.blog import Post
from tests.support.counting import COUNTED, REST, asked, counted, hidden, proof, there
from tests.support.crawls import Crawl, Serve
from tests.support.nights import articles, newest, paths, query

ONCE = {"RETRY_TIMES": "0"}


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


def test_an_edited_post_whose_page_is_not_there_is_a_problem_and_one_that_moved_is_read_at_its_new_address(
    inventoried: Server, output: Path
) -> None:
    blog = inventoried.blog
    edited = blog.edit(newest(blog, 30)[-1], title="Now")
    inventoried.faults.append(Fault("status", re.escape(edited.path), status=404))
    index = next(i for i in newest(blog, 40) if i % 5 and i != edited.index)
    old = blog.post(index).path
    blog.refile(index, (other_category(blog.post(index)),))
    moved = blog.edit(index)
    assert moved.path != old
    done = counted(inventoried, output, settings=ONCE)
    assert (done.status, done.problems) == (3, [(inventoried.url + edited.path, "HTTP 404")])
    assert done.changes == {moved.id: "updated"}
    assert stored(done, moved)["url"] == inventoried.url + moved.path


def test_a_rest_that_lacks_posts_vouches_for_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED, faults=[Fault("fewer", "/wp-json/wp/v2/posts")])
    assert not proof(counted(server, output))["sources"]["rest"]["proves"]
    new = [server.blog.publish(("web",)), server.blog.publish(("web",))]  # REST names the first alone
    assert {post.id for post in new} <= counted(server, output).changes.keys()


def test_what_rest_says_later_is_more_than_what_listings_said_and_what_is_new_does_not_count_as_hidden(
    inventoried: Server, output: Path
) -> None:
    blog = inventoried.blog
    secret = hidden(blog)
    post = next(p for p in reversed(there(blog)) if p.external and p.id not in secret)
    blog.edit(post.index, title="Elsewhere")
    tagged = next(p for i in newest(blog, 60) if (p := blog.post(i)).tags)
    blog.edit(tagged.index, tags=())
    new = [blog.publish(("web",)) for _ in range(3)]
    done = counted(inventoried, output)
    changes = {post.id: "updated", tagged.id: "updated"} | {one.id: "new" for one in new}
    assert (done.status, done.changes) == (0, changes)
    assert (stored(done, post)["title"], stored(done, tagged)["tags"]) == ("Elsewhere", [])
    assert proof(done)["disagreements"] == {}
    assert proof(done)["hidden_from_listings"] == len(hidden(blog))


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


def test_a_post_put_back_one_taken_down_and_one_filed_otherwise_are_seen_beside_an_edit(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=120)
    blog = server.blog
    back, leaving = newest(blog, 110)[-10], newest(blog, 110)[-5]
    blog.remove(back)
    assert counted(server, output).status == 0
    blog.restore(back)  # as it was: not modified
    removed = blog.remove(leaving)
    others = (i for i in newest(blog, 90)[::-1] if i % 5 and not {*blog.categories_of(i)} & {*removed.categories})
    index = next(i for i in others if len(blog.categories_of(i)) > 1)
    refiled = blog.refile(index, blog.categories_of(index)[:1])
    edited = blog.edit(newest(blog, 20)[-1])
    done = counted(server, output)
    assert done.changes == {
        blog.post(back).id: "new", removed.id: "gone", refiled.id: "updated", edited.id: "updated"
    }  # fmt: skip
    counts = {c["slug"]: c["archive"] - c["claimed"] for c in proof(done)["categories"]}
    assert {slug: more for slug, more in counts.items() if more} == dict.fromkeys(removed.categories, 1)  # it stays


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


def test_a_hidden_post_comes_back_another_moves_and_one_goes_beside_new_ones(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED, faults=[Fault("status", REST, status=404)])
    blog = server.blog
    first = counted(server, output)
    assert (first.status, proof(first)["sources"]["rest"]["status"]) == (0, "missing")
    secret = [p for p in there(blog) if p.id in hidden(blog) and not p.external]
    moving, leaving = next(p for p in secret if p.index % 5), secret[1]
    assert moving != leaving
    blog.remove(leaving.index)
    assert counted(server, output).changes == {leaving.id: "gone"}

    blog.restore(leaving.index)
    blog.refile(moving.index, (other_category(moving),))
    moved = blog.edit(moving.index)
    done = counted(server, output)
    assert (done.status, done.changes, gone(output)) == (0, {leaving.id: "updated", moving.id: "updated"}, [])
    assert stored(done, moved)["url"] == server.url + moved.path

    removed = blog.remove(newest(blog, 50)[-1])
    new = [blog.publish(("web",)), blog.publish(("storage",))]
    done = counted(server, output)
    assert done.changes[removed.id] == "gone"
    assert {post.id for post in new} <= done.changes.keys()


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
