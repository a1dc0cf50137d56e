"""Run after run on one output: what a nightly run asks for, what it finds, what it tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.blog import Blog, Fault, Server
from tests.blog.blog import CATEGORIES, Post
from tests.support.crawls import Serve, newest_first
from tests.support.nights import articles, differences, newest, night, paths, query, truth

ALL = len(CATEGORIES)


# Nothing new


def test_a_run_with_nothing_new_asks_for_a_page_of_each_category_and_full_for_every_page_but_no_post(
    server: Server, output: Path
) -> None:
    before = (output / "posts.jsonl").read_bytes()
    done = night(server, output)
    assert (done.status, done.verdict["verdict"]) == (0, "complete")
    assert len(server.requests) <= ALL + 3
    assert articles(server) == set()
    assert done.feed == []
    assert (output / "posts.jsonl").read_bytes() == before
    assert {c["end"] for c in done.verdict["categories"] if c["slug"] != "quantum"} == {"known"}
    assert {c["walked"] for c in done.verdict["categories"]} == {1}

    full = night(server, output, "-a", "full=yes")
    assert full.status == 0
    assert {c["slug"]: c["walked"] for c in full.verdict["categories"]} == every_page(server)
    assert articles(server) == set()

    too_old = night(server, output, settings={"ENGCRAWL_FULL_EVERY": "0"})
    assert {c["slug"]: c["walked"] for c in too_old.verdict["categories"]} == every_page(server)


def every_page(server: Server) -> dict[str, int]:
    """Tell how many pages of each category there are to walk."""
    return {slug: max(server.blog.pages(slug), 1) for slug in CATEGORIES}


# New posts


def test_new_posts_and_those_whose_listing_says_something_else_are_fetched_and_nothing_else(
    server: Server, output: Path
) -> None:
    blog = server.blog
    before = truth(blog)
    edited = [blog.edit(i, title=f"Now {i}") for i in newest(blog, 3)]
    new = [blog.publish(categories) for categories in (("web",), ("culture", "web"), ("storage",))]
    new += [blog.publish(("hardware",)) for _ in range(30)]  # more than a page holds
    new += [blog.publish(("quantum",)) for _ in range(3)]  # a category that gets its first posts
    done = night(server, output)
    after = truth(blog, before)
    assert done.status == 0
    assert articles(server) == paths([*new, *edited])
    assert done.changes == differences(before, after)
    assert {post.id for post in (*new, *edited)} <= done.changes.keys()
    assert done.posts == after
    walked = {c["slug"]: c["walked"] for c in done.verdict["categories"]}
    assert walked["hardware"] == 4
    assert len(server.requests) <= 3 + sum(walked.values()) + len(new) + len(edited)
    assert sum(walked.values()) <= ALL + 3 + 3 + len(edited)


def test_where_the_sites_count_is_another_the_category_is_walked_to_its_end(server: Server, output: Path) -> None:
    listing = server.blog.listing("web")
    for index in list(listing[-12:]):  # its last page's
        server.blog.remove(index)
    done = night(server, output)
    assert {c["slug"]: (c["end"], c["walked"]) for c in done.verdict["categories"]}["web"] == (
        "last page",
        server.blog.pages("web"),
    )


# Changes


def test_bodies_are_looked_at_again_when_they_are_due_and_the_site_says_what_changed(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=90)
    blog = server.blog
    mute, telling = newest(blog, 40)[:9], newest(blog, 40)[-5:]
    server.faults = [Fault("no_validators", re.escape(blog.post(i).path)) for i in mute]
    assert night(server, output).status == 0
    edited = [blog.edit(i) for i in (*telling, *mute[-2:])]
    assert night(server, output).changes == {}
    query(output, "UPDATE posts SET due = '2000-01-01T00:00:00Z' WHERE due IS NOT NULL")
    done = night(server, output)
    assert done.status == 0
    assert done.changes == {post.id: "updated" for post in edited}
    assert done.posts == truth(blog)
    whole = paths(p for p in map(blog.post, blog.whole) if p.parts == 1)
    asked = {path: status for path, status in server.answers if re.match(r"/\d{4}/", path)}
    silent = paths(map(blog.post, mute))
    assert {path for path, status in asked.items() if status == 304} == whole - paths(edited) - silent
    assert {asked[path] for path in silent} == {200}
    days = dict(query(output, "SELECT id, julianday(due) - julianday('now') FROM posts WHERE due IS NOT NULL"))
    assert {number for number, day in days.items() if 0.49 < day < 1} == {post.id for post in edited}  # young again
    assert max(days.values()) <= 60
    assert night(server, output).changes == {}
    assert articles(server) == set()


def test_files_and_exit_status_agree_where_the_state_fails_at_the_end(server: Server, output: Path) -> None:
    when = "BEFORE UPDATE OF verdict ON runs WHEN NEW.verdict = 'complete'"
    query(output, f"CREATE TRIGGER full {when} BEGIN SELECT RAISE(ABORT, 'no room'); END")
    done = night(server, output)
    latest = json.loads((output / "runs" / "latest.json").read_text())
    assert (done.status, done.verdict["verdict"], latest["verdict"], latest["exit_status"]) == (
        1,
        "failed",
        "failed",
        1,
    )
    assert "no room" in done.verdict["reason"]


def test_a_post_whose_page_could_not_be_had_is_tried_again_and_a_known_one_keeps_its_record(
    serve: Serve, output: Path
) -> None:
    server = serve()
    lost = server.blog.post(newest(server.blog, 20)[-1])
    missing = [Fault("status", path, status=404) for path in (re.escape(lost.path), "/wp-json/.*")]
    server.faults += missing
    first = night(server, output)
    assert (first.status, first.verdict["posts"]["lost"], first.changes[lost.id]) == (3, 1, "new")

    edited = server.blog.edit(newest(server.blog, 1)[0], title="Now")
    server.faults.append(Fault("status", re.escape(edited.path), status=500))
    done = night(server, output, settings={"RETRY_TIMES": "0"})
    assert (done.status, done.changes, done.posts) == (3, {}, first.posts)
    assert dict(done.problems) == {server.url + edited.path: "HTTP 500", server.url + lost.path: "HTTP 404"}

    server.faults.clear()
    done = night(server, output)
    assert done.status == 0
    assert articles(server) == {lost.path, edited.path}
    assert done.changes == {lost.id: "updated", edited.id: "updated"}
    assert done.posts == truth(server.blog)


# Posts that go


def removable(blog: Blog) -> Iterator[Post]:
    """Yield posts that the first pages of listings don't name."""
    first = {i for slug in CATEGORIES for i in blog.listing(slug)[:12]}
    return (p for p in map(blog.post, blog.whole) if p.index not in first and not p.external)


def test_a_post_that_the_site_took_down_is_gone_after_a_full_walk_and_one_that_listings_hide_is_not(
    server: Server, output: Path
) -> None:
    before = truth(server.blog)
    leaving = removable(server.blog)
    removed, hidden = server.blog.remove(next(leaving).index), next(leaving)
    server.blog.hide(hidden.index)
    done = night(server, output, "-a", "full=yes")
    assert done.status == 0, done.log
    assert articles(server) == {removed.path, hidden.path}
    assert done.changes == {removed.id: "gone"}
    assert done.posts == before
    assert done.feed == [record for record in before if record["id"] == removed.id]
    unlisted = {"url": server.url + removed.path, "post": removed.id, "reason": "HTTP 404"}
    assert unlisted in done.verdict["unlisted"]
    assert query(output, "SELECT id FROM posts WHERE gone_since IS NOT NULL") == [(removed.id,)]
    again = night(server, output, "-a", "full=yes")
    assert (again.status, again.changes) == (0, {})
    assert removed.path not in articles(server)
    server.blog.restore(removed.index)
    back = night(server, output, "-a", "full=yes")
    assert back.changes == {removed.id: "updated"}
    assert query(output, "SELECT id FROM posts WHERE gone_since IS NOT NULL") == []


def test_no_post_is_gone_after_an_incomplete_run_or_one_that_walked_a_part(server: Server, output: Path) -> None:
    removed = server.blog.remove(next(removable(server.blog)).index)
    assert night(server, output).changes == {}
    assert night(server, output, "-a", f"categories={removed.categories[0]}", "-a", "full=yes").changes == {}
    server.faults.append(Fault("status", "/category/quantum/", status=500))
    done = night(server, output, "-a", "full=yes", settings={"RETRY_TIMES": "0"})
    assert (done.status, done.changes) == (3, {})
    server.faults.clear()
    done = night(server, output)  # the full walk goes on
    assert (done.status, done.changes) == (0, {removed.id: "gone"})


def test_a_category_that_the_site_took_down_is_forgotten(server: Server, output: Path) -> None:
    for index in list(server.blog.listing("culture")):
        server.blog.remove(index)
    server.faults.append(Fault("status", "/category/culture/", status=404))
    assert night(server, output, "-a", "full=yes").status == 0
    assert query(output, "SELECT count(*) FROM categories WHERE slug = 'culture'") == [(0,)]


# Parts of the archive


def test_a_filtered_run_updates_its_part(server: Server, output: Path) -> None:
    before = truth(server.blog)
    web, storage = (server.blog.publish((slug,)) for slug in ("web", "storage"))
    done = night(server, output, "-a", "categories=web")
    assert (done.status, done.changes[web.id]) == (0, "new")
    assert storage.id not in {post["id"] for post in done.posts}
    part = done.posts
    done = night(server, output)
    after = truth(server.blog, before)
    assert (done.status, done.changes, done.posts) == (0, differences(part, after), after)


def test_bodies_follow_listings(serve: Serve, output: Path) -> None:
    server = serve()
    done = night(server, output, "-a", "articles=no")
    assert done.posts == newest_first(list(server.blog.truth(articles=False)))
    assert night(server, output, "-a", "articles=no").changes == {}
    done = night(server, output)
    assert (done.status, done.posts) == (0, truth(server.blog))
    assert set(done.changes.values()) == {"updated"}
    done = night(server, output, "-a", "articles=no", "-a", "full=yes")
    assert (done.status, done.changes, done.posts) == (0, {}, truth(server.blog))
