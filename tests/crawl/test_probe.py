"""``scrapy probe URL``, as real processes: what a blog is, and how it would be taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.blog import Fault
from tests.support.counting import counted
from tests.support.crawls import Serve
from tests.support.folders import ROOT


def probe(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``scrapy probe`` with an output folder of its own; nothing may be in it afterwards."""
    environment = os.environ | {"ENGCRAWL_OUTPUT": str(folder), "ENGCRAWL_PRIVATE": "yes"}
    settings = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False", "-s", "RETRY_TIMES=0")
    line = [sys.executable, "-m", "scrapy", "probe", *settings, *arguments]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert not folder.exists()
    return done


def seen(url: str, folder: Path) -> dict[str, Any]:
    done = probe(url, "--json", folder=folder)
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["fits"] else 1)
    return found


def test_a_blog_that_fits_is_told_in_a_few_requests(serve: Serve, tmp_path: Path, output: Path) -> None:
    server = serve(posts=100)
    done = probe(server.url, folder=tmp_path / "nothing")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{server.url}: it fits\n  wordpress: WordPress 6.7.1\n")
    assert len(server.requests) <= 15
    found = seen(server.url, tmp_path / "nothing")
    assert [found[name] for name in ("rest", "sitemap", "feed", "posts")] == ["open", "open", "open", 100]
    posts = {post.id: post for i in range(server.blog.size) if (post := server.blog.post(i))}
    assert found["first_page"]
    for entry in found["first_page"]:
        assert entry["title"] == posts[entry["id"]].title
    assert len(found["bodies"]) == 3
    for entry in found["bodies"]:
        assert (entry["source"], entry["day"]) == ("page", posts[entry["id"]].day.date().isoformat())
        assert entry["begins"]
    server.requests.clear()
    counted(server, output)
    assert abs(len(server.requests) - found["requests"]) <= 0.1 * len(server.requests)


def test_a_blog_without_rest_and_sitemaps_fits_and_lacks_its_proof(serve: Serve, tmp_path: Path) -> None:
    closed = [Fault("status", path, status=404) for path in ("/wp-json/.*", "/.*sitemap.*", "/index.php/.*")]
    found = seen(serve(posts=60, faults=closed).url, tmp_path / "nothing")
    assert (found["fits"], found["posts"]) == (True, None)
    assert "neither REST nor a sitemap: nothing beside its listings proves the archive" in found["missing"]


async def something_else(_: web.Request) -> web.Response:
    return web.Response(
        text="<html><head><title>A shop</title></head><body>Buy.</body></html>", content_type="text/html"
    )


async def forbidding(_: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /\n")


def test_what_does_not_fit_says_why_in_one_line(serve: Serve, tmp_path: Path) -> None:
    server = serve(posts=60)
    server.instead["/"] = something_else
    done = probe(server.url, folder=tmp_path / "nothing")
    why = "no WordPress archive: a page titled 'A shop' names no category"
    assert (done.returncode, done.stdout) == (1, f"{server.url}: it does not fit: {why}: {server.url}/\n")
    server.instead["/robots.txt"] = forbidding
    found = seen(server.url, tmp_path / "nothing")
    assert (found["fits"], "robots.txt" in found["why"]) == (False, True)


@pytest.mark.parametrize("arguments", [["blog.example.com"], []])
def test_a_wrong_address_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    done = probe(*arguments, folder=tmp_path / "nothing")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("scrapy probe: ")
