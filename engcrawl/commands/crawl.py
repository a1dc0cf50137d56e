"""``scrapy crawl`` with exit statuses that tell how the run ended."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import NoReturn

from scrapy.commands import crawl
from scrapy.spiderloader import get_spider_loader

from engcrawl.arguments import UsageError
from engcrawl.output import UnwritableOutputError


class Command(crawl.Command):
    """Scrapy's command: arguments are checked before anything else, and the verdict becomes the exit status."""

    def long_desc(self) -> str:
        return "Run a spider. The exit status is its verdict: 0 complete, 1 failed, 2 usage, 3 incomplete, 5 stopped."

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the spider's name and arguments; a wrong one is one line, and exit status 2."""
        super().process_options(args, opts)
        assert self.settings is not None
        spiders = get_spider_loader(self.settings)
        if len(args) != 1 or args[0] not in spiders.list():
            _usage(f"spider {' '.join(args)!r}: must be one of {', '.join(spiders.list())}")
        try:
            spiders.load(args[0]).arguments_class.parse(opts.spargs)  # type: ignore[attr-defined]
        except UsageError as error:
            _usage(f"{args[0]}: {error}")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider to its end."""
        assert self.crawler_process is not None
        crawler = self._create_crawler(args[0])
        task = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        self.exitcode = 1
        if isinstance(task, asyncio.Task) and task.done() and isinstance(task.exception(), UnwritableOutputError):
            sys.stderr.write(f"scrapy crawl: the output can't be written: {task.exception()}\n")
        elif crawler._stats is not None:  # the public attribute raises for a crawl that never began
            self.exitcode = crawler.stats.get_value("engcrawl/exit_status", 1)


def _usage(message: str) -> NoReturn:
    sys.stderr.write(f"scrapy crawl: {message}\n")
    raise SystemExit(2)
