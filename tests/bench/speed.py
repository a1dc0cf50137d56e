"""Measure what a page costs, against a bare Scrapy spider that asks for the same addresses."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median

from engcrawl import settings
from tests.bench.measure import Cost, bare, cost, recording, served, table
from tests.support.crawls import command
from tests.support.folders import ROOT

BARE = "bare spider"
NO_MARKDOWN = {"ITEM_PIPELINES": json.dumps(settings.ITEM_PIPELINES | {"engcrawl.pipelines.Markdown": None})}


def speed(posts: int, rounds: int) -> None:
    """Print pages a second, CPU a page and peak memory of `archive`, its pages alone, and of a bare spider."""
    with served(posts) as site, tempfile.TemporaryDirectory() as folder:
        urls = Path(folder, "urls")
        cost(command(site=site.url, settings=recording(urls)), Path(folder, "output"))
        pages = len(urls.read_text().splitlines())
        contenders = {
            f"{BARE}, Scrapy's defaults": bare(urls),
            f"{BARE}, `CONCURRENT_ITEMS=1` as the project has it": [*bare(urls), "-s", "CONCURRENT_ITEMS=1"],
            "`archive`, Markdown switched off": command(site=site.url, settings=NO_MARKDOWN),
            "`archive`": command(site=site.url),
        }
        costs: dict[str, list[Cost]] = {name: [] for name in contenders}
        for number in range(rounds):
            for name, line in contenders.items():
                # Outside the project the bare spider has Scrapy's own settings. Each run is a first one.
                first = Path(folder, f"{number} {name.replace('`', '')}")
                costs[name].append(cost(line, first, Path(folder) if name.startswith(BARE) else ROOT))
    base = next(iter(costs.values()))
    print(f"{posts:,} posts, {pages:,} pages; medians of {rounds} runs, whole processes\n")
    columns = {"": "<", "pages/s": ">", "CPU ms a page": ">", "peak MB": ">", "CPU, times the bare spider's": ">"}
    rows = [
        (
            name,
            f"{pages / median(c.wall for c in each):.0f}",
            f"{1000 * median(c.cpu for c in each) / pages:.1f}",
            f"{median(c.peak for c in each):.0f}",
            f"{median(c.cpu / b.cpu for c, b in zip(each, base, strict=True)):.2f}",
        )
        for name, each in costs.items()
    ]
    print(table(columns, rows))
