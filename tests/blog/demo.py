"""``make demo``: serve the bundled blog on loopback, crawl all of it, show what came out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engcrawl.report import ending
from engcrawl.report.output import Output
from tests.blog import Blog, Server
from tests.support.crawls import command
from tests.support.folders import ROOT

POSTS = 500
OUTPUT = Path("output/demo")
SHOWN = 78


def main() -> int:
    """Crawl and show; the exit status is the crawl's."""
    console = Console(highlight=False)
    console.print(f"Serving a blog of {POSTS} posts on loopback, and crawling all of it …")
    shutil.rmtree(ROOT / OUTPUT, ignore_errors=True)  # each demo's blog has a port, and so an archive, of its own
    on_terminal = sys.stderr.isatty()  # then the crawl shows how it goes and ends, and its log is in a file
    with Server(Blog(POSTS)) as server:
        settings = {"ENGCRAWL_REPORT": "yes"} | ({} if on_terminal else {"LOG_LEVEL": "WARNING"})
        line = command("-a", "inventory=yes", site=server.url, settings=settings)
        environment = os.environ | {"ENGCRAWL_OUTPUT": str(ROOT / OUTPUT)}
        with subprocess.Popen(line, cwd=ROOT, env=environment, process_group=0) as crawl:
            # The crawl, in a group of its own, gets an interrupt from here, once: then it stops cleanly.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda number, _: crawl.send_signal(number))
            status = crawl.wait()
    if status not in (0, 3, 5):
        console.print(f"The crawl failed: exit status {status}.")
        return status
    latest = json.loads((ROOT / OUTPUT / "runs" / "latest.json").read_text())
    verdict = json.loads((ROOT / OUTPUT / "runs" / latest["file"]).read_text())
    show(console, verdict)
    if on_terminal:
        console.print(*ending.closing_lines(verdict, Output(ROOT / OUTPUT)), sep="\n", markup=False, soft_wrap=True)
    else:
        ending.show(console, verdict, Output(ROOT / OUTPUT))
    return status


def show(console: Console, verdict: dict[str, Any]) -> None:
    """Categories, years, and the beginning of one record."""
    table = Table(title="Categories", title_justify="left", box=None, pad_edge=False)
    for column in ("category", "pages", "posts"):
        table.add_column(column, justify="left" if column == "category" else "right")
    for category in verdict["categories"]:
        table.add_row(category["slug"], f"{category['walked']} of {category['pages'] or 1}", str(category["posts"]))
    console.print(table)
    archive = ROOT / OUTPUT / "posts.jsonl"
    posts = [json.loads(line) for line in archive.read_text("utf-8").splitlines()] if archive.exists() else []
    years = Counter((post["published_date"] or "none")[:4] for post in posts)
    console.print("\n[bold]Years[/bold]")
    most = max(years.values(), default=1)
    for year, count in sorted(years.items()):
        console.print(f"{year} {'▇' * round(40 * count / most)} {count}")
    example = next((p for p in posts if p["content_markdown"] and len(p["authors"]) > 1), None)
    if example:
        console.print("\n[bold]One record[/bold]")
        for key, value in example.items():
            text = json.dumps(value, ensure_ascii=False)
            shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
            console.print(f"  {key:17}{shown}", markup=False, soft_wrap=True)
    console.print()


if __name__ == "__main__":
    sys.exit(main())
