"""``scrapy runs``: the last runs and how they ended."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NoReturn, Self

from pydantic import BeforeValidator, Field, model_validator

from engcrawl.arguments import Count
from engcrawl.errors import UsageError
from engcrawl.printing import RowsOptions, StateCommand, print_csv, print_jsonl, print_table
from engcrawl.report.freshness import LAST, Judgement, Level, judge
from engcrawl.state import State
from engcrawl.text.durations import duration
from engcrawl.text.visible import visible

_COLUMNS = ("run", "verdict", "seconds", "new", "updated", "gone", "problems")
"""The table's columns; the reasons are printed below it."""
_REASONS = {"running": "pid {pid} on {host}", "died": "its process (pid {pid} on {host}) is gone, and left no verdict"}


class RunsOptions(RowsOptions):
    """The options: how many runs to print, or whether to judge them."""

    last: Count = Field(20, title="N", description="how many runs (default: 20)")
    check: bool = Field(
        False,
        description="print one line that says whether the archive is up to date; exit status 0 OK, 1 WARNING, 2"
        " CRITICAL, 3 UNKNOWN (also for a wrong option)",
    )
    max_age: Annotated[timedelta, BeforeValidator(duration)] | None = Field(
        None,
        title="AGE",
        description="with --check: how long ago the last complete run may have ended, and how long a run may take, like"
        " 90m, 26h or 2d (default: 26h)",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.max_age and not self.check:
            raise ValueError("option --max-age: needs --check")
        return self


class Command(StateCommand[RunsOptions]):
    """Print the last runs with their verdicts.

    The newest come first. `running` means that a run is working now. `died` means that it was killed, or that the
    machine went down; the next run continues where it stopped. With --check it prints one line for a monitoring system
    instead, and its exit status says how bad it is.
    """

    options_class = RunsOptions

    def show(self, state: State, options: RunsOptions) -> None:
        """Print the runs, or judge them."""
        if options.check:
            judgement = judge(_runs(state, LAST), datetime.now(UTC), options.max_age or timedelta(hours=26))
            print(judgement)
            self.exitcode = judgement.level
            return
        rows = [_row(run) for run in _runs(state, options.last)]
        if options.format == "table":
            print_table(rows, _COLUMNS, "no runs")
            for row in rows:
                if row["verdict"] != "complete":
                    print(visible(f"{row['run']}: {row['reason']}"))
        else:
            (print_csv if options.format == "csv" else print_jsonl)(rows)

    def fail(self, message: str, status: int = UsageError.exit_status) -> NoReturn:
        """End with *message* on one line; a monitor reads it as its judgement."""
        if "--check" in sys.argv:  # options that can't be read are no reason to miss it
            print(Judgement(Level.UNKNOWN, " ".join(message.split())))
            raise SystemExit(Level.UNKNOWN)
        super().fail(message, status)


def _runs(state: State, last: int) -> list[dict[str, Any]]:
    """Return the runs, each with a verdict: `running` or `died` where it left none."""
    open_runs = [run for run in state.runs.last(last) if run["verdict"] is None]
    dead = {run["name"] for run in open_runs if not state.lives(run["pid"], run["host"])}
    state.commit()  # read again: one that ended meanwhile has its verdict now
    runs = state.runs.last(last)
    return [run | {"verdict": run["verdict"] or ("died" if run["name"] in dead else "running")} for run in runs]


def _row(run: dict[str, Any]) -> dict[str, Any]:
    report = run["report"] or {}
    verdict = run["verdict"]
    end = datetime.fromisoformat(run["end"]) if run["end"] else datetime.now(UTC)
    return {
        "run": run["name"],
        "verdict": verdict,
        "exit_status": report.get("exit_status"),
        "start": run["start"],
        "seconds": None if verdict == "died" else round((end - datetime.fromisoformat(run["start"])).total_seconds()),
        **{name: report.get("posts", {}).get(name) for name in ("listed", "new", "updated", "gone")},
        "problems": len(report["problems"]) if report else None,
        "host": run["host"],
        "pid": run["pid"],
        "reason": report.get("reason") or _REASONS.get(verdict, "").format(**run) or None,
    }
