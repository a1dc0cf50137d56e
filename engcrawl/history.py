"""What the runs before tell: which of them took the whole archive, and when it was last complete."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engcrawl.arguments import ArchiveArguments
from engcrawl.dates import instant

LAST = 200
"""Runs that are looked back on."""


def whole(run: dict[str, Any]) -> bool:
    """Whether a run (of `engcrawl.state.State.runs`, or a verdict) was to take the whole archive."""
    return run["spider"] == "archive" and not ArchiveArguments.model_construct(**run["arguments"]).filtered


def newest(runs: list[dict[str, Any]], *verdicts: str) -> dict[str, Any] | None:
    """The newest of *runs* that was to take the whole archive and has one of *verdicts*; *runs* are newest first."""
    return next((run for run in runs if whole(run) and run["verdict"] in verdicts), None)


def moment(text: str) -> datetime:
    """An instant as the state has it."""
    found = instant(text)
    assert found is not None
    return found
