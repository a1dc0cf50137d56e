"""``scrapy probe``, as a process: what it says of a blog, what it asks for, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from engcrawl.text.markdown import markdown
from tests.blog import Blog, Fault, Server, further
from tests.blog.blog import CATEGORIES, PER_PAGE
from tests.support.counting import REST, counted
from tests.support.crawls import IN_A_HURRY, Serve
from tests.support.folders import ROOT

MOST = 12
"""Requests of a probe."""


def probe(folder: Path, *arguments: str, status: int, settings: dict[str, str] | None = None) -> str:
    """Run ``scrapy probe`` in an empty folder: what it prints, or, for a wrong argument, says on standard error."""
    folder.mkdir()
    line = [sys.executable, "-m", "scrapy", "probe", *arguments]
    for name, value in (IN_A_HURRY | (settings or {})).items():
        line += ["-s", f"{name}={value}"]
    project = {"SCRAPY_SETTINGS_MODULE": "engcrawl.settings", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        line,
        cwd=folder,
        env=os.environ | project | {"ENGCRAWL_OUTPUT": str(folder / "output")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert list(folder.iterdir()) == []
    said, silent = (done.stderr, done.stdout) if status == 2 else (done.stdout, done.stderr)
    assert silent == ""
    return said


def first_line(server: Server, record: dict[str, Any]) -> str:
    return (markdown(record["content_html"]) or "").partition("\n")[0]


def test_json_says_what_a_blog_is_and_what_its_first_run_takes(serve: Serve, output: Path, tmp_path: Path) -> None:
    server = serve(posts=150)
    blog = server.blog
    further.publish(blog, "podcast", 7)

    async def robots(request: web.Request) -> web.Response:
        return web.Response(text=f"User-agent: *\nCrawl-delay: 0.02\nSitemap: {server.url}/sitemap_index.xml\n")

    server.instead["/robots.txt"] = robots
    found = json.loads(probe(tmp_path / "cwd", server.url, "--json", status=0))
    asked = len(server.requests)
    assert asked == found["requests"] <= MOST
    newest = [blog.record(blog.post(i), rest=True) for i in range(blog.size - 1, blog.size - 11, -1)]
    whole = [record for record in newest if not (record["external"] or record["protected"])][:3]
    largest = max(
        (c for c in CATEGORIES.values() if blog.counts[c.slug]), key=lambda c: (blog.counts[c.slug], c.in_menu)
    )
    unlinked = [c.slug for c in sorted(CATEGORIES.values(), key=lambda c: c.name.lower()) if not c.in_menu]
    seconds, delay = (found["first_run"].pop(name) for name in ("seconds", "delay"))
    estimate = found["first_run"].pop("requests")
    assert found == {
        "site": server.url,
        "fits": True,
        "reason": "3 of 3 posts read whole",
        "wordpress": "6.7.1",
        "theme": None,
        "robots": 200,
        "crawl_delay": 0.02,
        "sources": {name: {"access": "open", "detail": ""} for name in ("rest", "listings", "sitemap", "feed")},
        "posts": 150,
        "posts_from": "rest",
        "types": {"post": 150, "page": found["types"]["page"], "podcast": found["types"]["podcast"]},
        "categories": [
            {"slug": c.slug, "url": server.url + c.path, "posts": blog.counts[c.slug], "linked": c.in_menu}
            for c in sorted(CATEGORIES.values(), key=lambda c: c.name.lower())
        ],
        "listing": {
            "slug": largest.slug,
            "url": server.url + largest.path,
            "posts": PER_PAGE,
            "pages": blog.pages(largest.slug),
            "button": False,
        },
        "listed": [{n: record[n] for n in ("id", "published_date", "title", "categories", "url")} for record in newest],
        "read": [
            {n: record[n] for n in ("id", "url", "published_date", "title", "content_source")}
            | {"begins": first_line(server, record), "trouble": None}
            for record in whole
        ],
        "missing": [
            found["missing"][0],
            f"the front page doesn't link to {len(unlinked)} of 17 categories: {', '.join(unlinked)}",
            "robots.txt asks for 0.02 s between requests (Crawl-delay)",
        ],
        "first_run": {},
        "requests": asked,
    }
    assert set(found["types"].values()) <= {150, 0, 7, None}
    assert found["missing"][0].startswith("other post types, archived only with -a types=…: ")
    assert 0.02 <= delay < 1
    assert seconds == pytest.approx(estimate * delay, rel=0.5, abs=10)
    server.instead.clear()
    assert counted(server, output).status == 0
    assert estimate == pytest.approx(len(server.requests), rel=0.1)


def test_a_block_theme_without_rest_is_told_in_words(serve: Serve, output: Path, tmp_path: Path) -> None:
    server = serve(posts=60, faults=[Fault("status", REST, status=404), Fault("status", ".*sitemap.*", status=404)])
    server.theme = "blocks"
    said = probe(tmp_path / "cwd", server.url, status=0)
    assert len(server.requests) <= MOST
    lines = said.splitlines()
    assert lines[:3] == [f"site        {server.url}", "WordPress   6.7.1, theme not told", "robots.txt  there"]
    assert f"rest        missing: HTTP 404: {server.url}/wp-json/wp/v2/categories" in said
    assert "feed        open" in lines
    assert "- no REST and no sitemap: no list can prove that the archive is complete" in lines
    assert re.search(r"^posts       roughly, by listings, 60$", said, re.MULTILINE)
    assert len(re.findall(r"^    body from page: \w", said, re.MULTILINE)) == 3
    assert re.search(
        r"^A first run takes about \d+ requests and, one every \S+ s, less than a minute\.$", said, re.MULTILINE
    )
    assert lines[-2:] == ["", "It fits: 3 of 3 posts read whole"]
    estimate = int(re.findall(r"first run takes about (\d+) requests", said)[0])
    assert counted(server, output).status == 0
    assert estimate == pytest.approx(len(server.requests), rel=0.25)


def test_posts_that_cannot_be_read_whole_do_not_fit(serve: Serve, tmp_path: Path) -> None:
    server = serve(posts=60, faults=[Fault("status", REST, status=403), Fault("challenge", r"/\d{4}/.*", after=1)])
    said = probe(tmp_path / "cwd", server.url, status=1, settings={"RETRY_TIMES": "0"})
    assert "rest        forbidden: HTTP 403" in said
    assert "It does not fit: 1 of 3 posts read whole: " in said.splitlines()[-1]


def test_a_site_that_is_not_wordpress_does_not_fit(serve: Serve, tmp_path: Path) -> None:
    server = serve(posts=1)

    async def shop(request: web.Request) -> web.Response:
        return web.Response(text="<html><head><title>A Shop</title></head></html>", content_type="text/html")

    server.instead["/"] = shop
    said = probe(tmp_path / "cwd", server.url, status=1)
    assert said.splitlines()[-1] == (
        f"It does not fit: no WordPress archive: a page titled 'A Shop' names no category: {server.url}/"
    )


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("forbid", "/robots.txt"), "Forbidden by robots.txt: {site}/"),
        (Fault("status", "/robots.txt"), "robots.txt can't be fetched: HTTP 503 (2 tries): {site}/robots.txt"),
    ],
    ids=["forbids all", "fails"],
)
def test_a_blog_whose_robots_txt_allows_nothing_is_asked_for_nothing_else(
    serve: Serve, tmp_path: Path, fault: Fault, reason: str
) -> None:
    server = serve(posts=1, faults=[replace(fault)])
    found = json.loads(probe(tmp_path / "cwd", server.url, "--json", status=1))
    assert found["reason"] == reason.format(site=server.url)
    assert {path for _, path in server.requests} == {"/robots.txt"}


def test_a_refused_port_does_not_fit(tmp_path: Path) -> None:
    with Server(Blog(1)) as server:
        gone = server.url
    found = json.loads(probe(tmp_path / "cwd", gone, "--json", status=1))
    assert (found["fits"], found["requests"]) == (False, 2)
    assert re.fullmatch(rf"robots\.txt can't be fetched: .*refused.*\(2 tries\): {gone}/robots\.txt", found["reason"])


def test_a_stopped_probe_says_so(serve: Serve, tmp_path: Path) -> None:
    server = serve(posts=1, faults=[Fault("slow", "/", seconds=2)])
    with subprocess.Popen(
        [sys.executable, "-m", "scrapy", "probe", server.url],
        cwd=ROOT,
        env=os.environ | {"ENGCRAWL_OUTPUT": str(tmp_path / "output")},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while len(server.requests) < 2:
            time.sleep(0.05)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == "scrapy probe: stopped\n"
    assert process.returncode == 5


def test_a_wrong_address_is_one_line(tmp_path: Path) -> None:
    assert probe(tmp_path / "cwd", "example.com", status=2) == (
        "scrapy probe: argument site=example.com: must be an address with http:// or https://, like"
        " https://engineering.fb.com\n"
    )
