"""The walk by clicks, in a real Chromium, and its faults."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from tests.blog import Fault, Server
from tests.blog.blog import CATEGORIES
from tests.blog.faults import Kind
from tests.support.crawls import Crawl, Serve, command, crawl, environment, newest_first
from tests.support.folders import ROOT

ENDPOINT = "/wp-json/blog/v1/loadmore"
SCRIPT = "/static/loadmore.js"
IMPATIENT = {"ENGCRAWL_CLICK_TIMEOUT": "2", "RETRY_TIMES": "1"}


def browse(server: Server, output: Path, *arguments: str, settings: dict[str, str] | None = None) -> Crawl:
    """Crawl one category of several pages in the browser, without articles."""
    line = ("-a", "pagination=browser", "-a", "categories=machine-learning", "-a", "articles=no", *arguments)
    return crawl(output, *line, site=server.url, settings=settings)


def whole(done: Crawl, server: Server, *slugs: str) -> None:
    """The crawl got every post of the categories, as their listings say them."""
    wanted = {server.blog.id_of(i) for slug in slugs or ("machine-learning",) for i in server.blog.listing(slug)}
    truth = {post["id"]: post for post in server.blog.truth(articles=False)}
    assert done.status == 0, done.log
    assert {post["id"] for post in done.feed} == wanted
    assert all(post | {"published_date": None} == truth[post["id"]] | {"published_date": None} for post in done.feed)


def chromiums(output: Path) -> list[str]:
    """Living processes of a browser that a crawl with this output folder started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if str(output).encode() in environment and (b"chrom" in line or b"playwright" in line):
            found.append(line.decode().replace("\0", " "))
    return found


def test_clicks_give_the_whole_archive(serve: Serve, output: Path) -> None:
    server = serve(posts=120)
    blog = server.blog
    done = crawl(output, "-a", "pagination=browser", site=server.url)
    assert done.status == 0, done.log
    assert done.posts == newest_first(list(blog.truth()))
    walks = {
        c["slug"]: [c[key] for key in ("pagination", "pages", "walked", "posts")] for c in done.verdict["categories"]
    }
    assert walks == {
        slug: ["browser", blog.pages(slug), max(blog.pages(slug), 1), len(blog.listing(slug))] for slug in CATEGORIES
    }
    assert {c["end"] for c in done.verdict["categories"] if c["posts"]} == {"last page"}
    articles = [path for _, path in server.requests if re.match(r"/\d{4}/", path)]
    assert len(articles) == len(set(articles)) > 100  # no browser asked for one more
    assert chromiums(output) == []


def test_a_crawl_delay_is_kept_before_each_click_and_each_further_try_of_one(serve: Serve, output: Path) -> None:
    server = serve(posts=200, faults=[Fault("status", ENDPOINT, 1, 500)])

    async def robots(_: web.Request) -> web.StreamResponse:
        return web.Response(text="User-agent: *\nCrawl-delay: 0.5\n")

    server.instead["/robots.txt"] = robots
    whole(browse(server, output), server)
    moments = [when for when, path in server.requests if path in ("/category/machine-learning/", ENDPOINT)]
    assert len(moments) >= 4
    assert min(later - earlier for earlier, later in pairwise(moments)) > 0.45


def test_a_night_with_nothing_new_needs_no_click_and_one_with_new_posts_few(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    whole(browse(server, output), server)
    clicks = [path for _, path in server.requests if path == ENDPOINT]
    assert len(clicks) == server.blog.pages("machine-learning") - 1 > 3
    server.requests.clear()
    done = browse(server, output)
    assert (done.status, done.changes) == (0, {})
    assert ENDPOINT not in [path for _, path in server.requests]
    new = {server.blog.publish(("machine-learning",)).id for _ in range(2)}
    done = browse(server, output)
    assert (done.status, new <= done.changes.keys()) == (0, True)
    assert [path for _, path in server.requests].count(ENDPOINT) == 1
    assert {post["id"] for post in done.posts} == {
        server.blog.id_of(i) for i in server.blog.listing("machine-learning")
    }


def test_auto_goes_on_in_the_browser_where_links_end_too_early(serve: Serve, output: Path) -> None:
    server = serve(posts=400)
    kinds: dict[str, Kind] = {"compilers": "no_next", "databases": "loop", "networking": "stray", "storage": "status"}
    server.faults = [Fault(kind, f"/category/{slug}/page/2/", status=500) for slug, kind in kinds.items()]
    line = ("-a", f"categories={','.join(kinds)},mobile", "-a", "articles=no")
    done = crawl(output, *line, site=server.url, settings={"RETRY_TIMES": "1"})
    whole(done, server, *kinds, "mobile")
    detours = {c["slug"]: c["detour"] for c in done.verdict["categories"] if c["pagination"] == "browser"}
    assert detours.keys() == kinds.keys()
    for slug in kinds:
        assert f"{server.url}/category/{slug}/page/2/" in detours[slug]
        assert f"Category {slug} is walked again in the browser" in done.log


def test_faults_that_pass_leave_no_trace(serve: Serve, output: Path) -> None:
    server = serve(posts=300)
    server.faults = [
        Fault("status", "/category/.*", 1, status=503),
        Fault("challenge", "/category/.*", 1),
        Fault("consent", "/category/.*"),
        Fault("dialog", SCRIPT),
        Fault("status", ENDPOINT, 2, 429, {"Retry-After": "1"}),  # the first click's
        Fault("status", ENDPOINT, 1, status=500, after=1),  # and the next ones', one after the other
        Fault("reset", ENDPOINT, 1, after=2),
        Fault("slow", ENDPOINT, 1, seconds=1, after=2),
    ]
    done = browse(server, output)
    whole(done, server)
    assert done.problems == []
    assert [fault for fault in server.faults if fault.times == 0] == [*server.faults[:2], *server.faults[4:]]


def test_faults_that_stay_are_reported_with_the_category_and_the_click(serve: Serve, output: Path) -> None:
    server = serve(posts=400)
    expected = {
        "compilers": (Fault("status", ENDPOINT, after=1, status=500), r"click 2: HTTP 500: .*/loadmore \(2 tries\)"),
        "databases": (Fault("dead_click", SCRIPT), r"click 1: no new post within 2 s \(2 tries\)"),
        "networking": (Fault("leave", SCRIPT), r"click 1: the page wants to go to .*/category/web/ \(2 tries\)"),
        "storage": (Fault("repeat", ENDPOINT), r"the last 3 of 3 clicks brought no new post"),
        "mobile": (Fault("no_button", SCRIPT), r"the button is gone after page 1, where the site says 5 pages"),
        "security": (Fault("slow", ENDPOINT, seconds=15), r"click 1: no new post within 2 s \(2 tries\)"),
        "web": (Fault("repeat", ENDPOINT, 1), r"the button is gone after page 4, where the site says 5 pages"),
    }
    for slug, (fault, _) in expected.items():
        fault.page = f".*/category/{slug}/"
        server.faults.append(fault)
    line = ("-a", "pagination=browser", "-a", f"categories={','.join(expected)}", "-a", "articles=no")
    done = crawl(output, *line, site=server.url, settings=IMPATIENT)
    assert (done.status, done.verdict["verdict"]) == (3, "incomplete"), done.log
    problems = dict(done.problems)
    assert len(done.problems) == len(expected)
    for slug, (_, reason) in expected.items():
        why = problems[f"{server.url}/category/{slug}/"]
        assert re.fullmatch(reason, why), (slug, why)
        assert {server.blog.id_of(i) for i in server.blog.listing(slug)[:12]} <= {post["id"] for post in done.feed}
    assert chromiums(output) == []


def test_max_pages_ends_the_clicks(serve: Serve, output: Path) -> None:
    server = serve(posts=300)
    done = browse(server, output, "-a", "max_pages=2")
    assert done.status == 5
    assert [path for _, path in server.requests].count(ENDPOINT) == 1
    assert len(done.feed) == 24
    assert ("sandbox off: running as root" in done.log) == (os.geteuid() == 0)


def test_only_the_sites_own_host_is_asked_and_only_for_what_the_walk_needs(serve: Serve, output: Path) -> None:
    other = serve()
    server = serve(faults=[Fault("trackers", "/category/.*")])
    server._templates.globals["other"] = other.url.replace("127.0.0.1", "localhost")
    whole(browse(server, output), server)
    assert other.requests == []
    paths = {path for _, path in server.requests}
    assert paths == {"/robots.txt", "/category/machine-learning/", SCRIPT, ENDPOINT}


def test_an_interrupt_closes_the_browser(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    with _started(server, output) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 5
    assert chromiums(output) == []


def test_a_kill_leaves_no_browser(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    with _started(server, output) as process:
        assert len(chromiums(output)) > 1
        process.kill()
        process.wait()
    deadline = time.monotonic() + 15
    while chromiums(output) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert chromiums(output) == []


def _started(server: Server, output: Path) -> subprocess.Popen[bytes]:
    """A crawl in the browser that has made its first clicks."""
    line = command("-a", "pagination=browser", "-a", "categories=machine-learning", site=server.url)
    process = subprocess.Popen(
        line, cwd=ROOT, env=environment(output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while [path for _, path in server.requests].count(ENDPOINT) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    return process


# Without a browser


@pytest.fixture
def no_chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which there is no Chromium."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.delenv("ENGCRAWL_CHROMIUM", raising=False)


@pytest.mark.usefixtures("no_chromium")
def test_without_a_chromium_one_line_says_what_to_run(serve: Serve, output: Path) -> None:
    done = browse(serve(), output)
    assert (done.status, done.verdict["verdict"]) == (1, "failed")
    assert "no Chromium: run `playwright install --with-deps chromium`" in done.verdict["reason"]
    assert "Traceback" not in done.log


@pytest.mark.usefixtures("no_chromium")
def test_auto_without_a_chromium_keeps_what_the_links_gave(serve: Serve, output: Path) -> None:
    server = serve(faults=[Fault("no_next", "/category/machine-learning/page/2/")])
    done = crawl(output, "-a", "articles=no", site=server.url)
    assert done.status == 3
    assert done.problems[0][1].startswith("no Chromium: run `playwright install")
    assert len(done.feed) > 24


@pytest.mark.usefixtures("no_chromium")
def test_a_named_chromium_that_is_none_is_one_line(serve: Serve, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGCRAWL_CHROMIUM", "/nowhere/chromium")
    done = browse(serve(), output)
    assert done.status == 1
    assert "ENGCRAWL_CHROMIUM=/nowhere/chromium is no program that can be started" in done.verdict["reason"]


def test_a_limit_of_scrapys_closes_the_browser(serve: Serve, output: Path) -> None:
    server = serve(posts=500)
    done = browse(server, output, settings={"CLOSESPIDER_PAGECOUNT": "1"})
    assert (done.status, done.verdict["reason"]) == (5, "ended early: closespider_pagecount")
    assert chromiums(output) == []
