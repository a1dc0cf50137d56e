"""``scrapy probe``: tell whether engcrawl can read a blog, and what a first run would take."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar

from scrapy import Spider

from engcrawl.arguments import Arguments
from engcrawl.errors import EngcrawlError, UsageError
from engcrawl.http.addresses import private_allowed
from engcrawl.http.fetch import Fetch, Stopped
from engcrawl.http.observed import Observed
from engcrawl.items import Source
from engcrawl.phases.probe import Probe
from engcrawl.phases.probed import Probed
from engcrawl.printing import PrintingCommand, print_table
from engcrawl.report.verdict import Outcome
from engcrawl.text.durations import readable
from engcrawl.text.visible import visible

_COLUMNS = ("id", "published_date", "title", "categories")
"""The columns of the table of the newest posts."""
_MOST_CATEGORIES = 20
"""How many categories are printed; ``--json`` has them all."""
_SURE: dict[Source | None, str] = {
    "rest": "",
    "sitemap": "about ",
    "listings": "roughly, by listings, ",
}
"""How sure a number of posts is, by who says it."""
_WIDE = 100
"""The characters of a body's first line that are printed."""


class StoppedError(EngcrawlError):
    """The probe was stopped before it could tell."""

    exit_status = Outcome.STOPPED


class ProbeSpider(Spider):
    """The spider of a probe: it requests pages as a crawl does, with fewer retries, and stores nothing."""

    name = "probe"
    custom_settings: ClassVar[dict[str, Any]] = {  # type: ignore[misc]  # Scrapy's own annotation
        "EXTENSIONS": {},
        "FEEDS": {},
        "ITEM_PIPELINES": {},
        "RETRY_TIMES": 1,
        "ENGCRAWL_RETRY_AFTER_MAX": 60,
    }
    site: str
    probing: asyncio.Task[Probed] | None = None
    """The probe, whose result or exception the command takes."""

    async def start(self) -> AsyncIterator[Any]:
        """Probe the blog."""
        self.probing = asyncio.create_task(Probe(Fetch(self.crawler), self.site, Observed(self.crawler)).run())
        await asyncio.wait([self.probing])
        return
        yield  # a generator, which Scrapy asks for


class Command(PrintingCommand):
    """Tell whether engcrawl can read a blog, and what a first run would take.

    It prints WordPress' version and the theme's name, which lists of posts are open, how many posts, post types and
    categories there are, the newest posts, three posts read as a run would read them, what a run would lack or need,
    and roughly how long a first run takes. It sends about a dozen requests, at a crawl's pace, and stores nothing. The
    exit status is 0 if the posts were read whole, 1 if not (the last line says why), 2 for a wrong argument, 5 if the
    probe was stopped.
    """

    def syntax(self) -> str:
        return "[options] URL"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add ``--json``."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Probe the blog, and print what was found."""
        assert self.settings is not None
        with self.printing():
            if len(args) != 1:
                raise UsageError("takes the address of one blog, like https://engineering.fb.com")
            site = Arguments.parse({"site": args[0]}).site
            private_allowed(self.settings)
            found = self._probe(site)
            if opts.json:
                print(json.dumps(asdict(found), ensure_ascii=False, indent=2))
            else:
                _print(found)
        self.exitcode = Outcome.COMPLETE if found.fits else Outcome.FAILED

    def _probe(self, site: str) -> Probed:
        """Return what a probe of *site* finds. Raises StoppedError."""
        assert self.crawler_process is not None
        crawler = self.crawler_process.create_crawler(ProbeSpider)
        crawl = self.crawler_process.crawl(crawler, site=site)
        self.crawler_process.start()
        if isinstance(crawl, asyncio.Task) and crawl.done() and (error := crawl.exception()):
            raise error  # it could not begin
        probing = crawler.spider.probing if isinstance(crawler.spider, ProbeSpider) else None
        if probing is None or not probing.done():
            raise StoppedError("stopped")
        try:
            return probing.result()
        except Stopped as error:
            raise StoppedError(str(error) or "stopped") from error


def _print(found: Probed) -> None:
    for name, told in _facts(found):
        print(visible(f"{name:<12}{told}"))
    if found.listed:
        print("\nThe newest posts:\n")
        print_table(found.listed, _COLUMNS, "no posts")
    if found.read:
        print("\nPosts read:\n")
    for post in found.read:
        body = post.trouble or f"body from {post.content_source}: {(post.begins or '')[:_WIDE]}"
        print(
            visible(f"{post.id or 'no ID'}  {post.published_date or 'no day'}  {post.title}"),
            visible(f"    {body}"),
            sep="\n",
        )
    if found.missing:
        print("\nWhat a run would lack, or need:\n")
    for sentence in found.missing:
        print(visible(f"- {sentence}"))
    if run := found.first_run:
        time = f"about {readable(timedelta(seconds=run.seconds))}" if run.seconds >= 60 else "less than a minute"
        print(f"\nA first run takes about {run.requests:,} requests and, one every {run.delay:g} s, {time}.")
    print(f"This probe took {found.requests} requests.\n")
    print(visible(f"{'It fits' if found.fits else 'It does not fit'}: {found.reason}"))


def _facts(found: Probed) -> Iterator[tuple[str, str]]:
    """Yield what there is to say of a blog, line by line, each with its name."""
    yield "site", found.site
    if found.sources:
        yield "WordPress", f"{found.wordpress or 'version not told'}, theme {found.theme or 'not told'}"
    if found.robots is not None:
        delay = f", Crawl-delay {found.crawl_delay:g} s" if found.crawl_delay else ""
        yield "robots.txt", {200: "there", 404: "none"}.get(found.robots, f"HTTP {found.robots}") + delay
    for name, asked in found.sources.items():
        yield name, asked.access + (f": {asked.detail}" if asked.detail else "")
    if found.posts is not None:
        yield "posts", f"{_SURE[found.posts_from]}{found.posts:,}"
    if found.types:
        yield "types", ", ".join(n if count is None else f"{n} {count:,}" for n, count in found.types.items())
    if found.categories:
        most = sorted(found.categories, key=lambda one: -(one.posts or 0))
        told = ", ".join(c.slug if c.posts is None else f"{c.slug} {c.posts:,}" for c in most[:_MOST_CATEGORIES])
        yield "categories", f"{len(most)}: {told}{' …' if len(most) > _MOST_CATEGORIES else ''}"
