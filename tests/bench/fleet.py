"""``make bench-fleet``: what many blogs cost, by ``--jobs``, with one worker and with two, and on a quiet night."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.blog import Blog, Server
from tests.support.crawls import IN_A_HURRY
from tests.support.folders import ROOT
from tests.support.postgres import Postgres, database, own_postgres
from tests.support.workers import Fleet, wait

POLITE = IN_A_HURRY | {"DOWNLOAD_DELAY": "0.5", "CONCURRENT_REQUESTS_PER_DOMAIN": "1"}
"""Half the default pause: most of the time is waiting, and a run still ends."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Spent:
    """What a part of the benchmark took."""

    wall: float
    cpu: float
    """Seconds, of the crawls and what runs them."""
    peak: float
    """MB of the biggest process."""
    database: float = 0
    """Seconds of CPU of PostgreSQL."""


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


def ended(*processes: subprocess.Popen[bytes], began: float, statuses: tuple[int, ...] = (0,)) -> Spent:
    """Wait for processes; return what they and all their children took."""
    spent = Spent(0, 0, 0)
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in statuses:
            raise SystemExit(f"exit status {process.returncode}: {process.args!r}")
        spent.cpu += usage.ru_utime + usage.ru_stime
        spent.peak = max(spent.peak, usage.ru_maxrss / 1024)
    spent.wall = time.monotonic() - began
    return spent


def on_this_machine(folder: Path, sites: list[str], jobs: int) -> Spent:
    """Run every blog with ``scrapy blogs run``."""
    folder.mkdir(exist_ok=True)
    (folder / "blogs.yaml").write_text("".join(f"- site: {site}\n" for site in sites))
    variables = {"ENGCRAWL_OUTPUT": str(folder / "output"), "ENGCRAWL_BLOGS": str(folder / "blogs.yaml")}
    line = [sys.executable, "-m", "scrapy", "blogs", "run", "--jobs", str(jobs)]
    line += [word for name, value in IN_A_HURRY.items() for word in ("-s", f"{name}={value}")]
    began = time.monotonic()
    return ended(_quiet(line, variables), began=began)


def start_alone(folder: Path) -> Spent:
    """Start a crawl that has nothing to do: its blog refuses the connection."""
    line = [sys.executable, "-m", "scrapy", "crawl", "archive", "-a", "site=http://127.0.0.1:9", "-s", "RETRY_TIMES=0"]
    began = time.monotonic()
    return ended(_quiet(line, {"ENGCRAWL_OUTPUT": str(folder)}), began=began, statuses=(1,))


def _quiet(line: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        line, cwd=ROOT, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def with_workers(folder: Path, server: Postgres, sites: list[str], workers: int, jobs: int) -> Spent:
    """Run every blog with workers, at a polite pace."""
    folder.mkdir()
    fleet = Fleet(folder, database(server.url), [])
    fleet.write_list(dict.fromkeys(sites, "{}"))
    fleet.set_up()
    before, began = _cpu(server.pid), time.monotonic()
    running = [fleet.worker(POLITE, jobs=jobs) for _ in range(workers)]

    def done() -> bool:
        complete = [verdicts for verdicts in fleet.all_runs().values() if verdicts[-1:] == ["complete"]]
        return len(complete) == len(sites)

    wait(done, "all blogs complete", 24 * 3600)
    wall, database_ = time.monotonic() - began, _cpu(server.pid) - before
    for worker in running:
        worker.terminate()
    spent = ended(*running, began=began)
    spent.wall, spent.database = wall, database_
    return spent


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


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleet")
    parser.add_argument("--blogs", type=int, default=100)
    parser.add_argument("--posts", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=8, help="of each worker")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        serve(options.blogs, options.posts)
        return
    table = Table(title=f"{options.blogs} blogs of {options.posts} posts, load average {os.getloadavg()[0]:.0f}")
    for column in ("what", "seconds", "blogs/min", "CPU s a blog", "peak MB", "PostgreSQL's CPU"):
        table.add_column(column, justify="left" if column == "what" else "right")

    def row(what: str, spent: Spent) -> None:
        of_database = f"{spent.database / (spent.cpu + spent.database):.0%}" if spent.database else ""
        table.add_row(
            what,
            f"{spent.wall:.0f}",
            f"{60 * options.blogs / spent.wall:.0f}",
            f"{spent.cpu / options.blogs:.2f}",
            f"{spent.peak:.0f}",
            of_database,
        )

    with tempfile.TemporaryDirectory() as name, served(options.blogs, options.posts) as sites:
        folder = Path(name)
        for jobs in (1, 4, 16):
            row(f"blogs run --jobs {jobs}", on_this_machine(folder / f"jobs-{jobs}", sites, jobs))
        row("a quiet night, --jobs 4", on_this_machine(folder / "jobs-4", sites, 4))
        with own_postgres() as server:
            one = with_workers(folder / "one", server, sites, 1, options.jobs)
            row(f"a worker, --jobs {options.jobs}, polite", one)
            two = with_workers(folder / "two", server, sites, 2, options.jobs)
            row(f"two workers, --jobs {options.jobs} each, polite", two)
        start = start_alone(folder / "start")
    console = Console(width=110)
    console.print(table)
    console.print(f"A start alone takes {start.cpu:.2f} s of CPU. Two workers are {one.wall / two.wall:.2f} × one.")


if __name__ == "__main__":
    main()
