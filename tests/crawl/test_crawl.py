"""Whole crawls of the bundled blog, as real processes, against its ground truth."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from engcrawl.settings import DOWNLOADER_MIDDLEWARES
from tests.blog import Fault, Server
from tests.blog.blog import CATEGORIES
from tests.support.crawls import Crawl, Serve, by_id, command, crawl, environment, newest_first, records
from tests.support.folders import ROOT

OUTCOMES = ("new", "updated", "gone", "unchanged", "lost", "unlisted")
NONE: dict[str, Any] = {"listed": 0, "filtered": 0} | dict.fromkeys(OUTCOMES, 0) | {"dropped": {}}
"""A verdict's account of the posts where there are none."""


def test_the_archive_is_the_ground_truth_record_by_record(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    done = crawl(output, site=server.url)
    truth = list(server.blog.truth())
    assert done.status == 0, done.log
    assert len(truth) == 484
    assert done.posts == newest_first(truth)
    assert by_id(done.feed) == by_id(truth)
    assert [list(post) for post in done.posts] == [list(post) for post in newest_first(truth)]
    verdict = done.verdict
    assert (verdict["verdict"], verdict["exit_status"], verdict["problems"]) == ("complete", 0, [])
    assert verdict["posts"] == NONE | {"listed": 484, "new": 484}
    assert verdict["archive"] == "replaced: 484 posts"
    assert done.changes == {post["id"]: "new" for post in truth}
    assert {c["slug"]: (c["pages"], c["walked"], c["posts"]) for c in verdict["categories"]} == {
        slug: (server.blog.pages(slug), max(server.blog.pages(slug), 1), len(server.blog.listing(slug)))
        for slug in server.blog._listings
    }
    assert sorted(path.suffix for path in (output / "runs").iterdir()) == [".json", ".json", ".jsonl"]
    files = {"archive.db", "archive.db.lock", "posts.jsonl", "run.lock", "runs"}
    assert {path.name for path in output.iterdir()} == files


def test_no_request_leaves_the_listings_and_the_posts_own_pages(serve: Serve, output: Path) -> None:
    server = serve()
    crawl(output, site=server.url)
    paths = [path for _, path in server.requests]
    assert len(paths) == len(set(paths))
    assert not [p for p in paths if not re.fullmatch(r"/(robots\.txt|category/.*|\d{4}/\d\d/\d\d/[^?]*)?", p)]


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
    server = serve(posts=500)
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


def test_the_verdict_names_a_feed_elsewhere_without_its_password(serve: Serve, output: Path, unused_port: int) -> None:
    done = crawl(output, "-O", f"ftp://me:secret@127.0.0.1:{unused_port}/mine.jsonl", site=serve(posts=20).url)
    assert (done.status, done.verdict["reason"]) == (1, "a feed could not be written")
    assert done.verdict["feeds"][:1] == [f"ftp://127.0.0.1:{unused_port}/mine.jsonl"]


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


def test_a_lock_that_a_killed_run_left_does_not_block(serve: Serve, output: Path) -> None:
    server = serve()
    killed = interrupted(command(site=server.url), output, signal.SIGKILL, 20, server.requests)
    assert json.loads((output / "run.lock").read_text())["pid"]
    assert (killed.status, crawl(output, site=server.url).status) == (-signal.SIGKILL, 0)


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


def test_a_state_of_another_site_is_a_usage_error_and_left_alone(serve: Serve, output: Path) -> None:
    one, other = serve(posts=40), serve(posts=40)
    assert crawl(output, site=one.url).status == 0
    before = files(output)
    done = crawl(output, site=other.url)
    assert done.status == 2
    line = (
        f"Verdict: usage (exit status 2): argument site={other.url}: sqlite:///{output}/archive.db is the archive of"
        f" {one.url}; each site needs an ENGCRAWL_OUTPUT (and ENGCRAWL_STATE) of its own"
    )
    assert done.log.splitlines()[-1].endswith(line)
    assert "Traceback" not in done.log
    assert other.requests == []
    assert files(output) == before


def test_records_of_another_site_without_a_state_are_a_usage_error_too(serve: Serve, output: Path) -> None:
    one, other = serve(posts=40), serve(posts=40)
    before = published(one, output)
    done = crawl(output, site=other.url)
    assert done.status == 2
    line = f"argument site={other.url}: {output}/posts.jsonl is another site's ({one.url}); each site needs"
    assert f"Verdict: usage (exit status 2): {line}" in done.log.splitlines()[-1]
    assert "Traceback" not in done.log
    assert other.requests == []
    assert (output / "posts.jsonl").read_bytes() == before
    assert crawl(output, site=one.url).status == 0  # no trace of the other site is left


@pytest.mark.parametrize("line", ["[]\n", '{"id": 1}\n', '{"id": 1, "ur'])
def test_an_archive_with_a_line_that_is_no_record_is_named_and_left_alone(
    serve: Serve, output: Path, line: str
) -> None:
    server = serve(posts=40)
    good = published(server, output)
    with (output / "posts.jsonl").open("a") as file:
        file.write(line)
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


def published(server: Server, output: Path) -> bytes:
    """An archive without a state, as versions of engcrawl left it that had none."""
    assert crawl(output, site=server.url).status == 0
    for path in output.glob("archive.db*"):
        path.unlink()
    return (output / "posts.jsonl").read_bytes()


# Failures


def expect_failed(done: Crawl, reason: str) -> None:
    assert (done.status, done.verdict["verdict"]) == (1, "failed"), done.log
    assert reason in done.verdict["reason"]
    assert not (done.output / "posts.jsonl").exists()


def test_a_site_that_is_not_there_fails(output: Path, unused_port: int) -> None:
    done = crawl(output, site=f"http://127.0.0.1:{unused_port}", settings={"RETRY_TIMES": "1"})
    expect_failed(done, "robots.txt can't be fetched: DownloadConnectionRefusedError")


def test_a_site_that_is_no_wordpress_archive_fails(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("login", "/")])
    done = crawl(output, site=server.url, settings={"RETRY_TIMES": "1"})
    expect_failed(done, "no WordPress archive: a login form titled 'Log In' names no category")
    assert done.problems[0][0] == f"{server.url}/"


def test_an_error_in_a_middleware_is_one_in_the_code(serve: Serve, output: Path) -> None:
    wrong = json.dumps({"tests.support.exporters.FailsAtPosts": 970} | DOWNLOADER_MIDDLEWARES)
    done = crawl(output, site=serve(posts=3).url, settings={"DOWNLOADER_MIDDLEWARES": wrong})
    expect_failed(done, "an error in the code: KeyError: 'no such thing'")


def test_a_site_whose_robots_txt_forbids_it_fails(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("forbid", "/robots.txt")])
    expect_failed(crawl(output, site=server.url), "Forbidden by robots.txt")
    assert [path for _, path in server.requests] == ["/robots.txt"]


def test_a_redirect_to_another_host_is_refused(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("offsite", "/")])
    expect_failed(crawl(output, site=server.url), "leads to another host")
    assert [path for _, path in server.requests] == ["/robots.txt", "/"]


def test_an_error_in_the_code_fails(serve: Serve, output: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("class Broken:\n    def process_item(self, item):\n        return 1 / 0\n")
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        server = serve()
        pipelines = json.dumps({"broken.Broken": 50})
        done = crawl(output, site=server.url, settings={"ITEM_PIPELINES": pipelines})
    finally:
        del os.environ["PYTHONPATH"]
    expect_failed(done, "an error in the code: ZeroDivisionError")


@pytest.mark.parametrize(
    "settings",
    [
        {
            "FEED_EXPORT_ENCODING": "ascii",
            "FEED_EXPORTERS": json.dumps({"jsonlines": "tests.support.exporters.Unwritable"}),
        },
        {"FEED_EXPORT_BATCH_ITEM_COUNT": "1"},
    ],
)
def test_feeds_that_lose_posts_fail(serve: Serve, output: Path, settings: dict[str, str]) -> None:
    expect_failed(crawl(output, site=serve().url, settings=settings), "a feed could not be written")


@pytest.mark.parametrize("feed", ["/dev/full:jsonlines", "/dev/null/mine.jsonl"])
def test_a_feed_that_cannot_be_written_fails(serve: Serve, output: Path, feed: str) -> None:
    done = crawl(output, "-O", feed, site=serve().url)
    expect_failed(done, "a feed could not be written")
    assert "A feed can't be written" in done.log


def test_an_output_folder_that_cannot_be_written_is_one_line(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server = serve()
    done = crawl(tmp_path / "file" / "output", site=server.url)
    assert done.status == 1
    assert f"Verdict: failed (exit status 1): {tmp_path}/file/output: " in done.log
    assert "Not a directory" in done.log
    assert "Traceback" not in done.log
    assert server.requests == []


# Usage


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["-a", "sote=x"],
            "unknown argument sote: allowed are site, types, categories, since, until, articles, pagination, max_pages",
        ),
        (["-a", "since=2024-13-01"], "argument since=2024-13-01: must be a day of the calendar as YYYY-MM-DD"),
        (["-a", "until=yesterday"], "argument until=yesterday: must be a day as YYYY-MM-DD"),
        (["-a", "since=2024-02-01", "-a", "until=2024-01-01"], "since=2024-02-01 is after until=2024-01-01"),
        (["-a", "site=engineering.fb.com"], "argument site=engineering.fb.com: must be an address with http://"),
        (["-a", "articles=maybe"], "argument articles=maybe: must be yes or no"),
        (["-a", "max_pages=0"], "argument max_pages=0: must be a whole number from 1"),
        (["-a", "categories="], "argument categories=: must be slugs with commas between them"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(output: Path, arguments: list[str], line: str) -> None:
    done = crawl(output, *arguments)
    assert done.status == 2
    assert len(done.log.splitlines()) == 1
    assert line in done.log
    assert not output.exists()


def test_an_unknown_spider_is_one_line_that_lists_those_there_are(output: Path) -> None:
    line = command()
    line[line.index("archive")] = "archives"
    done = subprocess.run(line, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "scrapy crawl: spider 'archives': must be one of archive, inventory\n"


def test_an_unknown_category_is_an_error_that_lists_those_the_site_has(serve: Serve, output: Path) -> None:
    server = serve()
    done = crawl(output, "-a", "categories=security,fishing", site=server.url)
    assert (done.status, done.verdict["verdict"]) == (2, "usage")
    assert "unknown category fishing" in done.verdict["reason"]
    listed = set(done.verdict["reason"].partition(" has: ")[2].split(", "))
    assert listed >= {c.slug for c in CATEGORIES.values() if c.in_menu}
    assert done.log.count("unknown category fishing") == 1
    assert done.feed == []


# Signals and terminals


def interrupted(
    line: list[str], output: Path, number: int, after: int, server_requests: list[tuple[float, str]]
) -> Crawl:
    process = subprocess.Popen(
        line, cwd=ROOT, env=environment(output), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while len(server_requests) < after:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    log, _ = process.communicate(timeout=60)
    return Crawl(process.returncode, log, output)


@pytest.mark.parametrize("after", [5, 120])
def test_an_interrupt_stops_cleanly(serve: Serve, output: Path, after: int) -> None:
    server = serve(posts=250)
    done = interrupted(command(site=server.url), output, signal.SIGINT, after, server.requests)
    assert (done.status, done.verdict["verdict"]) == (5, "stopped"), done.log
    truth = {post["id"]: post for post in server.blog.truth()}
    found = done.feed
    assert all(post == truth[post["id"]] for post in found)
    assert len(found) == done.verdict["posts"]["new"] < 242
    assert done.posts == newest_first(found)
    assert not list((output / "runs").glob("*.part"))
    asked = {path for _, path in server.requests}
    server.requests.clear()
    whole = crawl(output, site=server.url)
    assert (whole.status, whole.posts) == (0, newest_first(list(truth.values())))
    assert whole.changes.keys() == truth.keys() - {post["id"] for post in found}
    again = asked & {path for _, path in server.requests if re.match(r"/\d{4}/", path)}
    assert len(again) <= 16  # those that were under way


def test_an_interrupt_while_posts_come_out_without_their_pages_stops_too(serve: Serve, output: Path) -> None:
    server = serve(posts=3000)
    line = command("-a", "articles=no", site=server.url, settings={"LOG_LEVEL": "DEBUG"})
    with subprocess.Popen(
        line, cwd=ROOT, env=environment(output), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        next(text for text in process.stderr if "Scraped from" in text)
        process.send_signal(signal.SIGINT)
        log = process.stderr.read()
        assert process.wait(60) == 5, log[-3000:]
    done = Crawl(5, log, output)
    assert done.verdict["verdict"] == "stopped"
    assert len(done.feed) == done.verdict["posts"]["new"]


def test_a_kill_leaves_no_finished_name(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    done = interrupted(command(site=server.url), output, signal.SIGKILL, 200, server.requests)
    assert done.status == -signal.SIGKILL
    assert [path.suffix for path in (output / "runs").iterdir()] == [".part"]
    assert not (output / "posts.jsonl").exists()


@pytest.mark.parametrize("articles", ["yes", "no"])
@pytest.mark.parametrize("limit", ["PAGECOUNT", "ITEMCOUNT"])
def test_a_limit_of_scrapys_stops_with_the_same_verdict(serve: Serve, output: Path, limit: str, articles: str) -> None:
    settings = {f"CLOSESPIDER_{limit}": "10"}
    done = crawl(output, "-a", f"articles={articles}", site=serve().url, settings=settings)
    assert (done.status, done.verdict["reason"]) == (5, f"ended early: closespider_{limit.lower()}")
    assert done.verdict["posts"]["new"] == len(done.feed) < 116


def test_a_terminal_gets_a_progress_display(serve: Serve, output: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        command(site=serve().url),
        cwd=ROOT,
        env=environment(output) | {"TERM": "xterm"},
        stdout=follower,
        stderr=follower,
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                data = os.read(leader, 65536)
            except OSError:  # the terminal's other end is closed
                break
            shown += data
    os.close(leader)
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"categories .* 17/17", text)
    assert re.search(r"posts .* 116/116 .* 0 errors", text)
    assert "Verdict: complete" in text


def test_a_pipe_gets_the_log_alone(serve: Serve, output: Path) -> None:
    log = crawl(output, site=serve().url).log
    assert "Verdict: complete" in log
    assert "\x1b" not in log
    assert "17/17" not in log
