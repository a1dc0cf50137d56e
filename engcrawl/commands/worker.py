"""``scrapy worker``: take jobs from a fleet's queue."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any, ClassVar

from pydantic import Field
from scrapy.utils.log import configure_logging

from engcrawl.arguments import Count, Given
from engcrawl.errors import UsageError
from engcrawl.fleet.queue import Queue
from engcrawl.http.addresses import private_allowed
from engcrawl.printing import PrintingCommand
from engcrawl.report import logs
from engcrawl.report.metrics import metrics_file
from engcrawl.report.output import withhold_writing
from engcrawl.report.publish import publish_target
from engcrawl.state.database import Database


class WorkerOptions(Given):
    """How a worker works."""

    kind = "option --"
    jobs: Count = Field(16, title="N", description="run at most this many blogs at once (default: 16)")
    setup: bool = Field(False, description="make the queue's and the state's tables, or upgrade them, and end")


class Command(PrintingCommand):
    """Work for a fleet: run the blogs of blogs.yaml that are due, beside as many other workers as there are.

    The state must be in PostgreSQL (ENGCRAWL_STATE), which has the queue of jobs too; `--setup` makes its tables. A
    worker ends with SIGTERM or Ctrl-C: what it is at work on is stopped, and given to another. The exit status is then
    0; 1 if the database can't be reached, 2 for a wrong option or setting.
    """

    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": True}
    options_class = WorkerOptions

    def syntax(self) -> str:
        return "[options]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the worker's options."""
        super().add_options(parser)
        for name, field in WorkerOptions.model_fields.items():
            kind: dict[str, Any] = {"action": "store_true"} if field.annotation is bool else {"metavar": field.title}
            parser.add_argument(f"--{name}", default=argparse.SUPPRESS, help=field.description, **kind)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Work, or prepare the database."""
        assert self.settings is not None
        with self.printing():
            if args:
                raise UsageError(f"takes options alone, not {' '.join(args)!r}")
            options = WorkerOptions.parse({name: value for name, value in vars(opts).items() if name in _NAMES})
            queue = Queue(self.settings)
            if options.setup:
                done = queue.set_up()
                Database.prepare(self.settings["ENGCRAWL_STATE"])
                print(f"{queue.name}: {done}")
                return
            for check in (metrics_file, private_allowed, publish_target):
                check(self.settings)
            withhold_writing()
            logs.configure(self.settings)
            configure_logging(self.settings)
            queue.check()
            from engcrawl.fleet.worker import Worker  # imports procrastinate, which a crawl need not have

            asyncio.run(Worker(self.settings, queue, options.jobs).work())


_NAMES = set(WorkerOptions.model_fields)
