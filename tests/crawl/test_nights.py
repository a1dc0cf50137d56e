"""Run after run on one output: what a nightly run asks for, what it finds, what it tells."""

from __future__ import annotations

import gzip
import json
import re
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from tests.blog import Blog, Fault, Server
from tests.blog.blog import CATEGORIES, Post
from tests.support.crawls import Serve, command, environment, newest_first
from tests.support.folders import ROOT
from tests.support.nights import articles, differences, newest, night, paths, query, truth

ALL = len(CATEGORIES)


# Nothing new


def test_a_run_with_nothing_new_asks_for_a_page_of_each_category(server: Server, output: Path) -> None:
    before = (output / "posts.jsonl").read_bytes()
    done = night(server, output)
    assert (done.status, done.verdict["verdict"]) == (0, "complete")
    assert len(server.requests) <= ALL + 3
    assert articles(server) == set()
    assert done.feed == []
    assert (output / "posts.jsonl").read_bytes() == before
    assert {c["end"] for c in done.verdict["categories"] if c["slug"] != "quantum"} == {"known"}
    assert {c["walked"] for c in done.verdict["categories"]} == {1}


def test_full_walks_every_page_and_fetches_no_post_again(server: Server, output: Path) -> None:
    done = night(server, output, "-a", "full=yes")
    assert done.status == 0
    assert {c["slug"]: c["walked"] for c in done.verdict["categories"]} == {
        slug: max(server.blog.pages(slug), 1) for slug in CATEGORIES
    }
    assert articles(server) == set()


def test_a_full_walk_comes_by_itself_when_the_last_is_too_old(server: Server, output: Path) -> None:
    done = night(server, output, settings={"ENGCRAWL_FULL_EVERY": "0"})
    assert sum(c["walked"] for c in done.verdict["categories"]) == sum(max(server.blog.pages(s), 1) for s in CATEGORIES)
    assert night(server, output).status == 0
    assert len(server.requests) <= ALL + 3


# New posts


def test_new_posts_are_fetched_and_nothing_else(server: Server, output: Path) -> None:
    before = truth(server.blog)
    new = [server.blog.publish(categories) for categories in (("web",), ("culture", "web"), ("storage",))]
    done = night(server, output)
    after = truth(server.blog, before)
    assert done.status == 0
    assert articles(server) == paths(new)
    assert len(server.requests) <= ALL + 3 + 3 + len(new)
    assert done.changes == differences(before, after)
    assert done.posts == after


def test_more_new_posts_than_a_page_holds_are_all_found(server: Server, output: Path) -> None:
    before = truth(server.blog)
    new = [server.blog.publish(("hardware",)) for _ in range(30)]
    done = night(server, output)
    after = truth(server.blog, before)
    assert done.status == 0
    assert done.changes == differences(before, after)
    assert {post.id for post in new} <= done.changes.keys()
    assert done.posts == after
    assert {c["slug"]: c["walked"] for c in done.verdict["categories"]}["hardware"] == 4


def test_a_category_that_gets_its_first_posts_is_found(server: Server, output: Path) -> None:
    new = [server.blog.publish(("quantum",)) for _ in range(3)]
    done = night(server, output)
    assert done.changes == {post.id: "new" for post in new}
    assert done.posts == truth(server.blog)


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


def test_a_post_whose_listing_says_something_else_is_fetched_again(server: Server, output: Path) -> None:
    edited = [server.blog.edit(i, title=f"Now {i}") for i in newest(server.blog, 3)]
    done = night(server, output)
    assert done.status == 0
    assert articles(server) == paths(edited)
    assert done.changes == {post.id: "updated" for post in edited}
    assert done.posts == truth(server.blog)


def test_bodies_are_looked_at_again_when_they_are_due_and_the_site_says_what_changed(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=90)
    assert night(server, output).status == 0
    edited = [server.blog.edit(i) for i in newest(server.blog, 40)[-5:]]
    assert night(server, output).changes == {}
    query(output, "UPDATE posts SET due = '2000-01-01T00:00:00Z' WHERE due IS NOT NULL")
    done = night(server, output)
    assert done.status == 0
    assert done.changes == {post.id: "updated" for post in edited}
    assert done.posts == truth(server.blog)
    whole = [p for p in map(server.blog.post, server.blog.whole) if p.parts == 1]
    asked = {path: status for path, status in server.answers if re.match(r"/\d{4}/", path)}
    assert {path for path, status in asked.items() if status == 304} == paths(whole) - paths(edited)
    assert night(server, output).changes == {}
    assert articles(server) == set()


def test_without_validators_an_unchanged_body_is_no_change_either(serve: Serve, output: Path) -> None:
    server = serve(posts=90, faults=[Fault("no_validators", r"/\d{4}/.*")])
    assert night(server, output).status == 0
    edited = [server.blog.edit(i) for i in newest(server.blog, 9)[-2:]]
    query(output, "UPDATE posts SET due = '2000-01-01T00:00:00Z' WHERE due IS NOT NULL")
    done = night(server, output)
    assert done.changes == {post.id: "updated" for post in edited}
    assert {status for path, status in server.answers if re.match(r"/\d{4}/", path)} == {200}
    assert done.posts == truth(server.blog)


def test_young_posts_are_due_sooner_than_old_ones(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    assert night(server, output).status == 0
    rows = query(
        output,
        "SELECT day, (julianday(due) - julianday('now')) FROM posts WHERE due IS NOT NULL ORDER BY day",
    )
    assert all(0.49 < days <= 60 for _, days in rows)
    assert max(days for _, days in rows[-10:]) < min(days for _, days in rows[:10])


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


def test_a_post_whose_page_could_not_be_had_is_tried_again(serve: Serve, output: Path) -> None:
    server = serve()
    lost = server.blog.post(newest(server.blog, 20)[-1])
    server.faults += [Fault("status", path, status=404) for path in (re.escape(lost.path), "/wp-json/.*")]
    first = night(server, output)
    assert (first.status, first.verdict["posts"]["lost"], first.changes[lost.id]) == (3, 1, "new")
    server.faults.clear()
    done = night(server, output)
    assert done.status == 0
    assert articles(server) == {lost.path}
    assert done.changes == {lost.id: "updated"}
    assert done.posts == truth(server.blog)


def test_a_known_post_whose_page_cannot_be_had_keeps_its_record(server: Server, output: Path) -> None:
    before = truth(server.blog)
    edited = server.blog.edit(newest(server.blog, 1)[0], title="Now")
    server.faults.append(Fault("status", re.escape(edited.path), status=500))
    done = night(server, output, settings={"RETRY_TIMES": "0"})
    assert (done.status, done.changes, done.posts) == (3, {}, before)
    assert done.problems == [(server.url + edited.path, "HTTP 500")]
    server.faults.clear()
    assert night(server, output).changes == {edited.id: "updated"}


# Posts that go


def removable(blog: Blog) -> Post:
    """A post that the first pages of listings don't name."""
    first = {i for slug in CATEGORIES for i in blog.listing(slug)[:12]}
    return next(p for p in map(blog.post, blog.whole) if p.index not in first and not p.external)


def test_a_post_that_the_site_took_down_is_gone_after_a_full_walk_and_stays_in_the_archive(
    server: Server, output: Path
) -> None:
    before = truth(server.blog)
    removed = server.blog.remove(removable(server.blog).index)
    done = night(server, output, "-a", "full=yes")
    assert done.status == 0, done.log
    assert articles(server) == {removed.path}
    assert done.changes == {removed.id: "gone"}
    assert done.posts == before
    assert done.feed == [record for record in before if record["id"] == removed.id]
    assert done.verdict["unlisted"] == [{"url": server.url + removed.path, "post": removed.id, "reason": "HTTP 404"}]
    assert query(output, "SELECT id FROM posts WHERE gone_since IS NOT NULL") == [(removed.id,)]
    again = night(server, output, "-a", "full=yes")
    assert (again.status, again.changes, articles(server)) == (0, {}, set())
    server.blog.restore(removed.index)
    back = night(server, output, "-a", "full=yes")
    assert back.changes == {removed.id: "updated"}
    assert query(output, "SELECT id FROM posts WHERE gone_since IS NOT NULL") == []


def test_no_post_is_gone_after_an_incomplete_run_or_one_that_walked_a_part(server: Server, output: Path) -> None:
    removed = server.blog.remove(removable(server.blog).index)
    assert night(server, output).changes == {}
    assert night(server, output, "-a", f"categories={removed.categories[0]}", "-a", "full=yes").changes == {}
    server.faults.append(Fault("status", "/category/quantum/", status=500))
    done = night(server, output, "-a", "full=yes", settings={"RETRY_TIMES": "0"})
    assert (done.status, done.changes) == (3, {})
    server.faults.clear()
    done = night(server, output)  # the full walk goes on
    assert (done.status, done.changes) == (0, {removed.id: "gone"})


def test_a_post_that_listings_hide_now_is_not_gone(server: Server, output: Path) -> None:
    before = truth(server.blog)
    hidden = removable(server.blog)
    server.blog.hide(hidden.index)
    done = night(server, output, "-a", "full=yes")
    assert (done.status, done.changes, done.posts) == (0, {}, before)
    assert articles(server) == {hidden.path}
    assert night(server, output).status == 0
    assert articles(server) == set()


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


# Runs that died


def test_what_a_killed_run_stored_is_told_by_the_next(serve: Serve, output: Path) -> None:
    server = serve(posts=200)
    line = command(site=server.url, settings={"DOWNLOAD_DELAY": "0.02"})
    with subprocess.Popen(
        line, cwd=ROOT, env=environment(output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while not (stored := stored_ids(output)):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    part = next((output / "runs").glob("*.part"))
    done = night(server, output)
    assert done.status == 0
    assert stored <= done.changes.keys()
    assert done.changes == {record["id"]: "new" for record in server.blog.truth()}
    assert part.exists()
    assert [run for (run,) in query(output, "SELECT verdict FROM runs ORDER BY id")] == ["died", "complete"]


def stored_ids(output: Path) -> set[int]:
    if not (output / "archive.db").exists():
        return set()
    try:
        return {post for (post,) in query(output, "SELECT id FROM posts WHERE record IS NOT NULL")}
    except sqlite3.OperationalError:
        return set()  # not made yet


def test_a_change_that_no_feed_took_is_told_again(serve: Serve, output: Path) -> None:
    server = serve()
    assert night(server, output, settings={"FEEDS": "{}"}).status == 0
    assert list((output / "runs").glob("*.jsonl")) == []
    done = night(server, output)
    assert articles(server) == set()
    assert done.changes == {record["id"]: "new" for record in server.blog.truth()}
    assert newest_first(done.feed) == truth(server.blog)


def test_without_its_database_the_archive_is_taken_in(server: Server, output: Path) -> None:
    before = (output / "posts.jsonl").read_bytes()
    for path in output.glob("archive.db*"):
        path.unlink()
    done = night(server, output)
    assert (done.status, done.changes) == (0, {})
    assert (output / "posts.jsonl").read_bytes() == before
    bodiless = [p for p in map(server.blog.post, server.blog.whole) if p.protected]
    assert articles(server) == paths(bodiless)  # nothing says that their pages were read
    assert len(query(output, "SELECT 1 FROM posts WHERE due > '2026'")) > 100


def test_feeds_of_ones_own_get_what_is_new(server: Server, output: Path, tmp_path: Path) -> None:
    before = truth(server.blog)
    server.blog.publish(("web",))
    mine = tmp_path / "mine.jsonl.gz"
    feeds = {
        str(mine): {
            "format": "jsonlines",
            "postprocessing": ["scrapy.extensions.postprocessing.GzipPlugin"],
        }
    }
    done = night(server, output, "-O", str(tmp_path / "all.jsonl"), settings={"FEEDS": json.dumps(feeds)})
    assert done.status == 0
    text = (tmp_path / "all.jsonl").read_text("utf-8")
    assert gzip.decompress(mine.read_bytes()).decode() == text
    lines = [json.loads(line) for line in text.splitlines()]
    assert {line["id"]: line["change"] for line in lines} == differences(before, truth(server.blog, before))
