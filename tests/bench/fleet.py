"""``make bench-fleet``: what many blogs cost, by ``--jobs``, with one worker and with two, and on a quiet night.

Each part has so many minutes, and its figures are of the blogs that were complete by then: all of it takes at most
eleven times ``--minutes``, and a few minutes more.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Cost, cost, seconds, table
from tests.blog import Blog, Server
from tests.support.crawls import IN_A_HURRY
from tests.support.folders import ROOT
from tests.support.postgres import Postgres, database, own_postgres
from tests.support.workers import Fleet

POLITE = IN_A_HURRY | {"DOWNLOAD_DELAY": "0.5", "CONCURRENT_REQUESTS_PER_DOMAIN": "1"}
"""Half the default pause: most of the time is waiting, and a run still ends."""
COLUMNS = {
    "what": "<",
    "blogs": ">",
    "seconds": ">",
    "blogs/min": ">",
    "CPU s a blog": ">",
    "of it starting": ">",
    "peak MB": ">",
    "PostgreSQL's share": ">",
}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Part:
    """What a part of the benchmark took."""

    what: str
    blogs: int
    """Complete."""
    wall: float
    rate: float
    """Blogs a minute."""
    cpu: float
    """Seconds, of the crawls and what runs them."""
    peak: float
    """MB of the biggest process."""
    database: float = 0
    """Seconds of CPU of PostgreSQL."""

    def row(self, start: Cost) -> tuple[str, ...]:
        """Return the line of the table."""
        each = self.cpu / max(1, self.blogs)
        return (
            self.what,
            f"{self.blogs:,}",
            f"{self.wall:.0f}",
            f"{self.rate:.1f}",
            f"{each:.2f}",
            f"{min(1, start.cpu / each):.0%}" if each else "",
            f"{self.peak:.0f}",
            f"{self.database / (self.cpu + self.database):.0%}" if self.database else "",
        )


@contextmanager
def served(blogs: int, posts: int) -> Iterator[list[str]]:
    """Serve the blogs, all in one process; give their addresses."""
    line = [sys.executable, "-m", "tests.bench.fleet", "--serve", "--blogs", str(blogs), "--posts", str(posts)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield [process.stdout.readline().strip() for _ in range(blogs)]
        finally:
            process.terminate()


def serve(blogs: int, posts: int) -> None:
    """Serve the blogs until told to end."""
    with ExitStack() as stack:
        for seed in range(1, blogs + 1):
            print(stack.enter_context(Server(Blog(posts, seed))).url, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


def ended(processes: list[subprocess.Popen[bytes]]) -> tuple[float, float]:
    """Wait for processes; return the seconds of CPU of them and all their children, and the MB of the biggest."""
    cpu = peak = 0.0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 5):
            raise SystemExit(f"exit status {process.returncode}: {process.args!r}")
        cpu += seconds(usage)
        peak = max(peak, usage.ru_maxrss / 1024)
    return cpu, peak


def on_this_machine(what: str, folder: Path, sites: list[str], jobs: int, minutes: float) -> Part:
    """Run every blog with ``scrapy blogs run``, or as many as can be run in so many minutes."""
    folder.mkdir(exist_ok=True)
    (folder / "blogs.yaml").write_text("".join(f"- site: {site}\n" for site in sites))
    variables = {"ENGCRAWL_OUTPUT": str(folder / "output"), "ENGCRAWL_BLOGS": str(folder / "blogs.yaml")}
    line = [sys.executable, "-m", "scrapy", "blogs", "run", "--jobs", str(jobs), *_settings(IN_A_HURRY)]
    began = time.monotonic()
    with (folder / "lines").open("wb") as lines:
        process = subprocess.Popen(line, cwd=ROOT, env=os.environ | variables, stdout=lines, stderr=lines)
    while _alive(process) and time.monotonic() < began + 60 * minutes:
        time.sleep(0.1)
    wall = time.monotonic() - began
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
    cpu, peak = ended([process])
    blogs = len(re.findall(r": complete \(exit status 0\)", (folder / "lines").read_text("utf-8")))
    return Part(what, blogs, wall, 60 * blogs / wall, cpu, peak)


def with_workers(what: str, folder: Path, server: Postgres, sites: list[str], workers: int, options: Options) -> Part:
    """Run blogs with workers at a polite pace, for so many minutes or until all are complete.

    The rate is that from the time on when every job of the first round is done: a start, and a wait for the planner,
    count for nothing, nor does the last round, in which slots are empty.
    """
    folder.mkdir()
    fleet = Fleet(folder, database(server.url), [])
    fleet.write_list(dict.fromkeys(sites, "{}"))
    fleet.set_up()
    line = [sys.executable, "-m", "scrapy", "worker", "--jobs", str(options.jobs), *_settings(POLITE)]
    before, began = _cpu(server.pid), time.monotonic()
    with (folder / "log").open("ab") as log:
        running = [
            subprocess.Popen(line, cwd=ROOT, env=os.environ | fleet.environment, stdout=log, stderr=log)
            for _ in range(workers)
        ]
    slots = workers * options.jobs
    done: list[float] = []
    """When each blog was complete."""
    while len(done) < len(sites) and time.monotonic() < began + 60 * options.minutes:
        time.sleep(0.25)
        complete = sum(verdicts[-1:] == ["complete"] for verdicts in fleet.all_runs().values())
        done += [time.monotonic()] * (complete - len(done))
    wall, used = time.monotonic() - began, _cpu(server.pid) - before
    for worker in running:
        worker.terminate()
    cpu, peak = ended(running)
    steady = done[slots - 1 : len(sites) - slots + 1]
    over = steady[-1] - steady[0] if steady else 0
    rate = 60 * (len(steady) - 1) / over if over else 60 * len(done) / wall
    return Part(what, len(done), wall, rate, cpu, peak, used)


def _settings(values: dict[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in ("-s", f"{name}={value}")]


def _alive(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a process is at work; what it cost can be asked for later."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _cpu(root: int) -> float:
    """Return the seconds of CPU of a process and all its descendants, those that have ended too."""
    times, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(folder.name)] = int(fields[1])
        times[int(folder.name)] = sum(map(int, fields[11:15]))
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(times.get(pid, 0) for pid in family) / _TICKS


@dataclass
class Options:
    """The options of the benchmark."""

    blogs: int
    posts: int
    jobs: int
    minutes: float
    serve: bool


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleet")
    parser.add_argument("--blogs", type=int, default=1000)
    parser.add_argument("--posts", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=4, help="of each worker")
    parser.add_argument("--minutes", type=float, default=10, help="of a part; the longest has four times as many")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = Options(**vars(parser.parse_args()))
    if options.serve:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        serve(options.blogs, options.posts)
        return
    load, cores, minutes = os.getloadavg()[0], os.cpu_count(), options.minutes
    parts: list[Part] = []

    def add(part: Part) -> Part:
        parts.append(part)
        print(f"{part.what}: {part.blogs} blogs in {part.wall:.0f} s", file=sys.stderr, flush=True)
        return part

    with tempfile.TemporaryDirectory() as name, served(options.blogs, options.posts) as sites:
        folder = Path(name)
        nothing = [sys.executable, "-m", "scrapy", "crawl", "archive", "-a", "site=http://127.0.0.1:9"]
        starts = [cost([*nothing, "-s", "RETRY_TIMES=0"], folder / "start", status=1) for _ in range(3)]
        start = min(starts, key=lambda one: one.wall)
        for jobs, longer in ((1, 1), (4, 1), (16, 4)):
            add(on_this_machine(f"`blogs run --jobs {jobs}`", folder / f"{jobs}", sites, jobs, longer * minutes))
        add(on_this_machine("a quiet night, `--jobs 16`", folder / "16", sites, 16, 3 * minutes))
        with own_postgres() as server:
            words = f"`--jobs {options.jobs}`, polite"
            one = add(with_workers(f"one worker, {words}", folder / "one", server, sites, 1, options))
            two = add(with_workers(f"two workers, {words}", folder / "two", server, sites, 2, options))
    print(f"{options.blogs:,} blogs of {options.posts} posts, {cores} cores, load average before {load:.1f}.\n")
    print(table(COLUMNS, [part.row(start) for part in parts]))
    print(f"\nA start alone takes {start.cpu:.2f} s of CPU and {start.wall:.2f} s.")
    print(f"Two workers are {two.rate / one.rate:.2f} × one.")


if __name__ == "__main__":
    main()
