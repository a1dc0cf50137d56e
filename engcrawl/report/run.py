"""The run at work, as its spider, its phases and its pipelines share it."""

from __future__ import annotations

from dataclasses import dataclass

from engcrawl.report.runlog import RunLog
from engcrawl.state import State


@dataclass(frozen=True, slots=True)
class Run:
    """A run at work: its state and its log."""

    state: State
    log: RunLog
