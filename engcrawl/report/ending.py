"""The last screen of a run on a terminal: the verdict in words, what it rests on, and where the files are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from engcrawl.report.output import Output
from engcrawl.text.dates import instant
from engcrawl.text.durations import in_words
from engcrawl.text.visible import one_line

_COLOURS = {"complete": "green", "incomplete": "yellow", "stopped": "yellow"}
"""The colour of a verdict; the others are red."""
_PROBLEMS = 10
"""Problems that are listed; the verdict's file has them all."""


def show(console: Console, verdict: dict[str, Any], output: Output, no_report: str | None = None) -> None:
    """Print the last screen of the run with this verdict; *no_report* is why the report couldn't be written."""
    word = (verdict["verdict"], f"bold {_COLOURS.get(verdict['verdict'], 'red')}")
    lines = [Text.assemble(word, f": {one_line(verdict['reason'])}"), *map(Text, _facts(verdict))]
    console.print(Panel(Text("\n").join(lines), title="Verdict", title_align="left", expand=False))
    for line in (*_problems(verdict), *closing_lines(verdict, output, no_report)):
        console.print(Text(line), soft_wrap=True)  # addresses and paths can be copied


def closing_lines(verdict: dict[str, Any], output: Output, no_report: str | None = None) -> list[str]:
    """Return a line for each file that a person may want to open now, and one if there is *no_report* of this run."""
    runs = output.runs
    files = {
        "the archive": output.archive,
        "this run's feed": runs / verdict["feed"] if verdict["feed"] else None,
        "its verdict": runs / f"{verdict['run']}.json",
        "its log": runs / f"{verdict['run']}.log",
        "the report": None if no_report else output.report,
    }
    lines = [f"{name:17}{near(path)}" for name, path in files.items() if path is not None and path.is_file()]
    return [*lines, one_line(f"{'no new report':17}{no_report}")] if no_report else lines


def near(path: Path) -> str:
    """Return a path as it is shortest from the current folder."""
    here = Path.cwd()
    return one_line(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _facts(verdict: dict[str, Any]) -> Iterator[str]:
    posts, coverage, proof = verdict["posts"], verdict["coverage"], verdict["proof"]
    changes = ", ".join(f"{posts[name]:,} {name}" for name in ("new", "updated", "gone"))
    yield f"posts: {coverage['posts']:,} in the archive; {changes}" if coverage else f"posts: {changes}"
    if verdict["categories"]:
        count = proof["hidden_from_listings"] if proof else None
        hidden = "" if count is None else f"; hidden from listings: {count:,} posts"
        yield f"categories: {len(verdict['categories']):,}{hidden}"
    if proof:
        asked = {name: source for name, source in proof["sources"].items() if source["status"] != "not asked"}
        counts = (f"{name} {one['in_archive']:,} of {one['listed']:,}" for name, one in asked.items())
        yield f"proof: {', '.join(counts)} are in the archive"
    start, end = instant(verdict["start"]), instant(verdict["end"])
    assert start is not None
    assert end is not None
    requests = verdict["stats"].get("downloader/request_count", 0)
    took = in_words((end - start).total_seconds())
    yield f"took {took}, requests: {requests:,}, exit status {verdict['exit_status']}"


def _problems(verdict: dict[str, Any]) -> Iterator[str]:
    problems = verdict["problems"]
    for one in problems[:_PROBLEMS]:
        yield one_line(f"problem: {one['url']}: {one['reason']}")
    if len(problems) > _PROBLEMS:
        yield f"and {len(problems) - _PROBLEMS:,} more problems, which the verdict lists"
