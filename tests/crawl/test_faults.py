"""Crawls of the bundled blog with its faults switched on: what passes is lived through, what stays is reported."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.blog import Fault
from tests.blog.server import Server
from tests.support.counting import REST
from tests.support.crawls import Serve, by_id, crawl

BY_LINKS = ("-a", "pagination=links", "-a", "articles=no")
ARTICLES = r"/\d{4}/.*"
LISTINGS = r"/category/.*"


def complete(server: Server, output: Path) -> str:
    done = crawl(output, site=server.url)
    assert done.status == 0, done.log
    assert by_id(done.posts) == by_id(list(server.blog.truth()))
    assert done.problems == []
    return done.log


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([Fault("status", LISTINGS, 4, 500), Fault("status", ARTICLES, 4, 502)], id="5xx bursts"),
        pytest.param([Fault("reset", LISTINGS, 3), Fault("reset", ARTICLES, 3)], id="resets"),
        pytest.param([Fault("truncated", LISTINGS, 3), Fault("truncated", ARTICLES, 3)], id="truncated bodies"),
        pytest.param([Fault("cut", LISTINGS, 3), Fault("cut", ARTICLES, 3)], id="half pages"),
        pytest.param([Fault("slow", LISTINGS, 3), Fault("slow", ARTICLES, 3)], id="slow bodies"),
        pytest.param(
            [Fault("challenge", "/", 1), Fault("challenge", LISTINGS, 3), Fault("challenge", ARTICLES, 3)],
            id="challenge pages",
        ),
        pytest.param([Fault("empty", LISTINGS, 3), Fault("empty", ARTICLES, 3)], id="empty bodies"),
        pytest.param([Fault("login", LISTINGS, 3), Fault("login", ARTICLES, 3)], id="login forms"),
        pytest.param([Fault("no_posts", LISTINGS, 3)], id="listings without posts"),
    ],
)
def test_faults_that_pass_leave_no_trace(serve: Serve, output: Path, faults: list[Fault]) -> None:
    server = serve(faults=faults)
    complete(server, output)
    assert all(fault.times == 0 for fault in faults)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("status", LISTINGS, 6, 429, {"Retry-After": "2"}), id="429 with seconds"),
        pytest.param(Fault("retry_after_date", LISTINGS, 6, 429, seconds=3), id="429 with a date"),
        pytest.param(Fault("status", ARTICLES, 6, 503, {"Retry-After": "2"}), id="503 with seconds"),
    ],
)
def test_retry_after_holds_for_the_whole_host_and_costs_no_retry(serve: Serve, output: Path, fault: Fault) -> None:
    pattern = fault.match
    server = serve(faults=[fault])
    done = crawl(output, site=server.url, settings={"RETRY_TIMES": "0"})
    assert done.status == 0, done.log
    assert by_id(done.posts) == by_id(list(server.blog.truth()))
    assert fault.times == 0
    times = [moment for moment, path in server.requests if re.fullmatch(pattern, path)]
    everything = [moment for moment, _ in server.requests]
    longest = max(later - earlier for earlier, later in pairwise(everything))
    assert len(times) > 6
    assert longest >= 1.9  # from the last answer to the first request after it, nothing at all was sent


def test_retry_after_of_robots_txt_is_honoured_too(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("status", "/robots.txt", 1, 429, {"Retry-After": "2"})])
    complete(server, output)
    (first, _), (second, path), *_ = server.requests
    assert path == "/robots.txt"
    assert second - first >= 1.9


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


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("status", "", status=404), "HTTP 404"),
        (Fault("status", "", status=500), "HTTP 500 (3 tries)"),
        (Fault("reset", ""), r".*Error.* \(3 tries\)"),
        (Fault("truncated", ""), r"ResponseDataLossError.* \(3 tries\)"),
        (Fault("cut", ""), "a page cut short: it has no </html>"),
        (Fault("challenge", ""), "not the page of post {id}: a page titled 'Just a moment...'"),
        (Fault("empty", ""), "an empty body"),
        (Fault("login", ""), "not the page of post {id}: a login form titled 'Log In'"),
        (Fault("offsite", ""), "leads to another host than .*"),
    ],
)
def test_an_article_that_cannot_be_had_still_yields_what_its_listing_says(
    serve: Serve, output: Path, fault: Fault, reason: str
) -> None:
    server = serve(faults=[Fault("status", REST, status=404)])
    lost = server.blog.post(100)
    fault.match = re.escape(lost.path)
    server.faults.append(fault)
    done = crawl(output, site=server.url, settings={"RETRY_TIMES": "2"})
    assert (done.status, done.verdict["verdict"]) == (3, "incomplete"), done.log
    ((url, why),) = done.problems
    assert url == server.url + lost.path
    assert re.fullmatch(reason.replace("{id}", str(lost.id)).replace("(3 tries)", r"\(3 tries\)"), why.rstrip(".")) or (
        why == reason.replace("{id}", str(lost.id))
    )
    assert done.verdict["problems"][0]["post"] == lost.id
    posts = done.verdict["posts"]
    assert [posts[name] for name in ("listed", "new", "lost", "updated", "unchanged", "dropped")] == [
        116,
        115,
        1,
        0,
        0,
        {},
    ]
    assert done.changes == {post["id"]: "new" for post in server.blog.truth()}
    assert by_id(done.feed) == by_id(done.posts)
    truth = [post for post in server.blog.truth() if post["id"] != lost.id]
    listed = server.blog.record(lost, article=False)
    assert by_id(done.posts) == by_id([*truth, listed])


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


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("loop", "the next page was walked already"),
        ("same", "the next page was walked already"),
        ("stray", "the next page leaves the category"),
        ("skip", "after page 2 the next page is page 4"),
        ("no_next", "no link to a next page after page 2, where the site says 4 pages"),
    ],
)
def test_a_link_that_leads_nowhere_ends_the_walk_and_the_verdict_says_so(
    serve: Serve, output: Path, kind: str, reason: str
) -> None:
    server = serve(posts=400, faults=[Fault(kind, "/category/compilers/page/2/")])  # type: ignore[arg-type]
    assert server.blog.pages("compilers") == 4
    done = crawl(output, *BY_LINKS, "-a", "categories=compilers", site=server.url)
    assert done.status == 3
    ((url, why),) = done.problems
    assert url == f"{server.url}/category/compilers/page/2/"
    assert why.startswith(reason)
    (category,) = done.verdict["categories"]
    assert (category["pages"], category["walked"], category["end"]) == (4, 2, "broken")
    assert len(done.feed) == 24


def test_a_page_that_cannot_be_had_does_not_hide_those_behind_it(serve: Serve, output: Path) -> None:
    server = serve(posts=400, faults=[Fault("status", "/category/compilers/page/2/", status=500)])
    done = crawl(output, *BY_LINKS, "-a", "categories=compilers", site=server.url)
    assert done.status == 3
    assert done.problems == [(f"{server.url}/category/compilers/page/2/", "HTTP 500 (5 tries)")]
    (category,) = done.verdict["categories"]
    assert (category["pages"], category["walked"]) == (4, 3)
    listing = server.blog.listing("compilers")
    kept = [*listing[:12], *listing[24:]]
    assert {post["id"] for post in done.feed} == {server.blog.id_of(i) for i in kept}


def test_a_post_published_during_the_crawl_neither_hides_nor_repeats_another(serve: Serve, output: Path) -> None:
    server = serve(posts=300, faults=[Fault("publish", "/category/compilers/page/2/", 1)])
    before = list(server.blog.truth())
    done = crawl(output, site=server.url)
    assert done.status == 0, done.log
    assert by_id(done.posts) == by_id(before)
