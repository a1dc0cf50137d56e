"""Sample where a first run's time goes: ``py-spy record``, added up by package and by layer."""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.bench.measure import archive, cost, served, table
from tests.support.folders import ROOT

IMPORTS = "imports"
FRAME = re.compile(r".* \((?P<file>.*?)(?::\d+)?\)$")


def profile(posts: int) -> None:
    """Print how much of a first run, with its proof, is whose."""
    layers: Counter[str] = Counter()
    packages: Counter[str] = Counter()
    for stack, samples in sampled(posts):
        owners = [owner(frame) for frame in stack]
        ours = next((name for name in reversed(owners) if name.startswith(("engcrawl", "Scrapy"))), "other")
        layers[IMPORTS if IMPORTS in owners else ours] += samples
        packages[IMPORTS if IMPORTS in owners else next((name for name in reversed(owners) if name), "other")] += (
            samples
        )
    for title, counts in (("on whose behalf", layers), ("in whose code", packages)):
        rows = [(name, f"{n / counts.total():.0%}") for name, n in counts.most_common() if n >= counts.total() / 100]
        print(f"{table({title: '<', 'share': '>'}, rows)}\n")


def sampled(posts: int) -> list[tuple[list[str], int]]:
    """Return the stacks of a run, outermost frame first, each with its number of samples."""
    with served(posts) as site, tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        options = ["--format", "raw", "--rate", "200", "--full-filenames", "--output", str(raw)]
        cost(
            [str(Path(sys.executable).with_name("py-spy")), "record", *options, "--", *archive(site.url)],
            Path(folder, "output"),
        )
        lines = [line.rpartition(" ") for line in raw.read_text().splitlines()]
    return [(stack.split(";"), int(samples)) for stack, _, samples in lines]


def owner(frame: str) -> str:
    """Return whose code a frame is: a layer of engcrawl, a package, "imports", or nothing for Python's own."""
    found = FRAME.match(frame)
    file = found["file"] if found else ""
    if file.startswith("<frozen importlib"):
        return IMPORTS
    if file.startswith(str(ROOT / "engcrawl")):
        return f"engcrawl.{Path(file).relative_to(ROOT / 'engcrawl').parts[0].removesuffix('.py')}"
    package = file.partition("site-packages/")[2].partition("/")[0]
    return "Scrapy and Twisted" if package in ("scrapy", "twisted") else package
