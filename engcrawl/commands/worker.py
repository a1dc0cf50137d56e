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

    jobs: Count = Field(default=16, title="N", description="the number of blogs that run at a time (default: 16)")
    time_limit: Length = Field(
        LIMIT,
        title="LENGTH",
        description="stop a run that takes longer than this, like 90m or 6h (default: 6h); its job is tried again",
    )
    setup: bool = Field(default=False, description="only make the queue's tables, or upgrade them")


class Command(PrintingCommand):
    """Run the due blogs of the list, together with other workers on any machines.

    The state must be in a PostgreSQL database (`ENGCRAWL_STATE`). The queue of jobs is in the same database; `--setup`
    makes its tables. A worker works until it gets SIGTERM or Ctrl-C. Then it stops its crawls cleanly, and their jobs
    go back into the queue. The exit status is 0 after that, 1 if the database can't be reached, and 2 for a wrong
    option, setting or list.
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
