"""The display of a pool's jobs: one line for each job that ended, and on a terminal a table of running jobs."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from engcrawl.fleet.job import Ended, Job
from engcrawl.text.durations import readable
from engcrawl.text.visible import visible

if TYPE_CHECKING:
    from rich.table import Table


class Display:
    """Shows a pool's *total* jobs on standard output."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._running: dict[Job, float] = {}
        self._ended: Counter[str] = Counter()
        self._held = ExitStack()
        self._print: Any = print

    def __enter__(self) -> Self:
        if sys.stdout.isatty():
            from rich.live import Live  # cron and pipes need no rich

            live = self._held.enter_context(
                Live(get_renderable=self._table, transient=True, refresh_per_second=2, redirect_stderr=False)
            )
            self._print = lambda line: live.console.print(line, markup=False, highlight=False, soft_wrap=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def told(self, job: Job, ended: Ended | None) -> None:
        """Show that a job has begun (*ended* is None), or how it ended."""
        if ended is None:
            self._running[job] = time.monotonic()
            return
        del self._running[job]
        self._ended[str(ended.outcome)] += 1
        self._print(_line(ended))
        sys.stdout.flush()

    def _table(self) -> Table:
        from rich.table import Table

        done = ", ".join(f"{count} {name}" for name, count in sorted(self._ended.items())) or "none ended"
        waiting = self._total - self._ended.total() - len(self._running)
        table = Table(title=f"{self._total} blogs: {done}, {waiting} waiting", title_justify="left", box=None)
        table.add_column("blog", no_wrap=True)
        table.add_column("running for", justify="right")
        for job, since in list(self._running.items()):
            seconds = int(time.monotonic() - since)
            table.add_row(visible(job.blog.key), f"{seconds // 60}:{seconds % 60:02}")
        return table


def _line(ended: Ended) -> str:
    """Return how a job ended, in one line."""
    facts = []
    if report := ended.report:
        posts = report["posts"]
        facts = [f"{posts[name]} {name}" for name in ("new", "updated", "gone") if posts[name]]
        facts = [f"{report['coverage']['posts']} posts" if report["coverage"] else "", *facts]
    length = timedelta(seconds=ended.seconds)
    facts.append(readable(length) if ended.seconds >= 60 else f"{ended.seconds:.0f}s")
    told = f"{ended.blog.key}: {ended.outcome} (exit status {int(ended.outcome)}): {ended.reason}"
    return visible(f"{told} [{', '.join(filter(None, facts))}]")
