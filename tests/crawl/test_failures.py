"""Crawls that fail, and command lines that can't be meant so: what is told of them, and where."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from engcrawl.settings import DOWNLOADER_MIDDLEWARES
from tests.blog import Fault
from tests.blog.blog import CATEGORIES
from tests.support.crawls import Crawl, Serve, command, crawl, environment
from tests.support.folders import ROOT


def expect_failed(done: Crawl, reason: str) -> None:
    assert (done.status, done.verdict["verdict"]) == (1, "failed"), done.log
    assert reason in done.verdict["reason"]
    assert not (done.output / "posts.jsonl").exists()


def test_a_site_that_is_not_there_fails(output: Path, unused_port: int) -> None:
    done = crawl(output, site=f"http://127.0.0.1:{unused_port}", settings={"RETRY_TIMES": "1"})
    expect_failed(done, "robots.txt can't be fetched: DownloadConnectionRefusedError")


def test_a_site_that_is_no_wordpress_archive_fails(serve: Serve, output: Path) -> None:
    server = serve(posts=1, faults=[Fault("login", "/")])
    done = crawl(output, site=server.url, settings={"RETRY_TIMES": "1"})
    expect_failed(done, "no WordPress archive: a login form titled 'Log In' names no category")
    assert done.problems[0][0] == f"{server.url}/"


def test_an_error_in_a_middleware_is_one_in_the_code(serve: Serve, output: Path) -> None:
    wrong = json.dumps({"tests.support.exporters.FailsAtPosts": 970} | DOWNLOADER_MIDDLEWARES)
    done = crawl(output, site=serve(posts=3).url, settings={"DOWNLOADER_MIDDLEWARES": wrong})
    expect_failed(done, "an error in the code: KeyError: 'no such thing'")


def test_a_site_whose_robots_txt_forbids_it_fails(serve: Serve, output: Path) -> None:
    server = serve(posts=1, faults=[Fault("forbid", "/robots.txt")])
    expect_failed(crawl(output, site=server.url), "Forbidden by robots.txt")
    assert [path for _, path in server.requests] == ["/robots.txt"]


def test_a_redirect_to_another_host_is_refused(serve: Serve, output: Path) -> None:
    server = serve(posts=1, faults=[Fault("offsite", "/")])
    expect_failed(crawl(output, site=server.url), "leads to another host")
    assert [path for _, path in server.requests] == ["/robots.txt", "/"]


def test_an_error_in_the_code_fails(serve: Serve, output: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("class Broken:\n    def process_item(self, item):\n        return 1 / 0\n")
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        server = serve(posts=3)
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
    expect_failed(crawl(output, site=serve(posts=20).url, settings=settings), "a feed could not be written")


@pytest.mark.parametrize("feed", ["/dev/full:jsonlines", "/dev/null/mine.jsonl"])
def test_a_feed_that_cannot_be_written_fails(serve: Serve, output: Path, feed: str) -> None:
    done = crawl(output, "-O", feed, site=serve(posts=20).url)
    expect_failed(done, "a feed could not be written")
    assert "A feed can't be written" in done.log


def test_the_verdict_names_a_feed_elsewhere_without_its_password(serve: Serve, output: Path, unused_port: int) -> None:
    done = crawl(output, "-O", f"ftp://me:secret@127.0.0.1:{unused_port}/mine.jsonl", site=serve(posts=20).url)
    assert (done.status, done.verdict["reason"]) == (1, "a feed could not be written")
    assert done.verdict["feeds"][:1] == [f"ftp://127.0.0.1:{unused_port}/mine.jsonl"]


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


def test_wrong_arguments_are_one_line_that_names_each(output: Path) -> None:
    wrong = ("-a", "sote=x", "-a", "since=2024-13-01", "-a", "site=engineering.fb.com")
    done = crawl(output, *wrong)
    assert done.status == 2
    assert len(done.log.splitlines()) == 1
    for name in ("argument site=engineering.fb.com: ", "argument since=2024-13-01: ", "unknown argument sote: "):
        assert name in done.log
    assert not output.exists()


def test_an_unknown_spider_is_one_line_that_lists_those_there_are(output: Path) -> None:
    line = command()
    line[line.index("archive")] = "archives"
    done = subprocess.run(line, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "scrapy crawl: spider 'archives': must be one of archive, inventory\n"


def test_an_unknown_category_is_an_error_that_lists_those_the_site_has(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    done = crawl(output, "-a", "categories=security,fishing", site=server.url)
    assert (done.status, done.verdict["verdict"]) == (2, "usage")
    assert "unknown category fishing" in done.verdict["reason"]
    listed = set(done.verdict["reason"].partition(" has: ")[2].split(", "))
    assert listed >= {c.slug for c in CATEGORIES.values() if c.in_menu}
    assert done.log.count("unknown category fishing") == 1
    assert done.feed == []
