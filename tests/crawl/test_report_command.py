"""When the report is written, and the command: many blogs, bad input, the user's browser."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from parsel import Selector
from playwright.sync_api import Browser

from engcrawl.items import Found
from engcrawl.state import State
from tests.blog import Blog
from tests.support.commands import ran, run
from tests.support.crawls import Crawl, Serve, command, crawl
from tests.support.crawls import run as run_line
from tests.support.exports import AT, SITE, odd_archive, post
from tests.support.reports import NASTY, Told, seen
from tests.support.seen import Look

LOOKS_AT_LOCKS = """
import fcntl, os, sys
if "report" in sys.orig_argv:
    for name in ("run.lock", "archive.db.lock"):
        with open(os.path.join(os.environ["ENGCRAWL_OUTPUT"], name)) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print(name, file=open(os.path.join(os.environ["ENGCRAWL_OUTPUT"], "free"), "a"))
"""
"""What Python runs before a command (`sitecustomize`): it leaves the names of the locks that nobody holds."""

pytestmark = pytest.mark.xdist_group("report")


def test_a_quiet_night_leaves_the_report_and_a_failing_one_changes_no_verdict(
    serve: Serve, output: Path, tmp_path: Path
) -> None:
    server = serve(posts=30)
    settings = {"ENGCRAWL_REPORT": "yes"}
    (tmp_path / "sitecustomize.py").write_text(LOOKS_AT_LOCKS)
    first = run_line(command(site=server.url, settings=settings), output, PYTHONPATH=str(tmp_path))
    report = output / "report.html"
    assert (first.status, report.exists()) == (0, True)
    assert (output / "free").read_text().split() == ["run.lock", "archive.db.lock"]
    before = report.stat().st_ino
    quiet = crawl(output, site=server.url, settings=settings)
    assert (quiet.status, report.stat().st_ino) == (0, before)
    report.unlink()
    report.mkdir()  # no file can take its place
    (report / "x").touch()
    server.show(Blog(34))
    failing = crawl(output, site=server.url, settings=settings)
    assert failing.status == 0
    assert "No report could be written: scrapy report: " in failing.log


def test_a_first_run_and_an_archive_without_one_say_so(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        state.posts.take_in(iter([post(1)]))
        state.commit()
    run(output, "report")
    told = Told(Crawl(0, "", output), output / "report.html")
    assert "No run is over yet" in told.text()
    assert "No record names an author." in told.text("Authors")


def test_many_blogs_have_an_index(tmp_path: Path, browser: Browser) -> None:
    output = tmp_path / "output"
    for number in (1, 2, 3):
        folder = output / f"b{number}.example"
        folder.mkdir(parents=True)
        with State.open(f"sqlite:///{folder}/archive.db", f"https://b{number}.example") as state:
            state.runs.begin("archive-1", "archive", {}, AT)
            state.posts.store(Found(post=post(1)))
            for night, verdict in ((1, "complete"), (2, "complete" if number == 1 else "failed")):
                report = {"reason": NASTY, "coverage": {"posts": night}, "problems": []}
                state.runs.begin(f"archive-{night}", "archive", {}, AT)
                state.runs.end(verdict, f"2026-11-0{night}T04:00:00Z", report)
    (output / "b3.example" / "archive.db").write_bytes(b"no database" * 500)
    (tmp_path / "blogs.yaml").write_text("- site: https://b4.example\n")
    listed = ("-s", f"ENGCRAWL_BLOGS={tmp_path}/blogs.yaml")
    assert run(output, "report", "--blog", "b1.example", *listed) == f"{output}/b1.example/report.html\n"
    assert run(output, "report", *listed) == f"{output}/index.html\n"
    page = Selector((output / "index.html").read_text("utf-8"))
    found = {row.css("th bdi::text").get(): row.css(".chip::text").get() for row in page.css("tbody tr")}
    assert [*found] == ["b2.example", "b3.example", "b4.example", "b1.example"]
    assert found == {
        "b1.example": "✓ complete",
        "b2.example": "✕ failed",
        "b3.example": "✕ unreadable",
        "b4.example": None,
    }
    assert page.css("a::attr(href)").getall() == ["b1.example/report.html"]
    assert len(page.css("svg.spark")) == 2
    assert NASTY in page.css("tbody").xpath("string()").get("")
    assert seen(browser, output / "index.html") == Look()


@pytest.mark.parametrize(("options", "status", "said"), [
    (["--blog", "other.example"], 2, "option --blog=other.example: must be one of x.example_blog"),
    (["more"], 2, "takes only options, not 'more'"),
])  # fmt: skip
def test_bad_input_is_one_line(tmp_path: Path, options: list[str], status: int, said: str) -> None:
    ended, _, told = ran(odd_archive(tmp_path), "report", *options)
    assert (ended, told) == (status, f"scrapy report: {said}\n")


def test_it_is_opened_in_the_users_browser(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    output = odd_archive(tmp_path)
    done = run_line([sys.executable, "-m", "scrapy", "report", "--open"], output, BROWSER=str(browser))
    assert (done.status, done.log) == (0, f"{output}/report.html\n")
    assert (tmp_path / "opened").read_text() == f"{(output / 'report.html').as_uri()}\n"


def test_without_an_archive_it_says_so_in_one_line(tmp_path: Path) -> None:
    ended, _, told = ran(tmp_path / "output", "report")
    assert (ended, told.count("\n")) == (1, 1)
    assert "no run has made it yet" in told


def test_the_setting_is_checked(tmp_path: Path) -> None:
    done = crawl(tmp_path / "output", settings={"ENGCRAWL_REPORT": "maybe"}, site="https://x.example")
    assert done.status == 2
    assert json.dumps("maybe")[1:-1] in done.log
