"""Hold a crawl to each promise of SECURITY.md; what needs no crawl is in tests/unit."""

from __future__ import annotations

import json
import re
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from aiohttp import web

from tests.blog import Blog, Fault, Server
from tests.blog.blog import CATEGORIES
from tests.support.crawls import Serve, command, crawl, environment, run
from tests.support.folders import ROOT
from tests.support.hostile import LISTINGS, answering, written

ONCE = {"RETRY_TIMES": "0"}


def leading_to(url: str) -> Callable[[web.Request], Any]:
    """What answers with a redirect to *url*."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": url})

    return answer


# Nothing listens


def test_nothing_listens_while_a_crawl_is_at_work(serve: Serve, output: Path) -> None:
    server = serve(posts=40, faults=[Fault("slow", "/category/web/", seconds=20)])
    with subprocess.Popen(
        command(*LISTINGS, site=server.url), cwd=ROOT, env=environment(output), stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 60
        while ("/category/web/" not in [path for _, path in server.requests]) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert listening(process.pid) == []
        assert sockets(process.pid)  # it is at work: the look sees its connections
        process.kill()


def sockets(pid: int) -> set[str]:
    """The inodes of a process' sockets."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return {match.group(1) for link in links if (match := re.fullmatch(r"socket:\[(\d+)\]", link))}


def listening(pid: int) -> list[str]:
    """The local addresses at which a process listens, as the kernel writes them."""
    rows = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()
    ]
    own = sockets(pid)
    return [row[1] for row in rows if len(row) > 9 and row[3] == "0A" and row[9] in own]


# Certificates


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, output: Path) -> None:
    authority = trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    with Server(Blog(20), host="localhost", tls=tls) as server:
        done = crawl(output, *LISTINGS, site=server.url, settings=ONCE)
        assert (done.status, server.requests) == (1, [])
        assert "certificate verify failed" in done.verdict["reason"]
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        trusting = {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}
        assert run(command(*LISTINGS, site=server.url), output, **trusting).status == 0


# Files


def test_no_file_is_for_everybody_to_write_whatever_the_umask(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    line = ["sh", "-c", 'umask 0; exec "$@"', "sh", *command("-o", str(output / "more.csv"), site=server.url)]
    done = run([*line, "-s", f"LOG_FILE={output.parent / 'log'}"], output, ENGCRAWL_METRICS=str(output / "run.prom"))
    assert done.status == 0, (output.parent / "log").read_text()
    modes = {path.name: path.stat().st_mode for path in output.parent.rglob("*")}
    assert {"posts.jsonl", "archive.db", "run.lock", "archive.db.lock", "latest.json", "runs", "more.csv"} <= set(modes)
    assert {"output", "log", "run.prom"} <= set(modes)
    assert [name for name, mode in modes.items() if mode & stat.S_IWOTH] == []


SPIDER = """
from scrapy import Request, Spider

class AnywhereSpider(Spider):
    name = "anywhere"

    async def start(self):
        for url in ("file:///etc/passwd", "data:text/plain,root:", "ftp://127.0.0.1:1/x", "s3://bucket/x"):
            yield Request(url, self.parse, errback=self.failed)

    def parse(self, response):
        print("HAD", response.url)

    def failed(self, failure):
        print("REFUSED", failure.request.url, failure.getErrorMessage())
"""


def test_nothing_is_downloaded_from_files_or_from_elsewhere_than_the_web(output: Path, tmp_path: Path) -> None:
    spider = tmp_path / "anywhere.py"
    spider.write_text(SPIDER)
    done = run([sys.executable, "-m", "scrapy", "runspider", "--nolog", str(spider)], output)
    assert sorted(line.partition(": no")[0] for line in done.log.splitlines()) == [
        "REFUSED data:text/plain,root: Unsupported URL scheme 'data'",
        "REFUSED file:///etc/passwd Unsupported URL scheme 'file'",
        "REFUSED ftp://127.0.0.1:1/x Unsupported URL scheme 'ftp'",
        "REFUSED s3://bucket/x Unsupported URL scheme 's3'",
    ]


def test_arguments_lead_to_no_file_outside_the_output_folder(serve: Serve, tmp_path: Path) -> None:
    server = serve(posts=20)
    output = tmp_path / "a" / "b" / "output"
    climbing = "..,%2e%2e%2fescape,..%2F..%2F..%2Fescape"
    first = crawl(output, "-a", f"categories={climbing}", site=server.url, settings=ONCE)
    second = crawl(output, *LISTINGS, site=f"{server.url}/../../../escape", settings=ONCE)
    assert (first.status, second.status) == (2, 1)
    assert {path.relative_to(tmp_path).parts[:3] for path in tmp_path.rglob("*") if not path.is_dir()} == {
        ("a", "b", "output")
    }
    assert {path.name.partition("-")[0] for path in (output / "runs").iterdir()} == {"archive", "latest.json"}


# Addresses


@pytest.mark.parametrize("pagination", ["links", "browser"])
def test_a_name_that_leads_to_a_private_address_is_refused_before_anything_is_sent(
    output: Path, pagination: str
) -> None:
    with Server(Blog(20), host="127.1") as server:  # no address as ipaddress has them: the resolver makes one of it
        line = ("-a", "articles=no", "-a", f"pagination={pagination}")
        done = crawl(output, *line, site=server.url)
        assert (done.status, server.requests) == (1, [])
        assert done.problems == [
            (
                f"{server.url}/",
                "127.1 leads to 127.0.0.1, which is no public address: set ENGCRAWL_PRIVATE=yes if the site is to be"
                " there",
            )
        ]
        assert "Gave up" not in done.log


def test_an_operator_can_allow_a_site_to_be_private(output: Path) -> None:
    with Server(Blog(20), host="127.1") as server:
        assert run(command(*LISTINGS, site=server.url), output, ENGCRAWL_PRIVATE="yes").status == 0
        wrong = run(command(*LISTINGS, site=server.url), output, ENGCRAWL_PRIVATE="perhaps")
        assert (wrong.status, wrong.log) == (2, "scrapy crawl: setting ENGCRAWL_PRIVATE=perhaps: must be yes or no\n")


def test_the_browser_goes_where_the_checked_name_leads_and_a_page_sends_no_packet_elsewhere_by_webrtc(
    output: Path,
) -> None:
    path = "/category/machine-learning/"
    with Server(Blog(60), host="localhost") as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun:
        page = requests.get(server.url + path, timeout=30).text
        stun.bind(("127.0.0.2", 0))
        servers = json.dumps({"iceServers": [{"urls": f"stun:127.0.0.2:{stun.getsockname()[1]}"}]})
        script = (
            f"<script>const peer = new RTCPeerConnection({servers}); peer.createDataChannel('x');"
            " peer.createOffer().then(offer => peer.setLocalDescription(offer));</script>"
        )
        server.instead[path] = answering(page.replace("</body>", f"{script}</body>"), "text/html")
        line = ("-a", "articles=no", "-a", "pagination=browser", "-a", "categories=machine-learning")
        done = crawl(output, *line, site=server.url)
        assert done.status == 0, done.log
        assert [c["pagination"] for c in done.verdict["categories"]] == ["browser"]
        stun.setblocking(False)
        with pytest.raises(BlockingIOError):
            stun.recv(1)


def test_a_proxy_may_be_private_and_finds_the_site_itself(output: Path) -> None:
    with Server(Blog(20)) as server:
        server.host, proxy = "blog.invalid", f"http://127.0.0.1:{server.port}"
        server.show(server.blog)
        done = run(command(*LISTINGS, site=server.url), output, http_proxy=proxy, no_proxy="")
        assert done.status == 0, done.log


def test_the_browser_is_not_sent_where_a_proxy_may_go(output: Path) -> None:
    with Server(Blog(20), host="127.1") as server:
        line = ("-a", "articles=no", "-a", "pagination=browser", "-a", "categories=web")
        proxy = f"http://127.0.0.1:{server.port}"
        done = run(command(*line, site=server.url), output, http_proxy=proxy, no_proxy="")
        assert [path for _, path in server.requests] == ["/robots.txt"]
        (problem,) = done.problems
        assert problem[0] == f"{server.url}/category/web/"
        assert problem[1].startswith("127.1 leads to 127.0.0.1, which is no public address: ")


def test_links_and_redirects_to_other_places_are_refused(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    elsewhere = [
        f"http://localhost:{server.port}/inside/",
        f"http://127.1:{server.port}/inside/",
        f"http://[::1]:{server.port}/inside/",
        f"http://0.0.0.0:{server.port}/inside/",
        f"http://2130706433:{server.port}/inside/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "data:text/html,x",
    ]
    paths = [c.path for c in CATEGORIES.values() if c.in_menu][: len(elsewhere)]
    for path, url in zip(paths, elsewhere, strict=True):
        server.instead[path] = leading_to(url)
    done = crawl(output, *LISTINGS, site=server.url, settings=ONCE)
    assert done.status == 3
    assert {url for url, _ in done.problems} == {server.url + path for path in paths}
    assert "/inside/" not in [path for _, path in server.requests]
    assert "root:" not in written(output) + done.log
