"""What robots.txt says, and how it answers, decides what a crawl asks for, and how fast (RFC 9309)."""

from __future__ import annotations

import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

from aiohttp import web

from engcrawl.http.robots import LARGEST
from tests.blog import Fault, Server
from tests.blog.server import Handler
from tests.support.crawls import Serve, by_id, command, crawl, environment
from tests.support.folders import ROOT
from tests.support.nights import night

LISTINGS = ("-a", "articles=no", "-a", "pagination=links")
ONE_AT_A_TIME = {"CONCURRENT_REQUESTS": "1", "CONCURRENT_REQUESTS_PER_DOMAIN": "1"}


def saying(server: Server, *lines: str) -> None:
    """Have a blog's robots.txt say these lines, to everybody."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="\n".join(["User-agent: *", *lines, ""]))

    server.instead["/robots.txt"] = answer


def redirect(target: str) -> Handler:
    """Answer with a redirect."""

    async def answer(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(target)

    return answer


def paths(server: Server) -> list[str]:
    return [path for _, path in server.requests]


def test_while_robots_txt_fails_nothing_is_asked_for_and_nothing_is_harmed(server: Server, output: Path) -> None:
    before = (output / "posts.jsonl").read_bytes()
    server.faults.append(Fault("status", "/robots.txt", status=503))
    done = night(server, output, "-a", "inventory=yes", "-a", "full=yes", settings={"RETRY_TIMES": "1"})
    why = f"robots.txt can't be fetched: HTTP 503 (2 tries): {server.url}/robots.txt"
    assert (done.status, done.verdict["reason"], done.problems) == (1, why, [])
    assert done.log.count(why) == 2  # when it ends, and with the verdict
    assert paths(server) == ["/robots.txt"] * 2
    assert (output / "posts.jsonl").read_bytes() == before
    counted = crawl(output, site=server.url, spider="inventory", settings={"RETRY_TIMES": "0"})
    assert (counted.status, counted.verdict["reason"]) == (1, why.replace(" (2 tries)", ""))
    server.faults.clear()
    done = night(server, output)
    assert (done.status, done.changes) == (0, {}), done.log


def test_a_robots_txt_that_answers_in_the_end_counts(serve: Serve, output: Path) -> None:
    server = serve(posts=20, faults=[Fault("reset", "/robots.txt", 1), Fault("status", "/robots.txt", 1, 500)])
    saying(server, "Disallow: /category/web/")
    done = crawl(output, *LISTINGS, site=server.url)
    assert (done.status, done.problems) == (3, [(f"{server.url}/category/web/", "Forbidden by robots.txt")])
    assert paths(server)[:3] == ["/robots.txt"] * 3
    assert "/category/web/" not in paths(server)


def test_a_robots_txt_that_is_refused_forbids_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=20, faults=[Fault("status", "/robots.txt", status=403)])
    done = crawl(output, site=server.url)
    assert (done.status, by_id(done.posts)) == (0, by_id(list(server.blog.truth())))


def test_a_robots_txt_that_leads_to_another_host_allows_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=20, faults=[Fault("offsite", "/robots.txt")])
    done = crawl(output, site=server.url)
    assert done.status == 1
    assert done.verdict["reason"].startswith("robots.txt can't be fetched: leads to another host than ")
    assert paths(server) == ["/robots.txt"]


def test_without_the_setting_robots_txt_is_not_even_asked_for(serve: Serve, output: Path) -> None:
    server = serve(posts=20, faults=[Fault("status", "/robots.txt", status=503)])
    done = crawl(output, *LISTINGS, site=server.url, settings={"ROBOTSTXT_OBEY": "False"})
    assert (done.status, "/robots.txt" in paths(server)) == (0, False)


def test_redirects_of_robots_txt_are_followed_and_its_first_500_kib_are_read(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    saying(server, "Disallow: /category/web/", "#" * (LARGEST - 60), "Disallow: /category/security/", "Disallow: /")
    text = server.instead["/robots.txt"]
    hops = ["/robots.txt", *(f"/robots-{number}.txt" for number in range(5))]
    for path, target in pairwise(hops):
        server.instead[path] = redirect(target)
    server.instead[hops[-1]] = text
    done = crawl(output, *LISTINGS, site=server.url)
    assert done.problems == [(f"{server.url}/category/web/", "Forbidden by robots.txt")]
    assert paths(server)[:6] == hops
    assert "/category/security/" in paths(server)
    assert f"Only the first {LARGEST} bytes of this robots.txt are read" in done.log


def test_a_robots_txt_that_redirects_without_end_forbids_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    server.instead["/robots.txt"], server.instead["/r.txt"] = redirect("/r.txt"), redirect("/robots.txt")
    done = crawl(output, *LISTINGS, "-a", "categories=web", site=server.url)
    assert (done.status, done.problems) == (0, []), done.log
    hops = [path for path in paths(server) if path in ("/robots.txt", "/r.txt")]
    assert 5 < len(hops) < 30  # RFC 9309, 2.3.1.2: at least five are followed
    assert paths(server)[len(hops)] == "/category/web/"


def test_crawl_delay_is_kept_where_it_is_longer_than_the_pace_of_ours(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    saying(server, "Crawl-delay: 0.3")
    fast = {"AUTOTHROTTLE_ENABLED": "True", "AUTOTHROTTLE_START_DELAY": "0.01"}
    done = crawl(output, *LISTINGS, "-a", "categories=web,security,compilers", site=server.url, settings=fast)
    assert done.status == 0
    moments = [moment for moment, _ in server.requests]
    assert len(moments) >= 4
    assert min(later - earlier for earlier, later in pairwise(moments)) > 0.2
    assert f"Crawl-delay: 0.3 s between requests, 288000 a day at most: {server.url}/robots.txt" in done.log


def test_a_crawl_delay_shorter_than_the_pace_of_ours_changes_nothing(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    saying(server, "Crawl-delay: 0.01")
    slow = ONE_AT_A_TIME | {"DOWNLOAD_DELAY": "0.3", "DOWNLOAD_DELAY_JITTER": "0"}
    assert crawl(output, *LISTINGS, "-a", "categories=web", site=server.url, settings=slow).status == 0
    moments = [moment for moment, _ in server.requests]
    assert min(later - earlier for earlier, later in pairwise(moments)) > 0.2


def test_a_crawl_is_stopped_at_once_in_the_middle_of_a_long_crawl_delay(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    saying(server, "Crawl-delay: 3600")
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command(site=server.url), cwd=ROOT, env=environment(output), stdout=quiet, stderr=quiet
    ) as run:
        while not server.requests:
            assert run.poll() is None
            time.sleep(0.05)
        time.sleep(1)
        run.send_signal(signal.SIGTERM)
        assert run.wait(20) == 5
    assert paths(server) == ["/robots.txt"]
