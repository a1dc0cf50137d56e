"""What the benchmarks share: the bundled blog in a process of its own, what a process cost, a table."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engcrawl import settings
from tests.support.crawls import IN_A_HURRY, command, environment
from tests.support.folders import ROOT

PLAIN = IN_A_HURRY | {"LOG_LEVEL": "INFO", "REMOTE_CONTROL_ENABLED": "0", "TELNETCONSOLE_ENABLED": "0"}
"""Settings of a Scrapy spider outside the project: no pauses, and what nobody needs switched off."""


@dataclass
class Cost:
    """Hold what a process and its children cost, by the operating system's own account."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system."""
    peak: float
    """MB of resident memory."""


@dataclass
class Site:
    """Hold a blog that is served."""

    url: str
    process: int

    @property
    def cpu(self) -> float:
        """Return the seconds of CPU that serving it took so far."""
        times = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def cost(line: list[str], output: Path, folder: Path = ROOT, status: int = 0, minutes: float = 60) -> Cost:
    """Run a command in *folder*, which must end with *status* and within *minutes*."""
    start = time.monotonic()
    process = subprocess.Popen(
        line,
        cwd=folder,
        env=environment(output) | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    limit = threading.Timer(60 * minutes, process.kill)
    limit.start()
    try:
        _, ended, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    finally:
        limit.cancel()
    process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        raise SystemExit(f"exit status {process.returncode}: {' '.join(line)}")
    return Cost(time.monotonic() - start, seconds(usage), usage.ru_maxrss / 1024)


def seconds(usage: resource.struct_rusage) -> float:
    """Return the seconds of CPU, user and system."""
    return usage.ru_utime + usage.ru_stime


@contextmanager
def served(posts: int) -> Iterator[Site]:
    """Serve the bundled blog from a process of its own."""
    line = [sys.executable, "-m", "tests.blog", "--posts", str(posts)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Site(process.stdout.readline().strip(), process.pid)
        finally:
            process.terminate()


def runspider(file: str, *arguments: str) -> list[str]:
    """Make the command line of a spider of `tests/bench` that knows nothing of the project; run it outside of it."""
    line = [sys.executable, "-m", "scrapy", "runspider", str(ROOT / "tests/bench" / file), *arguments]
    return [*line, *(x for name, value in PLAIN.items() for x in ("-s", f"{name}={value}"))]


def bare(urls: Path) -> list[str]:
    """Make the command line of the spider that asks for the addresses of a file, and ignores what comes."""
    return runspider("bare.py", "-a", f"urls={urls}")


def recording(urls: Path) -> dict[str, str]:
    """Return the settings with which a crawl writes the addresses that it asked for to a file."""
    extensions = settings.EXTENSIONS | {"tests.bench.recorder.Recorder": 500}
    return {"EXTENSIONS": json.dumps(extensions), "RECORD": str(urls)}


def archive(site: str, *arguments: str, **more: str) -> list[str]:
    """Make the command line of ``scrapy crawl archive`` as a user has it, with its proof, and *more* settings."""
    return command(*arguments or ("-a", "inventory=yes"), site=site, settings=more)


def tree_memory(root: int) -> float:
    """Return the MB of a process and all its descendants: each page of memory counted once (PSS)."""
    parents, sizes = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            rollup = (folder / "smaps_rollup").read_text()
        except OSError:
            continue  # it ended meanwhile
        parents[int(folder.name)] = int(stat[1])
        sizes[int(folder.name)] = next((int(x.split()[1]) for x in rollup.splitlines() if x.startswith("Pss:")), 0)
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(sizes.get(pid, 0) for pid in family) / 1024


def table(columns: Mapping[str, str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown: *columns* are headings, each with "<" (a text) or ">" (a number)."""
    lines = [list(columns), [{"<": "---", ">": "---:"}[side] for side in columns.values()], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
