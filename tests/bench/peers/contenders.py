"""The contenders: each one's command line, and what it found."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Cost, Site, archive, cost, runspider
from tests.support.folders import ROOT

ARCHIVE = "`archive`, with its proof"
REST = "`archive -a source=rest`"
SCRAPY = "Scrapy, forty lines"
CRAWLEE = "crawlee, ParselCrawler"
BARE = "bare Scrapy, the pages of `archive`"


@dataclass
class Contender:
    """Hold a program that takes a blog."""

    line: Callable[[str, Path], list[str]]
    """Makes its command line, of the blog's address and a folder for what it writes."""
    posts: int | None = None
    """How many posts its cost is divided by, if not by those of its ``posts.jsonl``."""
    ours: bool = False
    """Whether it runs in the project's folder; the others run outside, where Scrapy has its own settings."""


@dataclass
class Result:
    """Hold what a run cost, and what it found."""

    cost: Cost
    server: float
    """Seconds of CPU that the blog's own process took meanwhile."""
    posts: int
    bodies: int = 0
    instants: int = 0
    """Records with the moment of publication."""

    @property
    def speed(self) -> float:
        """Return posts a second."""
        return self.posts / self.cost.wall

    @property
    def cpu(self) -> float:
        """Return the ms of CPU a post."""
        return 1000 * self.cost.cpu / self.posts


def contenders(crawlee: Path) -> dict[str, Contender]:
    """Return those that make records; *crawlee* is a Python that has it."""
    if not crawlee.exists():
        raise SystemExit(f"{crawlee} is missing: `make bench-peers` makes it, --crawlee names another")
    own = str(ROOT / "tests/bench/peers/with_crawlee.py")
    return {
        ARCHIVE: Contender(lambda site, _: archive(site), ours=True),
        REST: Contender(lambda site, _: archive(site, "-a", "source=rest"), ours=True),
        SCRAPY: Contender(
            lambda site, at: runspider("peers/with_scrapy.py", "-a", f"site={site}", "-O", str(at / "posts.jsonl"))
        ),
        CRAWLEE: Contender(lambda site, at: [str(crawlee), own, site, str(at / "posts.jsonl")]),
    }


def measure(contender: Contender, site: Site, folder: Path) -> Result:
    """Run a contender for the first time, count what it found, and take it away again."""
    folder.mkdir()
    before = site.cpu
    spent = cost(contender.line(site.url, folder), folder, ROOT if contender.ours else folder)
    result = Result(spent, site.cpu - before, contender.posts or 0)
    if contender.posts is None:
        with (folder / "posts.jsonl").open(encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                result.posts += 1
                result.bodies += record["content_markdown"] is not None
                result.instants += record["published_at"] is not None
    shutil.rmtree(folder)
    return result


def interleaved(chosen: dict[str, Contender], site: Site, folder: Path, rounds: int) -> dict[str, list[Result]]:
    """Run each contender once a round, one after the other, and say on the way how long it took."""
    results: dict[str, list[Result]] = {name: [] for name in chosen}
    for _ in range(rounds):
        for name, contender in chosen.items():
            results[name].append(measure(contender, site, folder / "first"))
            print(f"{name}: {results[name][-1].cost.wall:.1f} s", file=sys.stderr)
    return results
