"""``scrapy runs``: the last runs and how they ended."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from typing import Any

from engcrawl import dates
from engcrawl.lock import HOST
from engcrawl.printing import StateCommand, show
from engcrawl.state import State

_COLUMNS = [
    "run",
    "verdict",
    "exit_status",
    "start",
    "seconds",
    "listed",
    "new",
    "updated",
    "gone",
    "problems",
    "host",
    "pid",
    "reason",
]
_NARROW = ["run", "verdict", "seconds", "new", "updated", "gone", "problems", "reason"]
"""Of the table."""


class Command(StateCommand):
    """Prints the last runs, the newest first, also the one that is at work, and those that died."""

    def short_desc(self) -> str:
        return "Print the last runs with their verdicts"

    def long_desc(self) -> str:
        return (
            "Print the last runs, newest first. Beside the verdicts of `scrapy crawl` there are `running` and `died`:"
            " killed, or the machine went down; the next run goes on where a dead one was."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """How many."""
        super().add_options(parser)
        parser.add_argument("--last", type=_count, default=20, metavar="N", help="how many, from 1 (default: 20)")

    def show(self, state: State, opts: argparse.Namespace) -> None:
        """Print the runs."""
        rows = (_row(run) for run in state.runs(opts.last))
        show(rows, _NARROW if opts.format == "table" else _COLUMNS, opts.format, "no runs")


def _row(run: dict[str, Any]) -> dict[str, Any]:
    report = run["report"] or {}
    posts = report.get("posts", {})
    start = dates.instant(run["start"])
    end = dates.instant(run["end"]) if run["end"] else datetime.now(UTC)
    verdict = run["verdict"] or ("running" if _lives(run["host"], run["pid"]) else "died")
    assert start is not None
    assert end is not None
    return {
        "run": run["name"],
        "verdict": verdict,
        "exit_status": report.get("exit_status"),
        "start": run["start"],
        "seconds": None if verdict == "died" else round((end - start).total_seconds()),
        **{name: posts.get(name) for name in ("listed", "new", "updated", "gone")},
        "problems": len(report["problems"]) if report else None,
        "host": run["host"],
        "pid": run["pid"],
        "reason": report.get("reason"),
    }


def _lives(host: str, pid: int) -> bool:
    """Whether a run's process is there, as far as this host can tell."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return host != HOST
    except PermissionError:
        return True  # it is, and another user's
    return True


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1")
    return int(text)
