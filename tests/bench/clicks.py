"""Measure what clicks cost, against links."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench.measure import served, table, tree_memory
from tests.support.crawls import command, environment
from tests.support.folders import ROOT


def clicks(few: int, many: int) -> None:
    """Print the peak memory of a crawl with its browser at *few* and at *many* clicks, and the time against links."""
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
                line = command(*(x for pair in arguments.items() for x in ("-a", "=".join(pair))), site=site.url)
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
    print("A category's first pages, whole process trees (proportional set size)\n")
    columns = {"": "<", "clicks or links": ">", "seconds": ">", "seconds per 100 posts": ">", "peak MB": ">"}
    print(
        table(
            columns,
            [
                (pagination, str(pages), f"{seconds:.1f}", f"{100 * seconds / 12 / (pages + 1):.2f}", f"{peak:.0f}")
                for pagination, pages, seconds, peak in rows
            ],
        )
    )
    print(f"\nDifference of {few} and {many} clicks: {rows[3][3] - rows[1][3]:.0f} MB")
