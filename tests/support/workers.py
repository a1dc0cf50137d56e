"""A fleet on this machine: a database, blogs, and workers as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import make_url

from engcrawl.fleet.blogs import Blog as Listed
from engcrawl.state import State
from engcrawl.text.urls import blog_key
from tests.blog import Blog, Server
from tests.support.crawls import IN_A_HURRY, Crawl, command, run
from tests.support.folders import ROOT
from tests.support.nights import truth
from tests.support.postgres import Postgres, database

PATIENCE = 240
"""Seconds in which anything happens, on a machine that does much else."""


SLOWLY = {"DOWNLOAD_DELAY": "0.1", "CONCURRENT_REQUESTS_PER_DOMAIN": "1"}
"""Settings with which a run of one of `blogs` lasts some seconds."""


class Fleet:
    """What workers share: the state and the queue in a database, a list of blogs, a folder."""

    def __init__(self, folder: Path, url: str, servers: Iterable[Server], **variables: str) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.url = url
        self.environment = {
            "ENGCRAWL_STATE": url,
            "ENGCRAWL_BLOGS": str(folder / "blogs.yaml"),
            "ENGCRAWL_OUTPUT": str(self.output),
            **variables,
        }
        self.limit = 600
        """Seconds that a job may take."""
        self.workers: list[subprocess.Popen[bytes]] = []
        self.list_path = folder / "blogs.yaml"
        self.write_list({server.url: "{inventory: no}" for server in servers})

    def write_list(self, arguments: dict[str, str]) -> None:
        """Write the list of blogs anew: each address with its arguments."""
        new_year = "0 0 1 1 *"  # once is all that a test needs, whatever the hour
        lines = (f"- site: {site}\n  schedule: {new_year}\n  arguments: {given}\n" for site, given in arguments.items())
        self.list_path.write_text("".join(lines))

    def set_up(self) -> float:
        """Make the tables, as an operator does; return the seconds that took: they tell how busy this machine is."""
        line = [sys.executable, "-m", "scrapy", "worker", "--setup"]
        start = time.monotonic()
        subprocess.run(line, cwd=ROOT, env=os.environ | self.environment, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - start

    def worker(self, settings: dict[str, str] | None = None, jobs: int = 2) -> subprocess.Popen[bytes]:
        """Start a worker; its log goes to a file of its own (`log`)."""
        line = [
            sys.executable,
            "-m",
            "tests.support.hasty_worker",
            "--jobs",
            str(jobs),
            "--time-limit",
            f"{self.limit}m",  # minutes are seconds to it
        ]
        for name, value in (IN_A_HURRY | (settings or {})).items():
            line += ["-s", f"{name}={value}"]
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            process = subprocess.Popen(
                line, cwd=ROOT, env=os.environ | self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.workers.append(process)
        return process

    def log(self, worker: subprocess.Popen[bytes]) -> str:
        """Read what a worker has logged so far."""
        return (self.folder / f"worker-{self.workers.index(worker)}.log").read_text("utf-8")

    def end(self) -> None:
        """Kill the workers that are left."""
        for worker in self.workers:
            worker.kill()
            worker.wait()

    def jobs(self) -> list[dict[str, Any]]:
        """Return the jobs of blogs that the queue has: `status`, `attempts`, `blog` (its key), `worker_id`."""
        found = self._rows("SELECT * FROM procrastinate_jobs WHERE task_name = 'engcrawl.run' ORDER BY id")
        return [job | {"blog": Listed.model_validate(job["args"]["blog"]).key} for job in found]

    def tasks(self, name: str) -> list[dict[str, Any]]:
        """Return the jobs that the queue has of a task."""
        return [job for job in self._rows("SELECT * FROM procrastinate_jobs") if job["task_name"] == name]

    def all_runs(self) -> dict[str, list[str | None]]:
        """Return how the runs of each blog ended, by its key, the first one first; None for one that is at work."""
        found: dict[str, list[str | None]] = defaultdict(list)
        if not self._rows("SELECT to_regclass('runs') AS made")[0]["made"]:  # no run has been here
            return found
        for run_ in self._rows("SELECT blog, verdict FROM runs ORDER BY blog, id"):
            found[run_["blog"]].append(run_["verdict"])
        return found

    def runs(self, server: Server) -> list[str | None]:
        """Return how the runs of a blog ended."""
        return self.all_runs()[blog_key(server.url)]

    def _rows(self, query: LiteralString) -> list[dict[str, Any]]:
        address = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    def under_way(self, server: Server) -> int | None:
        """Return the process that crawls a blog and has asked it for pages; None if there is none."""
        if not server.requests:
            return None
        with State.read(self.url, blog_key(server.url)) as state:
            last = state.runs.last(1)
        return last[0]["pid"] if last and last[0]["verdict"] is None else None

    def crawls(self, worker: subprocess.Popen[bytes], servers: Iterable[Server]) -> list[int]:
        """Return the processes with which a worker crawls blogs that they have asked for pages."""
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        pids = {int(child) for child in children}
        return [pid for server in servers if (pid := self.under_way(server)) in pids and pid]

    def done(self, servers: Iterable[Server]) -> bool:
        """Return whether no job is left, and each blog's last run was complete."""
        return not self.jobs() and all(self.runs(server)[-1:] == ["complete"] for server in servers)

    def whole(self, servers: Iterable[Server]) -> None:
        """Make sure that every record is there, once and as it is on the blog, and no job left."""
        for server in servers:
            assert self.archive(server) == truth(server.blog)
            assert self.runs(server)[-1] == "complete"
            assert self.runs(server).count("complete") == 1
        assert self.jobs() == []

    def next_run(self, server: Server) -> Crawl:
        """Run a blog once more, by itself."""
        line = command(site=server.url)
        return run(line, self.output / blog_key(server.url), ENGCRAWL_STATE=self.url)

    def archive(self, server: Server) -> list[dict[str, Any]]:
        """Return the records of a blog, as its archive has them, without the instant when each was read."""
        with State.read(self.url, blog_key(server.url)) as state:
            found = [json.loads(line) for line, _ in state.posts.lines()]
        return [{key: value for key, value in record.items() if key != "crawled_at"} for record in found]


def blogs(stack: ExitStack, count: int) -> list[Server]:
    """Serve small blogs."""
    return [stack.enter_context(Server(Blog(10, seed))) for seed in range(1, count + 1)]


def made(stack: ExitStack, folder: Path, server: Postgres, servers: list[Server], **variables: str) -> Fleet:
    """Make a fleet with a database of its own, whose workers end with the stack."""
    fleet = Fleet(folder, database(server.url), servers, **variables)
    stack.callback(fleet.end)
    return fleet


def wait(happened: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until something has happened; return what it gave."""
    end = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.1)
    return found


def kill(pid: int) -> None:
    """Kill a process, as the kernel does when memory is short."""
    os.kill(pid, signal.SIGKILL)
