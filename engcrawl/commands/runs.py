"""``scrapy runs``: the last runs and how they ended."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from engcrawl.errors import UsageError
from engcrawl.printing import RowsCommand, option, show
from engcrawl.report.freshness import LAST, Judgement, Level, judge
from engcrawl.state import State
from engcrawl.text import dates
from engcrawl.text.durations import duration
from engcrawl.text.visible import visible

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
_NARROW = ["run", "verdict", "seconds", "new", "updated", "gone", "problems"]
"""Of the table; the reasons stand beneath it."""
_MAX_AGE = timedelta(hours=26)
_REASONS = {"running": "pid {pid} on {host}", "died": "its process (pid {pid} on {host}) is gone, and left no verdict"}


class Command(RowsCommand):
    """Prints the last runs, the newest first, also the one that is at work, and those that died."""

    def short_desc(self) -> str:
        return "Print the last runs with their verdicts"

    def long_desc(self) -> str:
        return (
            "Print the last runs, newest first. Beside the verdicts of `scrapy crawl` there are `running` and `died`:"
            " killed, or the machine went down; the next run goes on where a dead one was. With --check, one line"
            " and an exit status for a monitor instead."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """How many."""
        super().add_options(parser)
        parser.add_argument("--last", default="20", metavar="N", help="how many, from 1 (default: 20)")
        parser.add_argument(
            "--check",
            action="store_true",
            help="print one line on whether the archive is fresh; the exit status is 0 OK, 1 WARNING, 2 CRITICAL, or"
            " 3 UNKNOWN, also for a wrong option",
        )
        parser.add_argument(
            "--max-age",
            metavar="AGE",
            help="with --check: how long ago the last complete run may have ended, and how long one may be at work,"
            " like 90m, 26h or 2d (default: 26h)",
        )

    def check(self, opts: argparse.Namespace) -> None:
        """The number, and the age."""
        super().check(opts)
        option(opts, "last", _count)
        option(opts, "max_age", duration)
        if opts.max_age and not opts.check:
            raise UsageError("option --max-age: goes with --check")

    def _end(self, message: str, status: int) -> NoReturn:
        if "--check" in sys.argv:  # options that can't be read are no reason to miss it
            self._judged(Judgement(Level.UNKNOWN, " ".join(message.split())))
        super()._end(message, status)

    def _judged(self, judgement: Judgement) -> NoReturn:
        print(judgement, flush=True)
        raise SystemExit(judgement.level)

    def show(self, state: State, opts: argparse.Namespace) -> None:
        """Print the runs, or judge them."""
        if opts.check:
            self._judged(judge(_runs(state, LAST), datetime.now(UTC), opts.max_age or _MAX_AGE))
        rows = [_row(run) for run in _runs(state, opts.last)]
        show(rows, _NARROW if opts.format == "table" else _COLUMNS, opts.format, "no runs")
        if opts.format == "table":
            for row in rows:
                if row["verdict"] != "complete":
                    print(visible(f"{row['run']}: {row['reason']}"))


def _runs(state: State, last: int) -> list[dict[str, Any]]:
    """The runs, each with a verdict: `running` or `died` where it left none."""
    open_runs = [run for run in state.runs.last(last) if run["verdict"] is None]
    dead = {run["name"] for run in open_runs if not state.lives(run["pid"], run["host"])}
    state.commit()  # read again: one that ended meanwhile has its verdict now
    runs = state.runs.last(last)
    return [run | {"verdict": run["verdict"] or ("died" if run["name"] in dead else "running")} for run in runs]


def _row(run: dict[str, Any]) -> dict[str, Any]:
    report = run["report"] or {}
    posts = report.get("posts", {})
    start = dates.instant(run["start"])
    end = dates.instant(run["end"]) if run["end"] else datetime.now(UTC)
    verdict = run["verdict"]
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
        "reason": report.get("reason") or _REASONS.get(verdict, "").format(**run) or None,
    }


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise ValueError("must be a whole number from 1")
    return int(text)
