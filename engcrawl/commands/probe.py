"""``scrapy probe URL``: what a blog is, and how engcrawl would take it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from scrapy import Spider
from scrapy.commands import ScrapyCommand

from engcrawl.arguments import Arguments
from engcrawl.errors import UsageError
from engcrawl.http.addresses import private_allowed
from engcrawl.http.fetch import Fetch, GaveUp, Stopped
from engcrawl.phases.probe import Probe, Probed
from engcrawl.printing import print_table
from engcrawl.report.runlog import RunLog
from engcrawl.report.verdict import Outcome
from engcrawl.state import State
from engcrawl.text.dates import now
from engcrawl.text.visible import visible

_CLOSING = {"engcrawl.extensions.closing.Closing": 15}


class _Probing(Spider):
    """Looks at a blog, and yields nothing."""

    name = "probe"

    def __init__(self, site: str) -> None:
        super().__init__()
        self.site = site
        self.found = Probed(site, why="ended early")

    async def start(self) -> AsyncIterator[Any]:
        """Look at the blog, with a state that is thrown away."""
        with TemporaryDirectory() as folder, State.open(f"sqlite:///{Path(folder)}/probe.db", self.site) as state:
            probe = Probe(Fetch(self.crawler), state, RunLog(now()), self.site)
            try:
                await probe.run()
            except (GaveUp, Stopped) as error:
                probe.found.why = str(error) or "ended early"
            self.found = probe.found
        return
        yield  # a generator, which Scrapy asks for


class Command(ScrapyCommand):
    """Look at a blog: what it is, and how it would be taken; about ten requests, and nothing is stored."""

    requires_project = True

    def syntax(self) -> str:
        return "[options] URL"

    def short_desc(self) -> str:
        return "Look at a blog: does it fit, and how would it be taken?"

    def long_desc(self) -> str:
        return (
            "Look at the blog at URL in about ten requests, and store nothing: what it is, which of its lists are open,"
            " what an archive would lack, and about how long a first run takes. The exit status is 0 if it fits, 1 if"
            " it doesn't, 2 for a bad argument."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add ``--json``."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="what was seen as JSON, not as text")

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the address and the settings; a wrong one is one line, and exit status 2."""
        super().process_options(args, opts)
        assert self.settings is not None
        if len(args) != 1:
            _refuse(UsageError("takes one address, like https://engineering.fb.com"))
        try:
            self._site = Arguments.parse({"site": args[0]}).site
            private_allowed(self.settings)
        except UsageError as error:
            _refuse(error)
        # Nothing is stored: no run, no feed, no pipeline.
        nothing: dict[str, Any] = {"EXTENSIONS": _CLOSING, "FEEDS": {}, "ITEM_PIPELINES": {}}
        if not opts.loglevel:
            nothing["LOG_LEVEL"] = "ERROR"
        self.settings.setdict(nothing, priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Look at the blog, and print what was seen."""
        assert self.crawler_process is not None
        crawler = self.crawler_process.create_crawler(_Probing)
        self.crawler_process.crawl(crawler, site=self._site)
        self.crawler_process.start()
        found: Probed = crawler.spider.found if crawler.spider else Probed(self._site, why="it could not begin")  # type: ignore[attr-defined]
        if opts.json:
            print(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        else:
            _print(found)
        self.exitcode = Outcome.COMPLETE if found.fits else Outcome.FAILED


def _print(found: Probed) -> None:
    print(f"{found.site}: {'it fits' if found.fits else f'it does not fit: {visible(found.why)}'}")
    for name in ("wordpress", "theme", "permalinks", "posts", "rest", "sitemap", "feed"):
        if (value := getattr(found, name)) not in (None, ""):
            print(f"  {name}: {visible(str(value))}")
    for name, counts in (("categories", found.categories), ("other types", found.types)):
        if counts:
            listed = (slug if count is None else f"{slug} ({count})" for slug, count in sorted(counts.items()))
            print(f"  {name}: {visible(', '.join(listed))}")
    if found.first_page:
        print(f"\nThe first page of {visible(found.listing or '')}, of {found.pages or '?'}:")
        print_table(found.first_page, ("id", "day", "title"), "")
    for entry in found.bodies:
        why = f"not read: {entry['why']}" if "why" in entry else f"from {entry['source']}: {entry['begins']}"
        print(f"\n{visible(entry['url'])}\n  {visible(why)}")
    if found.missing:
        print("\nMissing would be:", *map(visible, found.missing), sep="\n  ")
    if found.requests and found.seconds is not None:
        takes = timedelta(seconds=found.seconds)
        print(f"\nA first run: about {found.requests} requests, about {takes} at a polite pace")


def _refuse(error: UsageError) -> NoReturn:
    sys.stderr.write(f"scrapy probe: {error}\n")
    raise SystemExit(Outcome.USAGE)
