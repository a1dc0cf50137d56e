"""``make bench-export``: what exports, the report and ``scrapy browse`` cost, for 10,000 and 100,000 posts."""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.request import urlopen

from engcrawl.export.formats import KINDS
from engcrawl.items import Post
from engcrawl.report.output import Output
from engcrawl.state import State
from tests.support.crawls import environment
from tests.support.folders import ROOT

SITE = "https://x.example"
WORDS = [f"word{number}" for number in range(5000)]


def posts(count: int) -> Iterator[Post]:
    """Make posts of a blog, each with a body of about 8 KB, from 2010 on."""
    chosen = random.Random(1)
    for number in range(1, count + 1):
        paragraphs = [" ".join(chosen.choices(WORDS, k=60)) for _ in range(10)]
        day = date(2010, 1, 1) + timedelta(days=5000 * number // count)
        yield Post(
            id=number,
            url=f"{SITE}/{day:%Y/%m/%d}/post-{number}/",
            title=" ".join(chosen.choices(WORDS, k=8)),
            published_date=f"{day}",
            published_at=f"{day}T12:00:00Z",
            authors=[f"Author {number % 500}"],
            categories=[f"category-{number % 17:02}"],
            tags=sorted({f"tag-{chosen.randrange(300)}" for _ in range(4)}),
            content_html="".join(f"<p>{text}</p>" for text in paragraphs),
            content_markdown="\n\n".join(paragraphs),
            content_source="page",
            crawled_at="2026-11-01T03:00:00Z",
        )


def measured(output: Path, *words: str) -> tuple[float, float]:
    """Run a command, and return the seconds and the peak memory in MB that it took."""
    start = time.monotonic()
    line = [sys.executable, "-m", "scrapy", *words]
    process = subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit status {process.returncode}: {' '.join(line)}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


PAGES = {
    "a search": "posts?_search=word17",
    "two words": "posts?_search=word17+word18",
    "all posts": "posts",
    "a tag": "posts?_tag=tag-5",
    "a post": "posts/4321",
}


def browsed(output: Path) -> Iterator[str]:
    """Start ``scrapy browse`` twice; yield what it took until the address was there, and what pages took."""
    for name in ("browse", "browse again"):
        start = time.monotonic()
        line = [sys.executable, "-m", "scrapy", "browse", "--port", "0"]
        process = subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=subprocess.PIPE, text=True)
        assert process.stdout
        with process.stdout:
            address = process.stdout.readline().partition(" ")[0]
            ready = time.monotonic() - start
            took = []
            for page, path in PAGES.items():
                begun = time.monotonic()
                with urlopen(f"{address}x~2Eexample/{path}", timeout=60) as answer:
                    answer.read()
                took.append(f"{page} {time.monotonic() - begun:.2f} s")
            process.send_signal(signal.SIGINT)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        yield f"{name}: {ready:.1f} s until the address, {usage.ru_maxrss / 1024:.0f} MB; {', '.join(took)}"


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.export")
    parser.add_argument("--posts", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--only", nargs="+", choices=[*KINDS, "report", "browse"], default=[*KINDS, "report", "browse"])
    options = parser.parse_args()
    print("| what | posts | first, s | again, s | peak MB | size MB |\n| --- | --- | --- | --- | --- | --- |")
    for count in options.posts:
        with tempfile.TemporaryDirectory() as temporary:
            output = Path(temporary) / "output"
            output.mkdir()
            with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
                state.posts.take_in(posts(count))
                state.commit()
            folders = {form: Path(temporary) / form for form in KINDS}
            lines = {form: ("export", "--format", form, str(folder)) for form, folder in folders.items()}
            for name, words in (lines | {"report": ("report",)}).items():
                if name not in options.only:
                    continue
                first, peak = measured(output, *words)
                again, more = measured(output, *words)
                files = folders[name].rglob("*") if name in folders else [Output(output).report]
                size = sum(path.stat().st_size for path in files if path.is_file()) / 1e6
                print(
                    f"| {name} | {count:,} | {first:.1f} | {again:.1f} | {max(peak, more):.0f} | {size:.2g} |",
                    flush=True,
                )
            for line in browsed(output) if "browse" in options.only else ():
                print(f"{count:,} posts, {line}", flush=True)


if __name__ == "__main__":
    main()
