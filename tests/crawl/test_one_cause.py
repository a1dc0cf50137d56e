"""Where everything fails for one cause, a run says so once and ends early; the next one loses nothing by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.blog import Fault
from tests.support.counting import REST, counted, there
from tests.support.crawls import Serve, by_id
from tests.support.nights import night, query

CLOSED = Fault("status", REST, status=404)
"""REST, which would give the bodies of posts that fail."""
ARTICLES, LISTINGS = r"/\d{4}/.*", r"/category/.*"
ONE_AT_A_TIME = {"CONCURRENT_REQUESTS": "1", "CONCURRENT_REQUESTS_PER_DOMAIN": "1", "RETRY_TIMES": "1"}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("status", ARTICLES, status=403, after=5), "HTTP 403"),
        (Fault("challenge", ARTICLES, after=5), r"not the page of post \d+: a page titled 'Just a moment\.\.\.'"),
    ],
    ids=["forbidden", "challenge"],
)
def test_ten_posts_in_a_row_that_fail_for_one_cause_end_the_run(
    serve: Serve, output: Path, fault: Fault, reason: str
) -> None:
    server = serve(posts=60, faults=[fault, CLOSED])
    done = night(server, output, settings=ONE_AT_A_TIME)
    assert (done.status, len(done.problems)) == (3, 10), done.log
    posts, last = done.verdict["posts"], done.problems[-1][0]
    assert posts["lost"] == 10
    left = posts["listed"] - posts["new"] - posts["lost"]
    expected = f"stopped after 10 failures in a row: {reason}: {re.escape(last)}; {left} posts weren't tried"
    assert re.fullmatch(expected, done.verdict["reason"]), done.verdict["reason"]
    assert done.log.count("posts weren't tried") == 2  # when it ends, and with the verdict
    failed = {url.removeprefix(server.url) for url, _ in done.problems}
    server.faults.clear()
    done = night(server, output, settings=ONE_AT_A_TIME)
    assert (done.status, by_id(done.posts)) == (0, by_id(list(server.blog.truth())))
    asked = [path for _, path in server.requests if re.match(ARTICLES, path)]
    assert failed <= set(asked[: len(failed) + 4])  # first of all; some have several parts
    assert query(output, "SELECT count(*) FROM failures") == [(0,)]


def test_a_host_that_dies_in_the_middle_ends_the_run(serve: Serve, output: Path) -> None:
    server = serve(posts=60, faults=[Fault("reset", ARTICLES, after=5), CLOSED])
    done = night(server, output, settings=ONE_AT_A_TIME)
    assert done.status == 3
    assert re.match(r"stopped after 10 failures in a row: \w+Error: .* \(2 tries\): ", done.verdict["reason"])
    assert len(done.problems) == 10
    assert len([path for _, path in server.requests if re.match(ARTICLES, path)]) < 30


def test_listings_that_fail_for_one_cause_end_the_walk_without_a_browser_and_the_run(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=400, faults=[Fault("challenge", LISTINGS), Fault("challenge", ARTICLES), CLOSED])
    done = night(server, output, settings=ONE_AT_A_TIME)
    assert done.status == 1, done.log
    why = r"stopped after 10 failures in a row: no post on a page titled '.*': \S+; \d categories weren't walked"
    assert re.fullmatch(why, done.verdict["reason"]), done.verdict["reason"]
    assert len({path for _, path in server.requests if re.match(LISTINGS, path)}) == 10
    assert len(done.problems) == 10


def test_a_walk_that_stops_in_the_middle_goes_nowhere_in_the_browser_and_the_next_run_ends_it(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=400)
    server.faults = [Fault("status", rf"{LISTINGS}/page/.*|{ARTICLES}", status=500), CLOSED]
    settings = {"RETRY_TIMES": "0", "CONCURRENT_REQUESTS": "16"}
    done = night(server, output, settings=settings | {"ENGCRAWL_FAILURES_IN_A_ROW": "3"})
    assert done.status == 3
    assert "Starting Chromium" not in done.log
    assert re.match(r"stopped after 3 failures in a row: HTTP 500: .*; \d+ posts weren't tried", done.verdict["reason"])
    server.faults.clear()
    done = night(server, output)
    assert (done.status, by_id(done.posts)) == (0, by_id(list(server.blog.truth())))


def test_rest_that_answers_all_the_same_goes_on_giving_bodies(serve: Serve, output: Path) -> None:
    server = serve(posts=60, faults=[Fault("status", ARTICLES, status=403)])
    done = counted(server, output, settings=ONE_AT_A_TIME)
    assert (done.status, done.problems) == (0, []), done.log
    assert {post["id"] for post in done.posts} == {post.id for post in there(server.blog)}


def test_what_is_gone_or_was_known_to_fail_stops_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=80, faults=[CLOSED])
    own = [post for i in server.blog.whole if not (post := server.blog.post(i)).external and post.parts == 1]
    gone, broken = own[:12], own[20:36]
    server.faults += [Fault("status", re.escape(post.path), status=404) for post in gone]
    server.faults += [Fault("status", re.escape(post.path), status=500) for post in broken]
    never = {"ENGCRAWL_FAILURES_IN_A_ROW": "0"}
    first = night(server, output, settings=ONE_AT_A_TIME | never)
    assert (first.status, len(first.problems)) == (3, 28), first.log
    assert first.verdict["reason"] == "28 pages or posts could not be read"
    new = server.blog.publish(("web",))
    done = night(server, output, settings=ONE_AT_A_TIME)
    assert done.verdict["reason"] == "28 pages or posts could not be read"
    assert done.changes == {new.id: "new"}
