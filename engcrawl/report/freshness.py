"""Whether the archive is fresh: a judgement on the last runs, for a monitor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from engcrawl.arguments import ArchiveArguments
from engcrawl.text.dates import instant
from engcrawl.text.durations import readable
from engcrawl.text.visible import visible

LAST = 200
"""Runs that are looked back on."""


class Level(IntEnum):
    """What a monitor is told; the value is the exit status (Monitoring Plugins' guidelines)."""

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
        """The one line: ``LEVEL: reason | perfdata``."""
        reason = visible(self.reason).replace("|", "/")
        return f"{self.level.name}: {reason}" + (f" | {self.perfdata}" if self.perfdata else "")


def judge(runs: list[dict[str, Any]], now: datetime, max_age: timedelta) -> Judgement:
    """What *runs* say (of `engcrawl.state.runs.Runs.last`, the newest first, each with a verdict).

    Runs that were to take a part, and `inventory`, don't make the archive fresh, nor stale.

    - CRITICAL: neither a complete nor an incomplete run ended within *max_age*, or one is at work for longer.
    - WARNING: an incomplete one did, but no complete one; or one that is complete did, and the last is no more: it
      died, failed, was stopped or is incomplete.
    - OK: the last one that is over was complete, within *max_age*.
    """
    complete = newest(runs, "complete")
    age = now - moment(complete["end"]) if complete else None
    limit = int(max_age.total_seconds())
    perfdata = f"age=U;;{limit};0" if age is None else f"age={int(age.total_seconds())}s;;{limit};0"

    def told(level: Level, reason: str) -> Judgement:
        return Judgement(level, reason, perfdata)

    for run in runs:
        if run["verdict"] == "running" and now - moment(run["start"]) > max_age:
            return told(
                Level.CRITICAL, f"{run['name']} is at work for {readable(now - moment(run['start']))} ({_where(run)})"
            )
    over = [run for run in runs if whole(run) and run["verdict"] != "running"]
    if not over:
        return told(Level.CRITICAL, "no run of the whole archive has ended yet")
    last = over[0]
    since = f"the last complete run ended {readable(age)} ago" if age is not None else "no run was complete"
    if age is not None and age <= max_age:
        if last["verdict"] == "complete":
            return told(Level.OK, f"{last['name']} was complete {readable(age)} ago")
        return told(Level.WARNING, f"{_how(last)}; {since}")
    fresh = newest(runs, "incomplete")
    if fresh is not None and now - moment(fresh["end"]) <= max_age:
        return told(Level.WARNING, f"{since}; {_how(fresh)}")
    return told(Level.CRITICAL, since if last is complete else f"{since}; {_how(last)}")


def _how(run: dict[str, Any]) -> str:
    if run["verdict"] == "died":
        return f"{run['name']} died without a verdict ({_where(run)})"
    return f"{run['name']} is {run['verdict']}: {run['report']['reason']}"


def _where(run: dict[str, Any]) -> str:
    return f"pid {run['pid']} on {run['host']}"


def whole(run: dict[str, Any]) -> bool:
    """Whether a run (of `engcrawl.state.runs.Runs.last`, or a verdict) was to take the whole archive."""
    return run["spider"] == "archive" and not ArchiveArguments.model_construct(**run["arguments"]).filtered


def newest(runs: list[dict[str, Any]], *verdicts: str) -> dict[str, Any] | None:
    """The newest of *runs* that was to take the whole archive and has one of *verdicts*; *runs* are newest first."""
    return next((run for run in runs if whole(run) and run["verdict"] in verdicts), None)


def moment(text: str) -> datetime:
    """An instant as the state has it."""
    found = instant(text)
    assert found is not None
    return found
