"""``scrapy report``: what it tells of a blog with faults, and what people see of it in a real Chromium."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from parsel import Selector
from playwright.sync_api import Browser

from engcrawl.items import Found
from engcrawl.state import State
from engcrawl.text.urls import blog_key
from tests.blog import Blog, Fault, Server
from tests.blog import rest as blog_rest
from tests.support.commands import ran, run
from tests.support.counting import COUNTED, hidden, there
from tests.support.crawls import Crawl, Serve, command, crawl
from tests.support.crawls import run as run_line
from tests.support.exports import AT, SITE, odd_archive, post
from tests.support.nights import newest
from tests.support.seen import Look, chromium, look_at

LOOKS_AT_LOCKS = """
import fcntl, os, sys
if "report" in sys.orig_argv:
    for name in ("run.lock", "archive.db.lock"):
        with open(os.path.join(os.environ["ENGCRAWL_OUTPUT"], name)) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print(name, file=open(os.path.join(os.environ["ENGCRAWL_OUTPUT"], "free"), "a"))
"""
"""What Python runs before a command (`sitecustomize`): it leaves the names of the locks that nobody holds."""
NASTY = "<script>alert(1)</script><b>x"
ONCE = {"RETRY_TIMES": "0"}

pytestmark = pytest.mark.xdist_group("report")


@dataclass
class Told:
    """A report, and the crawl that it is of."""

    crawl: Crawl
    path: Path

    @property
    def page(self) -> Selector:
        return Selector(self.path.read_text("utf-8"))

    def text(self, heading: str | None = None) -> str:
        """The text of the section under a heading, or of the whole page."""
        under = f"//section[h2='{heading}']" if heading else "//body"
        return " ".join(" ".join(self.page.xpath(f"{under}//text()").getall()).split())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Two runs of a blog; in the second pages fail, posts are missing, and pages and REST disagree."""
    output = tmp_path_factory.mktemp("report") / "output"
    with Server(Blog(COUNTED)) as server:
        blog = server.blog
        secret = [p for p in there(blog) if p.id in hidden(blog) and not (p.external or p.protected)]
        server.faults += [Fault("status", re.escape(p.path), status=403) for p in secret]

        async def bodiless(request: web.Request) -> web.StreamResponse:
            if "include" in request.query:
                raise web.HTTPForbidden
            return blog_rest.posts(server.blog, request.query, "")

        server.instead["/wp-json/wp/v2/posts"] = bodiless
        assert crawl(output, "-a", "inventory=yes", site=server.url, settings=ONCE).status == 3
        server.show(Blog(COUNTED + 20))
        fresh = [server.blog.post(index).path for index in newest(server.blog, 6)]
        server.faults += [Fault("theme", re.escape(path)) for path in fresh[:3]]
        server.faults += [Fault("status", re.escape(path), status=503) for path in fresh[3:5]]
        server.faults += [Fault("challenge", re.escape(fresh[5]))]
        settings = ONCE | {"ENGCRAWL_REPORT": "yes"}
        done = crawl(output, "-a", "inventory=yes", "-a", "full=yes", site=server.url, settings=settings)
        assert done.status == 3
        yield Told(done, output / "report.html")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The report of a state with titles, names and addresses that would be markup, or links that run."""
    output = odd_archive(tmp_path_factory.mktemp("odd"))
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        state.runs.begin("archive-2", "archive", {"site": SITE}, "2026-11-02T03:00:00Z")
        nasty = {"title": NASTY, "authors": [NASTY], "categories": [NASTY], "published_date": "2026-01-01"}
        for number in range(900_010, 900_024):
            state.posts.store(Found(post=post(number, **nasty)))
        entry = {"url": "javascript:alert(1)", "post": None, "reason": NASTY}
        status = {"status": "whole", "unexpected": 3}
        proof = {
            "posts": 70,
            "in_archive": 64,
            "missing": [entry | {"sources": ["rest"]}],
            "disagreements": {"title": 1},
            "sources": dict.fromkeys(("listings", "rest", "sitemap", "feed"), status),
            "categories": [
                {"slug": NASTY, "claimed": 5, "archive": 3, "listings": 1, "rest": 2, "sitemap": 3, "feed": 1}
            ],
        }
        counts = {"new": 1, "updated": 0, "gone": 0}
        report = {"reason": NASTY, "posts": counts, "problems": [entry], "coverage": {"posts": 64}, "proof": proof}
        state.runs.end("incomplete", "2026-11-02T03:05:00Z", report)
        state.commit()
    run(output, "report")
    return Told(Crawl(3, "", output), output / "report.html")


def seen(browser: Browser, path: Path) -> Look:
    return look_at(browser, path.as_uri(), path.parent.as_uri())


def test_a_run_with_news_writes_the_report_when_its_lock_is_released(troubled: Told) -> None:
    log = troubled.crawl.log
    assert re.search(rf"Report: {re.escape(str(troubled.path))}$", log, re.MULTILINE)
    assert log.index("Verdict written") < log.index("Report: ")
    assert "No report" not in log


def test_the_verdict_stands_on_top_in_its_own_words(troubled: Told) -> None:
    (banner,) = troubled.page.css("main > .verdict")
    assert banner.attrib["class"] == "verdict incomplete"
    assert banner.css(".word::text").get() == "Incomplete"
    verdict = troubled.crawl.verdict
    assert banner.css("p::text").getall()[1] == verdict["reason"]
    assert verdict["run"] in banner.css(".when::text").get("")


def test_it_tells_what_the_run_changed_with_links(troubled: Told) -> None:
    section = troubled.page.xpath("//section[h2='What the last run changed']")
    found = {
        (row.css(".chip::text").get(), row.css("a::attr(href)").get()): row.css("a bdi::text").get()
        for row in section.css("li")
    }
    feed = {record["id"]: record for record in troubled.crawl.feed}
    expected = {(change, feed[post]["url"]): feed[post]["title"] for post, change in troubled.crawl.changes.items()}
    assert len(expected) > 10
    assert found.items() <= expected.items()
    assert len(found) == min(len(expected), 40)


def test_problems_missing_posts_and_disagreements_are_told_with_what_to_do(troubled: Told) -> None:
    verdict = troubled.crawl.verdict
    assert verdict["problems"]
    for one in verdict["problems"]:
        assert one["url"] in troubled.text("Problems")
        assert one["reason"] in troubled.text("Problems")
    assert "The site refuses the crawl." in troubled.text("Problems")
    missing = verdict["proof"]["missing"]
    assert missing
    assert {one["url"] for one in missing} == set(
        troubled.page.xpath("//section[h2='Missing posts']//a/@href").getall()
    )
    assert "the next one tries again" in troubled.text("Missing posts")
    disagreements = verdict["proof"]["disagreements"]
    assert "title" in disagreements
    for field, posts in disagreements.items():
        assert re.search(rf"{field} {posts} posts?\b", troubled.text("Where pages and REST disagree"))
    titles = troubled.page.xpath("//h3[contains(., 'title')]/following-sibling::div[1]//tr[td]/td//bdi/text()").getall()
    assert titles[1] == titles[0]
    assert titles[1].startswith(titles[2])
    assert titles[1] != titles[2]


def test_the_pictures_have_the_archives_numbers(troubled: Told) -> None:
    posts = troubled.crawl.posts
    years = {row.css("th::text").get(): row.css(".n::text").get() for row in rows(troubled, "Posts a year")}
    days = [(record["published_date"] or "no date")[:4].replace("no d", "no date") for record in posts]
    assert years == {year: str(days.count(year)) for year in days}
    assert sum(int(row.css(".n::text").get("")) for row in rows(troubled, "Words a post")) == sum(
        record["content_markdown"] is not None for record in posts
    )
    due = rows(troubled, "When posts are read again")
    assert sum(int(row.css(".n::text").get("")) for row in due) == len(posts)
    for name, row in zip(
        [c["slug"] for c in troubled.crawl.verdict["proof"]["categories"]],
        rows(troubled, "Categories and lists"),
        strict=True,
    ):
        assert row.css("th::text").get() == name
    assert troubled.page.css(".strip rect.problems")


def rows(told: Told, heading: str) -> list[Selector]:
    return list(told.page.xpath(f"//section[h2='{heading}']//tbody/tr"))


def test_markup_in_what_a_site_says_stays_text(odd: Told) -> None:
    page = odd.page
    assert page.css("script, b, img, iframe, object, link") == []
    for heading in ("What the last run changed", "Posts a year", "Categories and lists", "Authors", "Problems"):
        assert NASTY in odd.text(heading), heading
    assert NASTY in odd.text()
    assert {href.split(":")[0] for href in page.css("a::attr(href)").getall()} == {"#missing", "#problems", "https"}
    assert "javascript:alert(1)" in odd.text("Problems")
    assert page.css(".matrix .hole").xpath("string()").getall() == ["✕ −2 3", "✕ −1 2"]


@pytest.mark.parametrize("which", ["troubled", "odd"])
def test_it_is_well_in_a_browser(which: str, browser: Browser, request: pytest.FixtureRequest) -> None:
    assert seen(browser, request.getfixturevalue(which).path) == Look()


def test_it_is_printed_dark_on_white_from_a_dark_desktop_too(troubled: Told, browser: Browser) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(troubled.path.as_uri())
    colours = (
        "[getComputedStyle(document.body).color, getComputedStyle(document.querySelector('.card')).backgroundColor]"
    )
    assert page.evaluate(colours) == ["rgb(230, 228, 224)", "rgb(30, 33, 38)"]
    page.emulate_media(media="print")
    assert page.evaluate(colours) == ["rgb(31, 35, 40)", "rgb(255, 255, 255)"]
    page.close()


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


def test_the_blog_key_names_the_page(odd: Told) -> None:
    assert odd.page.css("title::text").get() == f"{blog_key(SITE)}: incomplete"
