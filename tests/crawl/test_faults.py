"""Crawls of the bundled blog with its faults switched on: what passes is lived through, what stays is reported."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

from tests.blog import Fault
from tests.blog.blog import CATEGORIES
from tests.blog.faults import Kind
from tests.support.counting import REST
from tests.support.crawls import Serve, by_id, crawl
from tests.support.nights import newest

BY_LINKS = ("-a", "pagination=links", "-a", "articles=no")
ARTICLES = r"/\d{4}/.*"


def test_faults_that_pass_leave_no_trace(serve: Serve, output: Path) -> None:
    server = serve()
    posts = [server.blog.post(i) for i in newest(server.blog, 100)[::10]]
    categories = [c for c in CATEGORIES.values() if server.blog.listing(c.slug)]
    kinds: tuple[Kind, ...] = ("status", "reset", "truncated", "cut", "slow", "challenge", "empty", "login")
    for kind, category, post in zip(kinds, categories, posts, strict=False):
        times = 1 if kind == "slow" else 2  # a slow answer is one all the same
        server.faults += [Fault(kind, category.path, times), Fault(kind, re.escape(post.path), times)]
    server.faults += [Fault("no_posts", categories[len(kinds)].path, 2), Fault("challenge", "/", 1)]
    done = crawl(output, site=server.url)
    assert done.status == 0, done.log
    assert by_id(done.posts) == by_id(list(server.blog.truth()))
    assert done.problems == []
    assert [fault for fault in server.faults if fault.times] == []


def test_retry_after_holds_for_the_whole_host_and_costs_no_retry(serve: Serve, output: Path) -> None:
    server = serve()
    first, *_, last = [re.escape(server.blog.post(i).path) for i in newest(server.blog, 100)]
    server.faults = [
        Fault("status", "/robots.txt", 1, 429, {"Retry-After": "2"}),
        Fault("status", "/category/web/", 2, 503, {"Retry-After": "2"}),
        Fault("status", first, 2, 429, {"Retry-After": "2"}),
        Fault("retry_after_date", last, 1, 429, seconds=3),
    ]
    done = crawl(output, site=server.url, settings={"RETRY_TIMES": "0"})
    assert (done.status, done.problems) == (0, []), done.log
    assert by_id(done.posts) == by_id(list(server.blog.truth()))
    pauses = [earlier for (earlier, _), (later, _) in pairwise(server.requests) if later - earlier >= 1.9]
    for fault, times in zip(server.faults, (1, 2, 2, 1), strict=True):
        asked = [moment for moment, path in server.requests if re.fullmatch(fault.match, path)]
        assert (fault.times, len(asked)) == (0, times + 1)
        for moment in asked[:-1]:  # but for what was under way already, nothing at all was sent
            assert [begin for begin in pauses if 0 <= begin - moment < 1], (fault, moment, pauses)


def test_a_limit_ends_the_crawl_in_the_middle_of_a_pause(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("status", ARTICLES, status=429, headers={"Retry-After": "300"})])
    start = time.monotonic()
    done = crawl(output, site=server.url, settings={"CLOSESPIDER_TIMEOUT": "6"})
    assert (done.status, done.verdict["reason"]) == (5, "ended early: closespider_timeout")
    assert time.monotonic() - start < 60


def test_retry_after_beyond_the_limit_is_a_final_answer(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("status", "/category/web/", status=503, headers={"Retry-After": "86400"})])
    done = crawl(output, site=server.url)
    assert done.status == 3
    assert done.problems == [(f"{server.url}/category/web/", "HTTP 503")]
    assert [path for _, path in server.requests].count("/category/web/") == 1


def test_articles_that_cannot_be_had_still_yield_what_their_listings_say(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("status", REST, status=404)])
    blog = server.blog
    expected = [
        (Fault("status", "", status=404), "HTTP 404"),
        (Fault("status", "", status=500), r"HTTP 500 \(3 tries\)"),
        (Fault("reset", ""), r"\w+Error.* \(3 tries\)"),
        (Fault("truncated", ""), r"ResponseDataLossError.* \(3 tries\)"),
        (Fault("cut", ""), "a page cut short: it has no </html>.*"),
        (Fault("challenge", ""), r"not the page of post {id}: a page titled 'Just a moment\.\.\.'.*"),
        (Fault("empty", ""), "an empty body.*"),
        (Fault("login", ""), "not the page of post {id}: a login form titled 'Log In'.*"),
        (Fault("offsite", ""), "leads to another host than .*"),
    ]
    lost = [blog.post(i) for i in newest(blog, 100)[:: 100 // len(expected)]][: len(expected)]
    for post, (fault, _) in zip(lost, expected, strict=True):
        fault.match = re.escape(post.path)
        server.faults.append(fault)
    done = crawl(output, site=server.url, settings={"RETRY_TIMES": "2"})
    assert (done.status, done.verdict["verdict"]) == (3, "incomplete"), done.log
    problems = {problem["post"]: problem for problem in done.verdict["problems"]}
    assert len(done.problems) == len(expected)
    for post, (_, reason) in zip(lost, expected, strict=True):
        assert problems[post.id]["url"] == server.url + post.path
        assert re.fullmatch(reason.format(id=post.id), problems[post.id]["reason"]), problems[post.id]
    posts = done.verdict["posts"]
    counted = [posts[name] for name in ("listed", "new", "lost", "updated", "unchanged", "dropped")]
    assert counted == [116, 116 - len(lost), len(lost), 0, 0, {}]
    assert done.changes == {post["id"]: "new" for post in blog.truth()}
    assert by_id(done.feed) == by_id(done.posts)
    whole = [record for record in blog.truth() if record["id"] not in problems]
    assert by_id(done.posts) == by_id([*whole, *(blog.record(post, article=False) for post in lost)])


def test_a_missing_part_of_a_long_post_loses_the_body_not_the_post(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("status", REST, status=404)])
    long = server.blog.post(11)
    assert long.parts == 3
    server.faults.append(Fault("status", re.escape(long.path) + "2/", status=404))
    done = crawl(output, site=server.url)
    assert done.status == 3
    assert done.problems == [(f"{server.url}{long.path}2/", "HTTP 404")]
    post = next(p for p in done.posts if p["id"] == long.id)
    nothing = dict.fromkeys(("content_html", "content_markdown", "content_source"))
    assert post == server.blog.record(long) | nothing


def test_a_link_that_leads_nowhere_ends_the_walk_and_a_page_that_cannot_be_had_does_not_hide_those_behind_it(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=400)
    blog = server.blog
    expected: dict[str, tuple[Kind, str]] = {
        "compilers": ("loop", "the next page was walked already"),
        "networking": ("same", "the next page was walked already"),
        "security": ("stray", "the next page leaves the category"),
        "observability": ("skip", "after page 2 the next page is page 4"),
        "hardware": ("no_next", "no link to a next page after page 2, where the site says 4 pages"),
        "dev-tools": ("status", "HTTP 500 (5 tries)"),
    }
    for slug, (kind, _) in expected.items():
        assert blog.pages(slug) == 4
        server.faults.append(Fault(kind, f"/category/{slug}/page/2/", status=500))
    done = crawl(output, *BY_LINKS, "-a", f"categories={','.join(expected)}", site=server.url)
    assert done.status == 3
    problems = dict(done.problems)
    assert len(done.problems) == len(expected)
    for slug, (_, reason) in expected.items():
        assert problems[f"{server.url}/category/{slug}/page/2/"].startswith(reason)
    walked = {c["slug"]: (c["pages"], c["walked"], c["end"]) for c in done.verdict["categories"]}
    ends = dict.fromkeys(expected, (4, 2, "broken")) | {"dev-tools": (4, 3, "last page")}
    assert walked == ends
    known = [i for slug in expected for i in blog.listing(slug)[:24] if slug != "dev-tools"]
    listing = blog.listing("dev-tools")
    assert {post["id"] for post in done.feed} == {blog.id_of(i) for i in (*known, *listing[:12], *listing[24:])}


def test_a_post_published_during_the_crawl_neither_hides_nor_repeats_another(serve: Serve, output: Path) -> None:
    server = serve(posts=300, faults=[Fault("publish", "/category/compilers/page/2/", 1)])
    before = list(server.blog.truth())
    done = crawl(output, site=server.url)
    assert done.status == 0, done.log
    assert by_id(done.posts) == by_id(before)
