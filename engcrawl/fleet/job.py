"""A job: one run of one blog, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Self

from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings

from engcrawl.errors import OutputError
from engcrawl.fleet.blogs import Blog
from engcrawl.report.metrics import metrics_file
from engcrawl.report.output import Output
from engcrawl.report.verdict import Outcome
from engcrawl.text.durations import readable

LIMIT = timedelta(hours=6)
"""The longest time that a run may take. What it stored by then stays, and the next run continues."""
GRACE = timedelta(minutes=2)
"""The longest time that a stopped crawl may take to finish its requests and the archive, before it is killed."""
_LOOK_EVERY = 0.1
"""Seconds between two looks at a process."""
_LOG_MOST = 10_000_000
"""Bytes; if a log is longer, the next run begins a new one."""
_TAIL = 4000
"""Bytes at the log's end that are searched for the reason."""
_FULL = 100_000
"""Bytes left on a disk that is full: less than a log and a verdict take."""
_VERDICT = r"Verdict: \w+ \(exit status {status}\): (.*)"


@dataclass(frozen=True)
class Ended:
    """The end of a job."""

    blog: Blog
    outcome: Outcome
    reason: str
    """Why, in one line."""
    seconds: float
    report: dict[str, Any] | None = None
    """The verdict, as in ``RUN.json``; None if the run left none."""


@dataclass(frozen=True, eq=False)
class Job:
    """A run of *blog*. Its files are in `folder`, a folder of its own in *output*."""

    blog: Blog
    output: Path
    limit: timedelta = LIMIT
    grace: timedelta = GRACE
    settings: Mapping[str, str] = field(default_factory=dict)
    """Scrapy settings for the run, given as ``-s``."""

    @classmethod
    def of(cls, blog: Blog, settings: BaseSettings, *, limit: timedelta = LIMIT) -> Self:
        """Return a run of *blog* with the settings of this process, including those of its command line (``-s``).

        If ``ENGCRAWL_METRICS`` names a file ``NAME.prom``, the run writes its metrics to ``NAME-KEY.prom`` beside it.
        """
        own = given(settings)
        if metrics := metrics_file(settings):
            own["ENGCRAWL_METRICS"] = f"{metrics.removesuffix('.prom')}-{blog.key}.prom"
        return cls(blog, Path(settings["ENGCRAWL_OUTPUT"]), limit=limit, settings=own)

    @property
    def folder(self) -> Path:
        """Return the blog's own folder."""
        return self.output.absolute() / self.blog.key

    @property
    def log(self) -> Path:
        """Return the log's path. A run appends its lines to those of earlier runs."""
        return self.folder / "crawl.log"

    @property
    def command(self) -> list[str]:
        """Return the run's command line."""
        arguments = {"site": self.blog.site} | self.blog.arguments
        settings = {**self.settings, "ENGCRAWL_OUTPUT": str(self.folder), "ENGCRAWL_PARENT": str(os.getpid())}
        return [
            *(sys.executable, "-m", "scrapy", "crawl", "archive"),
            *(word for name, value in arguments.items() for word in ("-a", f"{name}={value}")),
            *as_options(settings),
        ]

    async def run(self, stop: asyncio.Event) -> Ended:
        """Run the blog until it ends; stop it cleanly after the time limit, when *stop* is set, or if cancelled.

        Raises OutputError if the log can't be written or the process can't be started.
        """
        began, before = time.monotonic(), self._last_run()
        try:
            with self._open_log() as log:
                at = log.tell()
                process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    process_group=0,  # so Ctrl-C reaches only the parent, which stops the crawl with one signal
                )
        except OSError as error:
            raise OutputError(f"{self.folder}: {error}") from error
        try:
            why = await self._until_over(process, stop)
        except asyncio.CancelledError:
            await self._end(process)
            raise
        seconds = time.monotonic() - began
        latest = self._last_run()
        report = self._report(latest) if latest and latest != before else None
        if report and report["exit_status"] != process.returncode:  # another run's, which had the blog locked
            report = None
        return Ended(self.blog, *self._judge(process.returncode, why, report, at), seconds, report)

    def _open_log(self) -> IO[bytes]:
        """Make the folder, and open the log to append to it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_MOST:
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        return self.log.open("ab")

    async def _until_over(self, process: subprocess.Popen[bytes], stop: asyncio.Event) -> str | None:
        """Wait until the run ends, or stop it; return why it was stopped, or None."""
        limit = time.monotonic() + self.limit.total_seconds()
        if await _over(process, lambda: stop.is_set() or time.monotonic() > limit):
            return None
        why = "stopped" if stop.is_set() else f"not done within {readable(self.limit)}"
        return (
            why
            if await self._end(process)
            else f"{why}, and killed, because it didn't end within {readable(self.grace)} after that"
        )

    async def _end(self, process: subprocess.Popen[bytes]) -> bool:
        """Stop the crawl and return True. If it doesn't end in time, kill it and its children, and return False."""
        process.terminate()
        limit = time.monotonic() + self.grace.total_seconds()
        if await _over(process, lambda: time.monotonic() > limit):
            return True
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False

    def _judge(self, status: Any, why: str | None, report: dict[str, Any] | None, at: int) -> tuple[Outcome, str]:
        """Return the outcome and its reason. *why* is why the parent stopped it, *at* its first byte in the log."""
        known = Outcome(status) if status in list(Outcome) else None
        if why and known in (None, Outcome.STOPPED):
            return Outcome.STOPPED, why
        if known is not None:
            return known, report["reason"] if report else self._last_words(at, known)
        signalled = f"killed by {signal.Signals(-status).name}" if status and status < 0 else f"exit status {status}"
        return Outcome.FAILED, f"{signalled}: it left no verdict"

    def _last_words(self, at: int, outcome: Outcome) -> str:
        """Return the reason from the log of a run that left no verdict, or else the log's last line.

        Another run that has the blog locked may write to the same log. On a full disk the log is cut.
        """
        if shutil.disk_usage(self.folder).free < _FULL:
            return f"{self.folder}: no space left on the disk"
        with self.log.open("rb") as log:
            log.seek(max(at, self.log.stat().st_size - _TAIL))
            lines = log.read().decode("utf-8", "replace").split("\n")
        verdict = re.compile(_VERDICT.format(status=int(outcome)))
        reasons = [match[1] for line in lines if (match := verdict.search(line))]
        return (reasons or [line.strip() for line in lines if line.strip()] or ["it left no verdict"])[-1]

    def _last_run(self) -> str | None:
        """Return the name of the blog's last run that left a verdict."""
        with suppress(OSError, ValueError, KeyError):
            return str(json.loads(Output(self.folder).latest.read_bytes())["run"])
        return None

    def _report(self, run: str) -> dict[str, Any] | None:
        with suppress(OSError, ValueError):
            report: dict[str, Any] = json.loads((Output(self.folder).runs / f"{run}.json").read_bytes())
            return report
        return None


def given(settings: BaseSettings) -> dict[str, str]:
    """Return the settings of this process's command line (``-s``), without the file of its own log."""
    at = SETTINGS_PRIORITIES["cmdline"]
    found = {name: str(value) for name, value in settings.items() if settings.getpriority(name) == at}
    found.pop("LOG_FILE", None)
    return found


def as_options(settings: Mapping[str, str]) -> list[str]:
    """Return settings as a command line has them."""
    return [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]


async def _over(process: subprocess.Popen[bytes], given_up: Callable[[], bool]) -> bool:
    """Wait until a process ends, and return True; return False as soon as *given_up* returns True.

    This polls, because with `asyncio.subprocess` a cancelled start can hang.
    """
    while process.poll() is None:
        if given_up():
            return False
        await asyncio.sleep(_LOOK_EVERY)
    return True
