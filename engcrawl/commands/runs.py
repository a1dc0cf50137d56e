"""``scrapy runs``: the last runs and how they ended."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn, Self

from pydantic import BeforeValidator, Field, model_validator

from engcrawl.arguments import Count
from engcrawl.errors import NoStateError, StateError, UsageError
from engcrawl.fleet.blogs import Blogs
from engcrawl.fleet.schedule import last_planned
from engcrawl.fleet.states import States
from engcrawl.printing import RowsOptions, StateCommand, print_csv, print_jsonl, print_table
from engcrawl.report.freshness import LAST, Judgement, Level, judge, last_runs, together
from engcrawl.state import State
from engcrawl.text.durations import duration
from engcrawl.text.visible import visible

_COLUMNS = ("blog", "run", "verdict", "seconds", "new", "updated", "gone", "problems")
"""The table's columns; the reasons are printed below it."""
_LAST_OF_MANY = 30
"""How many runs of each blog are looked at, where there are many blogs."""
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
        description="with --check: the greatest allowed age of the last complete run, and the longest time that a run"
        " may take, like 90m, 26h or 2d (default: 26h; for blogs of the list, the time since the last planned time but"
        " one)",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.max_age and not self.check:
            raise ValueError("option --max-age: needs --check")
        return self


class Command(StateCommand[RunsOptions]):
    """Print the last runs with their verdicts.

    The newest come first. `running` means that a run is working now. `died` means that it was killed, or that the
    machine went down; the next run continues where it stopped. With --check the command prints one line for a
    monitoring system instead, about all blogs together, and the exit status says how bad the worst one is.
    """

    options_class = RunsOptions
    _blogs: Blogs | None = None

    def chosen(self, states: States, options: RunsOptions) -> list[str]:
        """Return the keys of the blogs: to be judged, those of the list, where there is one."""
        listed = Path(self.settings["ENGCRAWL_BLOGS"]) if self.settings else None
        if not (listed and options.check and options.blog is None and listed.exists()):
            return states.chosen(options.blog)
        self._blogs = Blogs.read(listed)
        return [blog.key for blog in self._blogs] or states.chosen(None)

    def show(self, state: State, options: RunsOptions) -> None:
        """Print the runs, or judge them."""
        if options.check:
            self._tell(judge(last_runs(state, LAST), datetime.now(UTC), self._max_age(state.blog, options)))
        else:
            self._print([_row(run) for run in last_runs(state, options.last)], options)

    def show_all(self, states: States, keys: list[str], options: RunsOptions) -> None:
        """Print the last runs of all blogs, or judge each blog's."""
        if options.check:
            self._tell(together({key: self._judged(states, key, options) for key in keys}))
            return
        rows = []
        for key in keys:
            with states.open(key) as state:
                rows += [{"blog": key} | _row(run) for run in last_runs(state, options.last)]
        rows.sort(key=lambda row: str(row["start"]), reverse=True)
        self._print(rows[: options.last], options)

    def _judged(self, states: States, key: str, options: RunsOptions) -> Judgement:
        try:
            with states.open(key) as state:
                return judge(last_runs(state, _LAST_OF_MANY), datetime.now(UTC), self._max_age(key, options))
        except NoStateError:
            return Judgement(Level.CRITICAL, "the blog has never run")
        except StateError as error:
            return Judgement(Level.UNKNOWN, str(error))

    def _max_age(self, key: str, options: RunsOptions) -> timedelta:
        """Return the greatest allowed age of the last complete run: the time since the last planned time but one."""
        blog = self._blogs.get(key) if self._blogs else None
        if options.max_age or blog is None:
            return options.max_age or timedelta(hours=26)
        now = datetime.now(UTC)
        last = last_planned(blog.schedule, key, now)
        return now - last_planned(blog.schedule, key, last - timedelta(minutes=1))

    def _tell(self, judgement: Judgement) -> None:
        print(judgement)
        self.exitcode = judgement.level

    def _print(self, rows: list[dict[str, Any]], options: RunsOptions) -> None:
        if options.format == "table":
            print_table(rows, _COLUMNS, "no runs")
            for row in rows:
                if row["verdict"] != "complete":
                    blog = f"{row['blog']}: " if "blog" in row else ""
                    print(visible(f"{blog}{row['run']}: {row['reason']}"))
        else:
            (print_csv if options.format == "csv" else print_jsonl)(rows)

    def fail(self, message: str, status: int = UsageError.exit_status) -> NoReturn:
        """End with *message* on one line; a monitor reads it as its judgement."""
        if "--check" in sys.argv:  # options that can't be read are no reason to miss it
            print(Judgement(Level.UNKNOWN, " ".join(message.split())))
            raise SystemExit(Level.UNKNOWN)
        super().fail(message, status)


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
