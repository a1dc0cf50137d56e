"""``scrapy worker``: take jobs from a fleet's queue."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any, ClassVar

from pydantic import Field
from scrapy.utils.log import configure_logging

from engcrawl.arguments import Count
from engcrawl.commands.blogs import Length, VerbOptions
from engcrawl.errors import UsageError
from engcrawl.fleet.job import LIMIT
from engcrawl.fleet.queue import Queue
from engcrawl.http.addresses import private_allowed
from engcrawl.printing import PrintingCommand, add_fields
from engcrawl.report import logs
from engcrawl.report.metrics import metrics_file
from engcrawl.report.output import withhold_writing
from engcrawl.report.publish import publish_target


class WorkerOptions(VerbOptions):
    """The options of a worker."""

    jobs: Count = Field(default=16, title="N", description="how many blogs at a time, from 1 (default: 16)")
    time_limit: Length = Field(
        LIMIT,
        title="LENGTH",
        description="how long a run may take before it is stopped, like 90m or 6h (default: 6h); it is tried again",
    )
    setup: bool = Field(default=False, description="make the queue's tables, or upgrade them, and end")


class Command(PrintingCommand):
    """Run the blogs of the list that are due, beside as many other workers as there are.

    The state must be in PostgreSQL (`ENGCRAWL_STATE`), where the queue of jobs is too; `--setup` makes its tables. A
    worker works until SIGTERM or Ctrl-C: the crawls at work are stopped cleanly then, and given back to the queue. The
    exit status is 0 after that, 1 if the database can't be reached, 2 for a wrong option, setting or list.
    """

    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": True}
    options_class = WorkerOptions

    def syntax(self) -> str:
        return "[options]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the worker's options."""
        super().add_options(parser)
        add_fields(parser, WorkerOptions)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run jobs, or set the queue up."""
        assert self.settings is not None
        with self.printing():
            if args:
                raise UsageError(f"takes only options, not {' '.join(args)!r}")
            options = WorkerOptions.parse(vars(opts))
            queue = Queue(self.settings)
            if options.setup:
                print(f"{queue.name}: {queue.set_up()}")
                return
            for check in (metrics_file, private_allowed, publish_target):
                check(self.settings)
            withhold_writing()
            logs.configure(self.settings)
            configure_logging(self.settings)
            queue.check()
            from engcrawl.fleet.worker import Worker  # imports procrastinate, which a crawl need not have

            asyncio.run(Worker(self.settings, queue, options.jobs, options.time_limit).work())
