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
from rich.panel import Panel
from rich.table import Table

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
    with Server(Blog(POSTS)) as server:
        line = command(
            "-a", "inventory=yes", site=server.url, settings={"LOG_LEVEL": "WARNING", "ENGCRAWL_REPORT": "yes"}
        )
        environment = os.environ | {"ENGCRAWL_OUTPUT": str(ROOT / OUTPUT)}
        with subprocess.Popen(line, cwd=ROOT, env=environment, process_group=0) as crawl:
            # The crawl, in a group of its own, gets an interrupt from here, once: then it stops cleanly.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda number, _: crawl.send_signal(number))
            status = crawl.wait()
    if status not in (0, 3, 5):
        console.print(f"The crawl failed: exit status {status}.")
        return status
    show(console, json.loads((ROOT / OUTPUT / "runs" / "latest.json").read_text()))
    return status


def show(console: Console, latest: dict[str, Any]) -> None:
    """Posts, categories, years, the verdict, the files, and the beginning of one record."""
    verdict = json.loads((ROOT / OUTPUT / "runs" / latest["file"]).read_text())
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
    colour = "green" if verdict["verdict"] == "complete" else "yellow"
    counts = f"{len(posts)} posts in {len(verdict['categories'])} categories"
    if verdict["proof"]:
        counts += f", {verdict['proof']['hidden_from_listings']} of them hidden from listings"
    text = f"[bold {colour}]{verdict['verdict']}[/]: {verdict['reason']}\n{counts}"
    console.print(Panel(text, title="Verdict", title_align="left", expand=False))
    console.print(
        f"the archive      {OUTPUT}/posts.jsonl" + ("" if archive.exists() else " (none: the crawl was stopped)")
    )
    console.print(f"this run's feed  {OUTPUT}/runs/{verdict['feed']}")
    console.print(f"its verdict      {OUTPUT}/runs/{latest['file']}")
    if (ROOT / OUTPUT / "report.html").exists():
        console.print(f"to look at       {OUTPUT}/report.html")
    example = next((p for p in posts if p["content_markdown"] and len(p["authors"]) > 1), None)
    if example:
        console.print("\n[bold]One record[/bold]")
        for key, value in example.items():
            text = json.dumps(value, ensure_ascii=False)
            shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
            console.print(f"  {key:17}{shown}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
