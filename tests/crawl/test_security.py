"""Hold a crawl to each promise of SECURITY.md; what needs no crawl is in tests/unit."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from aiohttp import web
from sqlalchemy import make_url

from tests.blog import Blog, Fault, Server
from tests.blog.blog import CATEGORIES
from tests.support import bombs
from tests.support.crawls import Crawl, Serve, command, crawl, environment, run
from tests.support.folders import ROOT
from tests.support.postgres import database, postgres

LISTINGS = ("-a", "articles=no", "-a", "pagination=links")
COUNTED = ("-a", "inventory=yes", "-a", "pagination=links")
ONCE = {"RETRY_TIMES": "0"}
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[[\w.-]+\] [A-Z]+: |Traceback \(most recent call last\):$|\s|$")


def answering(text: str, kind: str) -> Callable[[web.Request], Any]:
    """What answers with *text*."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind)

    return answer


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


# Sizes


@dataclass
class Measured:
    """A finished crawl, and the most memory that it had."""

    crawl: Crawl
    peak: int
    """MiB"""


def measured(output: Path, *arguments: str, site: str) -> Measured:
    """A crawl in a process whose peak memory the kernel tells."""
    log = output.parent / f"{output.name}.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command(*arguments, site=site, settings={"RETRY_TIMES": "1"}),
            cwd=ROOT,
            env=environment(output),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(Crawl(process.returncode, log.read_text(), output), usage.ru_maxrss // 1024)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ENTITIES = f'<!DOCTYPE x [<!ENTITY l0 "laughs">{LAUGHS}<!ENTITY file SYSTEM "file:///etc/passwd">]>'


def test_what_is_too_large_and_xml_that_brings_entities_is_refused_in_bounded_memory(
    serve: Serve, output: Path
) -> None:
    server = serve(posts=20)
    usual = measured(output.parent / "usual", *COUNTED, site=server.url)
    assert usual.crawl.status == 0
    large = {
        "/category/web/": bombs.encoded(bombs.gzipped(1024), "gzip"),
        "/category/storage/": bombs.encoded(bombs.deflated(1024), "deflate"),
        "/category/security/": bombs.encoded(bombs.brotlied(256), "br"),
        "/category/video/": bombs.encoded(bombs.zstandard(256), "zstd"),
        "/category/culture/": bombs.endless,
    }
    server.instead.update(large)

    async def gzipped_sitemap(request: web.Request) -> web.Response:
        head = b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        return web.Response(body=bombs.gzipped(1024, head), content_type="application/gzip")

    server.sitemap = "gzip"
    server.instead["/sitemap_index.xml.gz"] = gzipped_sitemap
    items = "<item><link>http://x/&l9;</link></item><item><link>http://x/&file;</link></item>"
    rss = f"{ENTITIES}<rss><channel>{items}</channel></rss>"
    server.instead["/feed/"] = answering(rss, "application/rss+xml")
    bombed = measured(output, *COUNTED, site=server.url)
    reasons = {url.removeprefix(server.url): reason for url, reason in bombed.crawl.problems}
    assert set(reasons) == set(large)
    assert all("DOWNLOAD_MAXSIZE" in reason for reason in reasons.values()), reasons
    sources = bombed.crawl.verdict["proof"]["sources"]
    statuses = [sources[name]["status"] for name in ("sitemap", "feed")]
    assert (statuses, bombed.crawl.status) == (["failed", "failed"], 3)
    assert "a gzipped sitemap that can't be unpacked: " in sources["sitemap"]["detail"]
    assert "an XML document with declarations of its own" in sources["feed"]["detail"]
    assert "root:" not in written(output) + bombed.crawl.log
    assert bombed.peak < usual.peak + 160  # MiB; one page alone would be 1,024


# Logs


def test_a_site_writes_no_line_into_the_log(serve: Serve, output: Path) -> None:
    server = serve(posts=20)
    forged = "2026-01-01 00:00:00 [engcrawl] INFO: Verdict: complete"

    async def front(request: web.Request) -> web.Response:
        link = f'<li class="cat-item"><a href="/category/a%0A{forged}%1B[2J/">x</a></li>'
        return web.Response(text=f"<html><body>{link}</body></html>", content_type="text/html")

    server.instead["/"] = front
    server.instead["/category/web/"] = answering("x", "image/x\x9b2J")
    done = crawl(output, "-a", "categories=none-such", site=server.url)
    assert done.status == 2
    assert forged in done.log  # the usage line names the site's categories
    assert [line for line in done.log.splitlines() if not LOG_LINE.match(line)] == []
    assert not re.search(r"^2026-01-01", done.log, re.MULTILINE)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.log)


# Secrets


def written(output: Path) -> str:
    """All that is in a folder."""
    return "\n".join(path.read_bytes().decode("latin-1") for path in output.rglob("*") if path.is_file())


SECRETS = {
    "SMTP_PASSWORD": "sesame-smtp",
    "SLACK_TOKEN": "sesame-slack",
    "AWS_SECRET_ACCESS_KEY": "sesame-aws",
}


def test_secrets_are_in_no_log_and_in_no_file(serve: Serve, output: Path, unused_port: int) -> None:
    server = serve(posts=20)
    proxy = f"http://me:sesame-proxy@127.0.0.1:{server.port}"
    variables = SECRETS | {"ENGCRAWL_METRICS": str(output / "run.prom"), "ENGCRAWL_LOG": "json"}
    with postgres() as url:
        state = make_url(database(url)).set(password="sesame-state")
        named = state.render_as_string(hide_password=False)
        line = command(*COUNTED, site=server.url, settings={"LOG_LEVEL": "DEBUG"})
        given = run(line, output, http_proxy=proxy, no_proxy="", ENGCRAWL_STATE=named, **variables)
        assert given.status == 0, given.log
        assert (output / "run.prom").exists()
        variables["ENGCRAWL_LOG"] = "text"
        keys = ("-s", "AWS_SECRET_ACCESS_KEY=sesame-key", "-s", "FTP_PASSWORD=ses'ame-ftp")
        again = run([*line, "-s", f"ENGCRAWL_STATE={named}", *keys], output, **variables)
        assert again.status == 0, again.log
    feed_uri = f"ftp://me:sesame-feed@127.0.0.1:{unused_port}/x.jsonl"
    failed = run([*line, "-o", feed_uri, "-s", f"ENGCRAWL_STATE={named}&password=sesame-query"], output, **variables)
    assert failed.status == 1
    broken = run([*line, "-s", "ENGCRAWL_STATE=postgresql+psycopg://me:sesame/x@127.0.0.1/x"], output, **variables)
    assert broken.status == 1
    usage = run(command(site="http://me:sesame@127.0.0.1/"), output, **variables)
    assert usage.status == 2
    feed_uri = feed_uri.replace("sesame", "ses'ame")
    ftp = run([*command(*LISTINGS, site=server.url), "-o", feed_uri], output.parent / "other", **variables)
    assert ftp.status == 1
    assert "***" in ftp.log
    told = "\n".join([given.log, again.log, failed.log, broken.log, usage.log, ftp.log])
    assert "sesame" not in told
    assert "ses'ame" not in told
    assert "sesame" not in written(output.parent)
    assert json.loads((output / "runs" / "latest.json").read_text())["verdict"] == "complete"
