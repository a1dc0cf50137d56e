"""Nights after trouble: what one run could not have, the next tries first, whatever else the night looks like."""

from __future__ import annotations

import re
from pathlib import Path

import requests
from aiohttp import web

from tests.blog import Fault, Server
from tests.blog.blog import Post
from tests.support.counting import COUNTED, REST, asked, counted, hidden, proof, there, told
from tests.support.crawls import Crawl, Serve
from tests.support.nights import articles, newest, night, query, truth

ONCE = {"RETRY_TIMES": "0"}
VALID = {"ETag": '"of the page"'}


def secret(server: Server) -> Post:
    """Return a post that listings hide: without REST, the sitemap alone knows it."""
    return next(p for p in there(server.blog) if p.id in hidden(server.blog) and not p.external)


def statuses(done: Crawl) -> dict[str, str]:
    return {name: source["status"] for name, source in proof(done)["sources"].items()}


def test_a_source_that_failed_and_a_post_that_could_not_be_read_are_tried_on_a_quiet_night(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=COUNTED)
    post = secret(server)
    rest, page = Fault("cut", REST), Fault("status", re.escape(post.path), status=500)
    server.faults += [rest, page]
    first = counted(server, output, settings=ONCE)
    assert (first.status, statuses(first)["rest"]) == (3, "failed")
    again = counted(server, output, settings=ONCE)
    assert (again.status, articles(server)) == (3, {post.path})
    assert asked(server, "/wp-json/wp/v2/categories") != []
    assert again.problems == [(server.url + post.path, "HTTP 500")]
    server.faults.clear()
    mended = counted(server, output, settings=ONCE)
    assert (mended.status, statuses(mended)["rest"]) == (0, "whole")
    assert post.path in articles(server)
    assert {one["id"] for one in mended.posts} == {one.id for one in there(server.blog)}
    quiet = counted(server, output, settings=ONCE)
    assert (quiet.status, quiet.changes, len(server.requests)) == (0, {}, 4)
    assert quiet.verdict["reason"].startswith("every post that the site's lists name was read; proven by rest")


def test_a_source_that_broke_off_is_asked_again_on_the_next_night(serve: Serve, output: Path) -> None:
    server = serve(posts=120, faults=[Fault("status", "/wp-json/wp/v2/posts", status=500, after=1)])
    assert statuses(counted(server, output, settings=ONCE))["rest"] == "part"
    server.faults.clear()
    night = counted(server, output, settings=ONCE)
    assert (night.status, statuses(night)["rest"], night.posts) == (0, "whole", told(server))
    assert len(asked(server, "/category/.*")) == 0


def test_a_source_that_is_forbidden_is_asked_in_a_sweep_alone(serve: Serve, output: Path) -> None:
    server = serve(posts=COUNTED, faults=[Fault("status", REST, status=403)])
    assert statuses(counted(server, output))["rest"] == "forbidden"
    server.faults.clear()
    night = counted(server, output)
    assert (night.status, statuses(night)["rest"], asked(server, REST)) == (0, "forbidden", [])
    sweep = counted(server, output, "-a", "full=yes")
    assert (sweep.status, statuses(sweep)["rest"]) == (0, "whole")


def test_an_archive_that_lost_its_proof_is_incomplete_unless_the_site_closed_it(
    inventoried: Server, output: Path
) -> None:
    server = inventoried
    lists = [Fault("status", path, status=500) for path in (REST, r"/.*sitemap.*", "/feed/")]
    server.faults += lists
    for arguments in (("-a", "full=yes"), ()):
        done = counted(server, output, *arguments, settings=ONCE)
        assert (done.status, done.problems) == (3, [])
        assert "a list that proved the archive before fails now: rest failed: HTTP 500" in done.verdict["reason"]
        assert "sitemap failed: HTTP 500" in done.verdict["reason"]
    server.faults.remove(lists[0])
    assert counted(server, output, settings=ONCE).status == 0  # REST is enough
    server.faults[:] = [Fault("status", path, status=404) for path in (REST, r"/.*sitemap.*", "/feed/")]
    notes = []
    for _ in range(2):
        done = counted(server, output, "-a", "full=yes", settings=ONCE)
        assert (done.status, done.problems) == (0, [])
        assert done.verdict["reason"].endswith("no list proves that these are all")
        notes.append([note["reason"].partition(":")[0] for note in done.verdict["notes"]])
    assert notes == [["rest isn't there", "sitemap isn't there"], []]


def test_while_rest_fails_the_sitemap_tells_what_is_new_and_the_verdict_says_so(
    inventoried: Server, output: Path
) -> None:
    server = inventoried
    new = server.blog.publish(("web",))
    server.blog.hide(new.index)
    server.faults.append(Fault("status", REST, status=500))
    done = counted(server, output, settings=ONCE)
    assert (done.status, done.changes) == (0, {new.id: "new"}), done.log
    assert [note["reason"] for note in done.verdict["notes"]] == ["REST doesn't say what is new: HTTP 500"]
    assert re.search(r"proven by rest as of \S+ and sitemap", done.verdict["reason"])
    assert asked(server, "/category/.*") == []
    server.faults.clear()
    quiet = counted(server, output, settings=ONCE)
    assert (quiet.status, quiet.verdict["notes"]) == (0, [])


def test_a_category_that_is_gone_is_noted_once_and_its_posts_stay(server: Server, output: Path) -> None:
    blog = server.blog
    had = len(blog.listing("culture"))
    for index in list(blog.listing("culture")):
        blog.refile(index, ("web",))
    server.faults.append(Fault("status", "/category/culture/", status=404))
    for index in blog.whole:
        assert "culture" not in blog.post(index).categories
    why = f"category culture, which listed {had} posts, isn't there any more: HTTP 404"
    done = night(server, output, "-a", "full=yes")
    assert (done.status, {*done.changes.values()}) == (0, {"updated"}), done.log
    assert [(note["url"], note["reason"]) for note in done.verdict["notes"]] == [
        (f"{server.url}/category/culture/", why)
    ]
    assert night(server, output, "-a", "full=yes").verdict["notes"] == []


def test_a_date_that_cannot_be_read_is_named_each_night_until_it_is_mended(server: Server, output: Path) -> None:
    blog = server.blog
    post = next(p for i in newest(blog, 40) if (p := blog.post(i)).modified)
    page = requests.get(server.url + post.path, timeout=30)
    pattern = r'((?:article:modified_time" content=|"dateModified": ))"[^"]*"'

    async def undated(request: web.Request) -> web.StreamResponse:
        return web.Response(text=re.sub(pattern, r'\1"yesterday"', page.text), content_type="text/html", headers=VALID)

    server.instead[post.path] = undated
    query(output, f"UPDATE posts SET due = '' WHERE id = {post.id}")
    trouble = [(server.url + post.path, "modified_at: Invalid isoformat string: 'yesterday'")]
    first = night(server, output)
    assert (first.status, first.problems, first.changes) == (3, trouble, {post.id: "updated"})
    quiet = night(server, output)
    assert (quiet.status, quiet.problems, quiet.changes) == (3, trouble, {})
    server.instead.clear()
    mended = night(server, output, "-a", "full=yes")
    assert (mended.status, mended.changes, mended.posts) == (0, {post.id: "updated"}, truth(blog))


def test_a_post_that_fails_night_after_night_is_tried_ever_later_and_named_each_night(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=COUNTED)
    post = next(p for i in server.blog.whole[30:] if not (p := server.blog.post(i)).external and not p.protected)
    page, rest = Fault("status", re.escape(post.path), status=500), Fault("status", REST, status=404)
    server.faults += [page, rest]
    for _ in range(3):
        done = counted(server, output, settings=ONCE)
        assert (done.status, done.problems) == (3, [(server.url + post.path, "HTTP 500")])
        assert post.path in articles(server)
    done = counted(server, output, settings=ONCE)
    assert (done.status, articles(server)) == (3, set())
    assert len(server.requests) <= 5
    ((url, why),) = done.problems
    assert url == server.url + post.path
    assert re.fullmatch(r"HTTP 500 \(in 3 runs; tried again after 20\d\d-\S+Z\)", why)
    query(output, "UPDATE failures SET retry_at = '2020-01-01T00:00:00Z'")
    server.faults.remove(page)
    done = counted(server, output, settings=ONCE)
    assert (done.status, done.changes, done.problems) == (0, {post.id: "updated"}, [])
    whole = {record["id"]: record for record in server.blog.truth()}
    assert next(record for record in done.posts if record["id"] == post.id) == whole[post.id]
