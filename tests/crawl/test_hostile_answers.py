"""What a hostile site answers does no harm, and secrets stay secret."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from sqlalchemy import make_url

from tests.support import bombs
from tests.support.crawls import Crawl, Serve, command, crawl, environment, run
from tests.support.folders import ROOT
from tests.support.hostile import LISTINGS, answering, written
from tests.support.postgres import database, postgres

COUNTED = ("-a", "inventory=yes", "-a", "pagination=links")
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[[\w.-]+\] [A-Z]+: |Traceback \(most recent call last\):$|\s|$")


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
