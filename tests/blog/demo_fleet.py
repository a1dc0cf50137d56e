"""``make demo-fleet``: thirty blogs on loopback, a PostgreSQL, two workers, one of which is killed on the way."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import ExitStack

from rich.console import Console
from rich.table import Table

from engcrawl.text.urls import blog_key
from tests.blog import Blog, Server
from tests.support.folders import ROOT
from tests.support.postgres import database, postgres
from tests.support.workers import Fleet, kill

BLOGS = 30
POSTS = 20
FOLDER = ROOT / "output" / "demo-fleet"
PATIENCE = 900
"""Seconds after which the demo gives up: on a machine of one's own it takes a minute."""


def main() -> int:
    """Run a fleet until every blog is complete, and show the blogs; the exit status is 0 if all are."""
    console = Console(highlight=False)
    shutil.rmtree(FOLDER, ignore_errors=True)  # each demo's blogs have ports, and so archives, of their own
    FOLDER.mkdir(parents=True)
    with ExitStack() as stack:
        console.print(f"Serving {BLOGS} blogs of about {POSTS} posts on loopback, and starting a PostgreSQL …")
        servers = [stack.enter_context(Server(Blog(POSTS + seed % 7, seed))) for seed in range(1, BLOGS + 1)]
        fleet = Fleet(FOLDER, database(stack.enter_context(postgres())), servers)
        stack.callback(fleet.end)
        fleet.set_up()
        console.print("Two workers, which wait seconds where others wait minutes: `scrapy worker --jobs 3` …")
        first, second = fleet.worker(jobs=3), fleet.worker(jobs=3)
        began, killed = time.monotonic(), False
        with console.status("") as status:
            while (done := _complete(fleet, servers)) < BLOGS or fleet.jobs():
                left = fleet.jobs()
                doing = sum(job["status"] == "doing" for job in left)
                status.update(f"{done} blogs complete, {doing} under way, {len(left) - doing} waiting")
                if not killed and done >= BLOGS // 4:
                    kill(first.pid)
                    killed = True
                    console.print(f"{done} blogs are complete. Killed the first worker with -9: {_held(fleet)}")
                if time.monotonic() - began > PATIENCE or second.poll() is not None:
                    console.print(fleet.log(second), markup=False)
                    break
                time.sleep(0.5)
        second.terminate()
        second.wait()
        seconds = time.monotonic() - began
        return _show(console, fleet, servers, seconds)


def _complete(fleet: Fleet, servers: list[Server]) -> int:
    runs = fleet.all_runs()
    return sum(runs[blog_key(server.url)][-1:] == ["complete"] for server in servers)


def _held(fleet: Fleet) -> str:
    doing = [job["blog"] for job in fleet.jobs() if job["status"] == "doing"]
    return f"its jobs are given to the other ({len(doing)} are under way in all)"


def _show(console: Console, fleet: Fleet, servers: list[Server], seconds: float) -> int:
    """Show each blog with its archive and its runs."""
    table = Table(box=None, pad_edge=False)
    for column in ("blog", "posts", "of", "runs", "last verdict"):
        table.add_column(column, justify="right" if column in ("posts", "of") else "left")
    whole = 0
    for server in servers:
        verdicts = fleet.runs(server)
        posts, truth = len(fleet.archive(server)), len(list(server.blog.truth()))
        whole += verdicts[-1:] == ["complete"] and posts == truth
        runs = ", ".join(str(verdict) for verdict in verdicts)
        table.add_row(blog_key(server.url), str(posts), str(truth), runs, str(verdicts[-1] if verdicts else "none"))
    console.print(table)
    where = FOLDER.relative_to(ROOT)
    console.print(f"\n{whole} of {BLOGS} blogs complete, {seconds:.0f} s. Archives: {where}/output/KEY/posts.jsonl")
    return 0 if whole == BLOGS else 1


if __name__ == "__main__":
    sys.exit(main())
