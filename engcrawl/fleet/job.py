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
"""How long a run may take; what it has then is stored, and the next one goes on."""
GRACE = timedelta(minutes=2)
"""How long a crawl that is stopped may take to end, before it is killed: requests under way, then the archive."""
_LOOK_EVERY = 0.1
"""Seconds."""
_LOG_MOST = 10_000_000
"""Bytes of a log, from which on the next run begins a new one."""
_TAIL = 4000
"""Bytes at the log's end in which the reason stands."""
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
    """The verdict, as ``RUN.json`` has it; None where the run left none."""


@dataclass(frozen=True, eq=False)
class Job:
    """A run of *blog*, whose archive is in a folder of its own, `folder`, in *output*."""

    blog: Blog
    output: Path
    limit: timedelta = LIMIT
    grace: timedelta = GRACE
    settings: Mapping[str, str] = field(default_factory=dict)
    """Scrapy settings for the run, as ``-s`` takes them."""

    @classmethod
    def of(cls, blog: Blog, settings: BaseSettings, *, limit: timedelta = LIMIT) -> Self:
        """Return a run of *blog* under the settings of this process, those of its command line (``-s``) too.

        It writes its metrics to a file of its own beside the one that ``ENGCRAWL_METRICS`` names: ``NAME-KEY.prom``.
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
        """Return where the run's log goes, behind those of earlier runs."""
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
        """Run the blog to its end, to the time limit, or until *stop* is set; a stopped run ends cleanly first.

        A cancelled one does too. Raises OutputError where its log can't be written, or no process started.
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
                    process_group=0,  # Ctrl-C is for the parent alone, which stops the crawl once
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
        """Make the folder, and open the log for more lines."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_MOST:
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        return self.log.open("ab")

    async def _until_over(self, process: subprocess.Popen[bytes], stop: asyncio.Event) -> str | None:
        """Wait for the end, and bring it about where it is time; return why it was."""
        limit = time.monotonic() + self.limit.total_seconds()
        if await _over(process, lambda: stop.is_set() or time.monotonic() > limit):
            return None
        why = "stopped" if stop.is_set() else f"not done in {readable(self.limit)}"
        return why if await self._end(process) else f"{why}, nor ended {readable(self.grace)} after that: killed"

    async def _end(self, process: subprocess.Popen[bytes]) -> bool:
        """Stop the crawl; kill it and all that it started, where it doesn't end in time, and return False then."""
        process.terminate()
        limit = time.monotonic() + self.grace.total_seconds()
        if await _over(process, lambda: time.monotonic() > limit):
            return True
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False

    def _judge(self, status: Any, why: str | None, report: dict[str, Any] | None, at: int) -> tuple[Outcome, str]:
        """Return how the run ended, and why: *why* is what the parent did, *at* where its log begins."""
        known = Outcome(status) if status in list(Outcome) else None
        if why and known in (None, Outcome.STOPPED):
            return Outcome.STOPPED, why
        if known is not None:
            return known, report["reason"] if report else self._last_words(at, known)
        signalled = f"killed by {signal.Signals(-status).name}" if status and status < 0 else f"exit status {status}"
        return Outcome.FAILED, f"{signalled}: it left no verdict"

    def _last_words(self, at: int, outcome: Outcome) -> str:
        """Return the reason that the log has for a run without a verdict of its own, else the log's last line.

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
    """Wait until a process is over, and return True, or until *given_up*.

    It is looked for, not waited for by `asyncio.subprocess`: there a start that is cancelled can hang.
    """
    while process.poll() is None:
        if given_up():
            return False
        await asyncio.sleep(_LOOK_EVERY)
    return True
