"""Whole crawls of the bundled blog, as real processes, against its ground truth."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.blog import Fault, Server
from tests.support.crawls import Crawl, Serve, by_id, command, crawl, environment, newest_first, records
from tests.support.folders import ROOT

OUTCOMES = ("new", "updated", "gone", "unchanged", "lost", "unlisted")
NONE: dict[str, Any] = {"listed": 0, "filtered": 0} | dict.fromkeys(OUTCOMES, 0) | {"dropped": {}}
"""A verdict's account of the posts where there are none."""


def test_the_archive_is_the_ground_truth_record_by_record(serve: Serve, output: Path) -> None:
    server = serve(posts=240)
    done = crawl(output, site=server.url)
    truth = list(server.blog.truth())
    assert done.status == 0, done.log
    assert len(truth) == 232
    assert done.posts == newest_first(truth)
    assert by_id(done.feed) == by_id(truth)
    assert [list(post) for post in done.posts] == [list(post) for post in newest_first(truth)]
    verdict = done.verdict
    assert (verdict["verdict"], verdict["exit_status"], verdict["problems"]) == ("complete", 0, [])
    assert verdict["posts"] == NONE | {"listed": 232, "new": 232}
    assert verdict["archive"] == "replaced: 232 posts"
    assert done.changes == {post["id"]: "new" for post in truth}
    assert {c["slug"]: (c["pages"], c["walked"], c["posts"]) for c in verdict["categories"]} == {
        slug: (server.blog.pages(slug), max(server.blog.pages(slug), 1), len(server.blog.listing(slug)))
        for slug in server.blog._listings
    }
    assert sorted(path.suffix for path in (output / "runs").iterdir()) == [".json", ".json", ".jsonl"]
    files = {"archive.db", "archive.db.lock", "posts.jsonl", "run.lock", "runs"}
    assert {path.name for path in output.iterdir()} == files
    paths = [path for _, path in server.requests]
    assert len(paths) == len(set(paths))
    assert not [p for p in paths if not re.fullmatch(r"/(robots\.txt|category/.*|\d{4}/\d\d/\d\d/[^?]*)?", p)]
    assert "Verdict: complete" in done.log
    assert "\x1b" not in done.log  # no display: this is no terminal
    assert "17/17" not in done.log


def test_without_articles_the_archive_is_what_the_listings_say(serve: Serve, output: Path) -> None:
    server = serve()
    done = crawl(output, "-a", "articles=no", site=server.url)
    assert done.status == 0
    assert by_id(done.feed) == by_id(list(server.blog.truth(articles=False)))
    assert done.posts == newest_first(list(server.blog.truth(articles=False)))
    assert done.verdict["archive"] == "replaced: 116 posts"


def test_categories_take_their_posts_alone(serve: Serve, output: Path) -> None:
    server = serve()
    done = crawl(output, "-a", "categories=security,language-models", site=server.url)
    wanted = {"security", "language-models"}
    blog = server.blog
    listed = {blog.id_of(i) for slug in wanted for i in blog.listing(slug)}
    assert done.status == 0
    assert {post["id"] for post in done.feed} == listed
    assert {c["slug"] for c in done.verdict["categories"]} == wanted


def test_since_and_until_take_the_days_between_and_stop_walking(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    done = crawl(output, "-a", "since=2024-01-01", "-a", "until=2024-12-31", "-a", "articles=no", site=server.url)
    truth = list(server.blog.truth(articles=False))
    dated = {p["id"] for p in truth if p["published_date"] and p["published_date"].startswith("2024")}
    undated = {p["id"] for p in truth if p["published_date"] is None}
    found = {post["id"] for post in done.feed}
    assert done.status == 0
    assert found - undated == dated
    assert all(c["walked"] < c["pages"] for c in done.verdict["categories"] if (c["pages"] or 0) > 3)


def test_max_pages_ends_early_and_says_so(serve: Serve, output: Path) -> None:
    server = serve()
    done = crawl(output, "-a", "max_pages=1", "-a", "articles=no", site=server.url)
    assert done.status == 5
    assert done.verdict["verdict"] == "stopped"
    assert "max_pages" in done.verdict["reason"]
    assert {c["walked"] for c in done.verdict["categories"]} == {1}


def test_a_feed_of_ones_own_works_as_everywhere_in_scrapy(serve: Serve, output: Path, tmp_path: Path) -> None:
    server = serve()
    mine = tmp_path / "mine.jsonl"
    mine.write_text("old\n")
    done = crawl(output, "-O", str(mine), site=server.url)
    assert done.status == 0
    assert by_id(records(mine, feed=True)) == by_id(list(server.blog.truth()))
    assert mine.read_bytes() == (output / "runs" / done.verdict["feed"]).read_bytes()
    assert done.verdict["feeds"] == [str(mine), str(output / "runs" / done.verdict["feed"])]
    assert done.verdict["job"] is None
    assert not list(tmp_path.glob("*.part"))


# One run at a time


def test_of_three_runs_on_the_same_output_two_end_at_once_and_name_the_first(serve: Serve, output: Path) -> None:
    server = serve(posts=40)
    line, quiet = command(site=server.url), subprocess.DEVNULL
    with subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=quiet, stderr=quiet) as first:
        while not server.requests:
            assert first.poll() is None
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)  # it has the lock, however long the others take to start
        try:
            runs = sorted((output / "runs").iterdir())
            others = [
                subprocess.Popen(
                    line, cwd=ROOT, env=environment(output), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                )
                for _ in range(2)
            ]
            logs = [other.communicate(timeout=60)[0] for other in others]
            assert sorted((output / "runs").iterdir()) == runs
            assert [path.suffix for path in runs] == [".part"]
        finally:
            first.send_signal(signal.SIGCONT)
        assert first.wait(60) == 0
    said = (
        rf"Verdict: locked \(exit status 4\): another run works on {output}: pid {first.pid} on \S+, since 20\d\d-\S+Z"
    )
    for other, log in zip(others, logs, strict=True):
        assert other.returncode == 4, log
        assert len(re.findall(rf"{said}$", log, re.MULTILINE)) == 1
        assert log.count("Verdict: ") == 1
        assert "Traceback" not in log
    done = Crawl(0, "", output)
    assert done.verdict["verdict"] == "complete"
    assert done.posts == newest_first(list(server.blog.truth()))
    assert sorted(path.suffix for path in (output / "runs").iterdir()) == [".json", ".json", ".jsonl"]
    paths = [path for _, path in server.requests]
    assert len(paths) == len(set(paths))  # the others asked for nothing


# What a run that isn't complete does to the archive


def test_an_incomplete_run_updates_the_archive_and_keeps_what_it_could_not_have(server: Server, output: Path) -> None:
    before = newest_first(list(server.blog.truth()))
    lost = server.blog.edit(100, title="Another title")
    new = server.blog.publish(("compilers",))
    server.faults.append(Fault("status", re.escape(lost.path), status=404))
    done = crawl(output, "-a", "full=yes", site=server.url)
    assert done.status == 3
    assert done.changes == {new.id: "new"}
    assert done.posts == [server.blog.record(new), *before]
    assert done.problems == [(server.url + lost.path, "HTTP 404")]
    assert done.verdict["posts"] == NONE | {"listed": len(before) + 1, "new": 1, "lost": 1}
    assert done.verdict["archive"] == f"replaced: {len(before) + 1} posts"


def test_an_incomplete_run_with_fewer_posts_leaves_those_it_does_not_have(server: Server, output: Path) -> None:
    before = (output / "posts.jsonl").read_bytes()
    server.faults.append(Fault("status", "/category/(compilers|web|video|culture)/.*", status=500))
    done = crawl(output, "-a", "full=yes", site=server.url, settings={"RETRY_TIMES": "0"})
    assert done.status == 3
    assert done.verdict["posts"]["listed"] < len(server.blog.whole)
    assert (output / "posts.jsonl").read_bytes() == before


def test_a_failed_run_leaves_the_archive(server: Server, output: Path) -> None:
    before = (output / "posts.jsonl").read_bytes()
    server.faults.append(Fault("status", ".*", status=500))
    done = crawl(output, site=server.url, settings={"RETRY_TIMES": "0"})
    assert (done.status, done.verdict["verdict"]) == (1, "failed")
    assert (done.verdict["archive"], done.feed) == ("left as it was: the verdict is failed", [])
    assert (output / "posts.jsonl").read_bytes() == before


# An archive that can't be gone on with


def files(folder: Path) -> dict[str, bytes]:
    """What is in the files of an output, but for the locks, which name the last process that asked for them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_a_state_of_another_site_and_its_records_alone_are_a_usage_error_and_left_alone(
    serve: Serve, output: Path
) -> None:
    one, other = serve(posts=20), serve(posts=1)
    assert crawl(output, site=one.url).status == 0
    named = "argument site=" + other.url

    def refused(line: str) -> None:
        before = files(output)
        done = crawl(output, site=other.url)
        assert done.status == 2
        assert f"Verdict: usage (exit status 2): {named}: {line}" in done.log.splitlines()[-1]
        assert "Traceback" not in done.log
        assert other.requests == []
        assert {name: text for name, text in files(output).items() if name in before} == before

    each = "each site needs an ENGCRAWL_OUTPUT (and ENGCRAWL_STATE) of its own"
    refused(f"sqlite:///{output}/archive.db is the archive of {one.url}; {each}")
    without_a_state(output)
    refused(f"{output}/posts.jsonl is another site's ({one.url}); each site needs")
    assert crawl(output, site=one.url).status == 0  # no trace of the other site is left


def test_an_archive_with_a_line_that_is_no_record_is_named_and_left_alone(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    assert crawl(output, site=server.url).status == 0
    without_a_state(output)
    good = (output / "posts.jsonl").read_bytes()
    with (output / "posts.jsonl").open("a") as file:
        file.write('{"id": 1, "ur')
    before = (output / "posts.jsonl").read_bytes()
    number = good.count(b"\n") + 1
    server.requests.clear()
    done = crawl(output, site=server.url)
    assert done.status == 1
    said = f"{output}/posts.jsonl: line {number} is no record of the archive: move the file away, or mend it"
    assert done.log.splitlines()[-1].endswith(f"Verdict: failed (exit status 1): {said}")
    assert "Traceback" not in done.log
    assert server.requests == []
    assert (output / "posts.jsonl").read_bytes() == before
    (output / "posts.jsonl").write_bytes(good)
    mended = crawl(output, site=server.url)
    assert (mended.status, mended.posts) == (0, newest_first(list(server.blog.truth())))


def without_a_state(output: Path) -> None:
    """Leave an archive as versions of engcrawl left it that had no state."""
    for path in output.glob("archive.db*"):
        path.unlink()
