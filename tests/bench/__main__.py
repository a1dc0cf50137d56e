"""``python -m tests.bench speed|memory|clicks|nightly``: what ``make bench``, ``make bench-memory`` and so on run."""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from engcrawl import settings
from tests.blog import Blog, Server
from tests.support.crawls import IN_A_HURRY, command, environment
from tests.support.folders import ROOT

BARE = "bare spider"
NO_MARKDOWN = {"ITEM_PIPELINES": json.dumps(settings.ITEM_PIPELINES | {"engcrawl.pipelines.Markdown": None})}


@dataclass
class Cost:
    """What a process cost, by the operating system's own account."""

    wall: float
    cpu: float
    """Seconds, user and system."""
    peak: float
    """MB of resident memory."""


def cost(line: list[str], output: Path, folder: Path = ROOT) -> Cost:
    """Run a command, in *folder*, that must succeed."""
    start = time.monotonic()
    process = subprocess.Popen(
        line, cwd=folder, env=environment(output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit status {process.returncode}: {' '.join(line)}")
    return Cost(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def served(posts: int) -> Iterator[str]:
    """The bundled blog in a process of its own."""
    line = [sys.executable, "-m", "tests.blog", "--posts", str(posts)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def speed(posts: int, rounds: int) -> None:
    """Pages a second, CPU a page and peak memory of `archive` and of a bare spider with the same addresses."""
    with served(posts) as site, tempfile.TemporaryDirectory() as folder:
        output, urls = Path(folder, "output"), Path(folder, "urls")
        extensions = settings.EXTENSIONS | {"tests.bench.recorder.Recorder": 500}
        recorder = {"EXTENSIONS": json.dumps(extensions), "RECORD": str(urls)}
        cost(command(site=site, settings=recorder), output)
        pages = len(urls.read_text().splitlines())
        bare = [sys.executable, "-m", "scrapy", "runspider", str(ROOT / "tests/bench/bare.py"), "-a", f"urls={urls}"]
        plain = IN_A_HURRY | {"LOG_LEVEL": "INFO", "REMOTE_CONTROL_ENABLED": "0", "TELNETCONSOLE_ENABLED": "0"}
        bare += [x for name, value in plain.items() for x in ("-s", f"{name}={value}")]
        contenders = {
            BARE: bare,
            f"{BARE}, CONCURRENT_ITEMS=1 as the project": [*bare, "-s", "CONCURRENT_ITEMS=1"],
        }
        contenders["archive, without Markdown"] = command(site=site, settings=NO_MARKDOWN)
        contenders["archive"] = command(site=site)
        costs: dict[str, list[Cost]] = {name: [] for name in contenders}
        for number in range(rounds):
            for name, line in contenders.items():
                # Outside the project the bare spider has Scrapy's own settings. Each run is a first one.
                first = Path(folder, f"{number} {name}")
                costs[name].append(cost(line, first, Path(folder) if name.startswith(BARE) else ROOT))
    table = Table(title=f"{posts} posts, {pages} pages, medians of {rounds} runs, whole processes")
    for column in ("", "pages/s", "CPU ms a page", "peak MB", "CPU ratio", "memory ratio"):
        table.add_column(column, justify="left" if not column else "right")
    base = costs[BARE]
    for name, each in costs.items():
        table.add_row(
            name,
            f"{pages / statistics.median(c.wall for c in each):.0f}",
            f"{1000 * statistics.median(c.cpu for c in each) / pages:.2f}",
            f"{statistics.median(c.peak for c in each):.0f}",
            f"{statistics.median(c.cpu / b.cpu for c, b in zip(each, base, strict=True)):.2f}",
            f"{statistics.median(c.peak / b.peak for c, b in zip(each, base, strict=True)):.2f}",
        )
    Console(width=100).print(table)


def memory(few: int, many: int) -> None:
    """Peak memory of a walk without articles over *few* and over *many* posts."""
    peaks = {}
    for posts in (few, many):
        with served(posts) as site, tempfile.TemporaryDirectory() as folder:
            line = command("-a", "articles=no", site=site)
            peaks[posts] = cost(line, Path(folder, "output")).peak
            print(f"{posts:>6} posts: peak {peaks[posts]:.0f} MB")
    print(f"difference: {peaks[many] - peaks[few]:.0f} MB")


def clicks(few: int, many: int) -> None:
    """What clicks cost: peak memory of the crawl with its browser at *few* and at *many*, and time against links."""
    rows = []
    with served(60_000) as site:
        for pagination, pages in (("links", few), ("browser", few), ("links", many), ("browser", many)):
            arguments = {
                "categories": "machine-learning",
                "articles": "no",
                "pagination": pagination,
                "max_pages": str(pages + 1),
            }
            with tempfile.TemporaryDirectory() as folder:
                line = command(*(x for pair in arguments.items() for x in ("-a", "=".join(pair))), site=site)
                start = time.monotonic()
                with subprocess.Popen(
                    line,
                    cwd=ROOT,
                    env=environment(Path(folder, "output")),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                ) as process:
                    peak = 0.0
                    while process.poll() is None:
                        peak = max(peak, tree_memory(process.pid))
                        time.sleep(0.1)
                if process.returncode != 5:  # stopped by max_pages
                    raise SystemExit(f"exit status {process.returncode}: {' '.join(line)}")
                rows.append((pagination, pages, time.monotonic() - start, peak))
    table = Table(title="A category's first pages, whole process trees (proportional set size)")
    for column in ("", "clicks or links", "seconds", "seconds per 100 posts", "peak MB"):
        table.add_column(column, justify="left" if not column else "right")
    for pagination, pages, seconds, peak in rows:
        posts = 12 * (pages + 1)
        table.add_row(pagination, str(pages), f"{seconds:.1f}", f"{100 * seconds / posts:.2f}", f"{peak:.0f}")
    Console(width=100).print(table)
    print(f"difference of {few} and {many} clicks: {rows[3][3] - rows[1][3]:.0f} MB")


def nightly(few: int, many: int) -> None:
    """What a first run costs, and a run with nothing new, with 5 new posts, with 5 edited ones: *few* posts from their
    pages, without and with the inventory, *many* from REST.
    """
    table = Table(title="Run after run on one output")
    for column in ("posts", "arguments", "run", "requests", "seconds", "MB received", "peak MB", "changes"):
        table.add_column(column, justify="left" if column in ("arguments", "run") else "right")
    for posts, argument in ((few, "inventory=no"), (few, "inventory=yes"), (many, "source=rest")):
        blog = Blog(posts)
        with Server(blog) as server, tempfile.TemporaryDirectory() as folder:
            output, log = Path(folder, "output"), Path(folder, "log")
            line = command("-a", argument, site=server.url, settings={"LOG_FILE": str(log), "LOG_LEVEL": "INFO"})

            def publish(blog: Blog = blog) -> None:
                for slug in ("web", "storage", "video", "mobile", "hardware"):
                    blog.publish((slug,))

            def edit(blog: Blog = blog) -> None:
                listed = [post for post in map(blog.post, blog.whole[5:30]) if not post.external]
                for post in listed[:5]:
                    blog.edit(post.index, title=f"Edited {post.id}")

            for name, happens in (
                ("first", None),
                ("nothing new", None),
                ("5 new posts", publish),
                ("5 edited posts", edit),
            ):
                if happens:
                    happens()
                server.requests.clear()
                log.unlink(missing_ok=True)
                spent = cost(line, output)
                received = re.search(r"downloader/response_bytes': (\d+)", log.read_text())
                latest = json.loads((output / "runs" / "latest.json").read_text())
                done = json.loads((output / "runs" / latest["file"]).read_text())["posts"]
                table.add_row(
                    f"{posts:,}",
                    argument,
                    name,
                    f"{len(server.requests):,}",
                    f"{spent.wall:.1f}",
                    f"{int(received.group(1)) / 1e6:.1f}" if received else "?",
                    f"{spent.peak:.0f}",
                    f"{done['new'] + done['updated']:,}",
                )
    Console(width=100).print(table)


def tree_memory(root: int) -> float:
    """MB of a process and all its descendants: each page of memory counted once (PSS)."""
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


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("what", choices=("speed", "memory", "clicks", "nightly"))
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.what == "speed":
        speed(options.posts, options.rounds)
    elif options.what == "memory":
        memory(500, 20_000)
    elif options.what == "nightly":
        nightly(1000, 20_000)
    else:
        clicks(10, 300)


if __name__ == "__main__":
    main()
