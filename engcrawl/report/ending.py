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
from engcrawl.text.visible import one_line

_COLOURS = {"complete": "green", "incomplete": "yellow", "stopped": "yellow"}
"""The colour of a verdict; the others are red."""
_PROBLEMS = 10
"""Problems that are listed; the verdict's file has them all."""


def show(console: Console, verdict: dict[str, Any], output: Output) -> None:
    """Print the last screen of the run with this verdict."""
    word = (verdict["verdict"], f"bold {_COLOURS.get(verdict['verdict'], 'red')}")
    lines = [Text.assemble(word, f": {one_line(verdict['reason'])}"), *map(Text, _facts(verdict))]
    console.print(Panel(Text("\n").join(lines), title="Verdict", title_align="left", expand=False))
    for line in (*_problems(verdict), *closing_lines(verdict, output)):
        console.print(Text(line), soft_wrap=True)  # addresses and paths can be copied


def closing_lines(verdict: dict[str, Any], output: Output) -> list[str]:
    """Return a line for each file that a person may want to open now."""
    runs = output.runs
    files = {
        "the archive": output.archive,
        "this run's feed": runs / verdict["feed"] if verdict["feed"] else None,
        "its verdict": runs / f"{verdict['run']}.json",
        "its log": runs / f"{verdict['run']}.log",
        "the report": output.folder / "report.html",
    }
    return [f"{name:17}{near(path)}" for name, path in files.items() if path is not None and path.exists()]


def near(path: Path) -> str:
    """Return a path as it is shortest from the current folder."""
    here = Path.cwd()
    return one_line(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _facts(verdict: dict[str, Any]) -> Iterator[str]:
    posts, coverage, proof = verdict["posts"], verdict["coverage"], verdict["proof"]
    changes = ", ".join(f"{posts[name]:,} {name}" for name in ("new", "updated", "gone"))
    yield f"posts: {coverage['posts']:,} in the archive; {changes}" if coverage else f"posts: {changes}"
    if verdict["categories"]:
        hidden = f"; {proof['hidden_from_listings'] or 0:,} posts are hidden from listings" if proof else ""
        yield f"categories: {len(verdict['categories']):,}{hidden}"
    if proof:
        asked = {name: source for name, source in proof["sources"].items() if source["status"] != "not asked"}
        counts = (f"{name} {one['in_archive']:,} of {one['listed']:,}" for name, one in asked.items())
        yield f"proof: {', '.join(counts)} are in the archive"
    start, end = instant(verdict["start"]), instant(verdict["end"])
    assert start is not None
    assert end is not None
    requests = verdict["stats"].get("downloader/request_count", 0)
    yield f"took {length((end - start).total_seconds())}, requests: {requests:,}, exit status {verdict['exit_status']}"


def _problems(verdict: dict[str, Any]) -> Iterator[str]:
    problems = verdict["problems"]
    for one in problems[:_PROBLEMS]:
        yield one_line(f"problem: {one['url']}: {one['reason']}")
    if len(problems) > _PROBLEMS:
        yield f"and {len(problems) - _PROBLEMS:,} more problems, which the verdict lists"


def length(seconds: float) -> str:
    """Return a length of time in one or two units: ``1 h 4 min``, ``3 min 20 s``, ``20 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
