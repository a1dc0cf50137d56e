"""The index of many blogs: a row and a sparkline a blog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engcrawl.errors import NoStateError, StateError
from engcrawl.fleet.states import States
from engcrawl.overview.facts import RUNS
from engcrawl.overview.page import render
from engcrawl.report.freshness import last_runs
from engcrawl.report.output import Output
from engcrawl.text.dates import rfc3339

INDEX = "index.html"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A blog, as the index shows it."""

    key: str
    verdict: str
    """Of the last run that is over; `none` without one, `unreadable` of a state that can't be read."""
    reason: str = ""
    end: str | None = None
    posts: int | None = None
    problems: int | None = None
    over_runs: list[int] = field(default_factory=list)
    """The posts in the archive, the oldest run first."""
    report: str | None = None
    """Where its own report is, from the index; None where there is none."""


def index(states: States, keys: Iterable[str], folder: Path, now: datetime) -> str:
    """Return the page of the blogs with these keys, whose own folders are in *folder*: complete ones come last."""
    rows = sorted(_rows(states, keys, folder), key=lambda row: (row.verdict == "complete", row.key))
    return render("index.html", rows=rows, made=rfc3339(now))


def _rows(states: States, keys: Iterable[str], folder: Path) -> Iterator[Row]:
    for key in keys:
        report = Output(folder / key).report
        link = f"{key}/{report.name}" if report.exists() else None
        try:
            with states.open(key) as state:
                runs = [run for run in last_runs(state, RUNS) if run["verdict"] != "running"]
                posts, _ = state.posts.measure()
        except NoStateError:
            yield Row(key=key, verdict="none")
            continue
        except StateError as error:
            yield Row(key=key, verdict="unreadable", reason=str(error), report=link)
            continue
        if not runs:
            yield Row(key=key, verdict="none", posts=posts, report=link)
            continue
        said = runs[0]["report"] or {}
        yield Row(
            key=key,
            verdict=runs[0]["verdict"],
            reason=said.get("reason", ""),
            end=runs[0]["end"],
            posts=posts,
            problems=len(said["problems"]) if said else None,
            over_runs=[
                run["report"]["coverage"]["posts"] for run in reversed(runs) if (run["report"] or {}).get("coverage")
            ],
            report=link,
        )
