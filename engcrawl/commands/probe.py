"""``scrapy probe``: tell whether engcrawl can read a blog, and what a first run would take."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

from engcrawl.arguments import Arguments
from engcrawl.errors import UsageError
from engcrawl.fleet.probes import Probes
from engcrawl.http.addresses import private_allowed
from engcrawl.items import Source
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


class Command(PrintingCommand):
    """Tell whether engcrawl can read a blog, and what a first run would take.

    It prints WordPress' version and the theme's name, the open lists of posts, and the numbers of posts, post types and
    categories. It also prints the newest posts, and three posts as a run would read them. It says what a run would lack
    or need, and about how long a first run takes. It sends about a dozen requests, at a crawl's pace, and stores
    nothing. The exit status is 0 if the posts were read whole, 1 if not (the last line says why), 2 for a wrong
    argument, and 5 if the probe was stopped.
    """

    requires_crawler_process = False

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
            found = Probes(self.settings, [site]).run()[site]
            if isinstance(found, Exception):
                raise found
            if opts.json:
                print(json.dumps(asdict(found), ensure_ascii=False, indent=2))
            else:
                _print(found)
        self.exitcode = Outcome.COMPLETE if found.fits else Outcome.FAILED


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
