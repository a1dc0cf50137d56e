"""Freshness: a judgement on the last runs, for a monitor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from engcrawl.arguments import ArchiveArguments
from engcrawl.state import State
from engcrawl.text.durations import readable
from engcrawl.text.visible import visible

LAST = 200
"""Runs that are looked back on."""
_MOST = 5
"""Blogs whose reasons are told, of many."""


class Level(IntEnum):
    """The level of a judgement; the value is the exit status (Monitoring Plugins' guidelines)."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Judgement:
    """A level, and why."""

    level: Level
    reason: str
    perfdata: str = ""

    def __str__(self) -> str:
        """Return the one line: ``LEVEL: reason | perfdata``."""
        reason = visible(self.reason).replace("|", "/")
        return f"{self.level.name}: {reason}" + (f" | {self.perfdata}" if self.perfdata else "")


def last_runs(state: State, count: int) -> list[dict[str, Any]]:
    """Return a blog's last runs, newest first, each with a verdict: `running` or `died` where it left none."""
    open_runs = [run for run in state.runs.last(count) if run["verdict"] is None]
    dead = {run["name"] for run in open_runs if not state.lives(run["pid"], run["host"])}
    state.commit()  # read again: one that ended meanwhile has its verdict now
    runs = state.runs.last(count)
    return [run | {"verdict": run["verdict"] or ("died" if run["name"] in dead else "running")} for run in runs]


def judge(runs: list[dict[str, Any]], now: datetime, max_age: timedelta) -> Judgement:
    """Judge *runs* (of `engcrawl.state.runs.Runs.last`, the newest first, each with a verdict).

    Runs that were to take a part, and `inventory`, don't make the archive fresh, nor stale.

    - CRITICAL: neither a complete nor an incomplete run ended within *max_age*, or one is at work for longer.
    - WARNING: an incomplete one did, but no complete one; or one that is complete did, and the last is no more: it
      died, failed, was stopped or is incomplete.
    - OK: the last one that is over was complete, within *max_age*.
    """

    def ago(run: dict[str, Any], event: str) -> timedelta:
        return now - datetime.fromisoformat(run[event])

    complete, incomplete = newest(runs, "complete"), newest(runs, "incomplete")
    age = ago(complete, "end") if complete else None
    limit = int(max_age.total_seconds())
    perfdata = f"age=U;;{limit};0" if age is None else f"age={int(age.total_seconds())}s;;{limit};0"
    since = "no run was complete" if age is None else f"the last complete run ended {readable(age)} ago"
    stuck = next((run for run in runs if run["verdict"] == "running" and ago(run, "start") > max_age), None)
    last = next((run for run in runs if run["verdict"] != "running" and whole(run)), None)
    level = Level.CRITICAL
    if stuck:
        reason = f"{stuck['name']} is at work for {readable(ago(stuck, 'start'))} ({where(stuck)})"
    elif last is None:
        reason = "no run of the whole archive has ended yet"
    elif age is not None and age <= max_age and last is complete:
        level, reason = Level.OK, f"{last['name']} was complete {readable(age)} ago"
    elif age is not None and age <= max_age:
        level, reason = Level.WARNING, f"{_how(last)}; {since}"
    elif incomplete and ago(incomplete, "end") <= max_age:
        level, reason = Level.WARNING, f"{since}; {_how(incomplete)}"
    else:
        reason = since if last is complete else f"{since}; {_how(last)}"
    return Judgement(level, reason, perfdata)


def together(judgements: dict[str, Judgement]) -> Judgement:
    """Return the judgement on several blogs, by their keys: the worst, with the reasons of those that are worst."""
    severity = (Level.OK, Level.WARNING, Level.UNKNOWN, Level.CRITICAL).index
    worse = sorted((key for key in judgements if judgements[key].level), key=lambda k: -severity(judgements[k].level))
    fresh = len(judgements) - len(worse)
    told = [f"{key}: {judgements[key].reason}" for key in worse[:_MOST]]
    more = [f"and {len(worse) - _MOST} more"] if len(worse) > _MOST else []
    return Judgement(
        judgements[worse[0]].level if worse else Level.OK,
        "; ".join([f"{fresh} of {len(judgements)} blogs are fresh", *told, *more]),
        f"fresh={fresh};;;0;{len(judgements)}",
    )


def whole(run: dict[str, Any]) -> bool:
    """Return whether a run (of `engcrawl.state.runs.Runs.last`, or a verdict) was to take the whole archive."""
    return run["spider"] == "archive" and not ArchiveArguments.model_construct(**run["arguments"]).filtered


def newest(runs: list[dict[str, Any]], verdict: str) -> dict[str, Any] | None:
    """Return the first of *runs* that was to take the whole archive and has this verdict; None if there is none."""
    return next((run for run in runs if run["verdict"] == verdict and whole(run)), None)


def where(run: dict[str, Any]) -> str:
    """Return which process a run is, or was."""
    return f"pid {run['pid']} on {run['host']}"


def _how(run: dict[str, Any]) -> str:
    if run["verdict"] == "died":
        return f"{run['name']} died without a verdict ({where(run)})"
    return f"{run['name']} is {run['verdict']}: {run['report']['reason']}"
