"""What monitors look at: a run that is over, and those before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from engcrawl.alerts.config import AlertSettings
from engcrawl.report.freshness import whole

_LIKE = 7
"""Earlier runs that one is held against: what got worse by a little each night is seen, what is new to stay isn't told
for ever."""


@dataclass(frozen=True)
class Night:
    """A run that is over, or that could not begin."""

    settings: AlertSettings
    verdict: dict[str, Any]
    """As ``RUN.json`` has it; of a run that could not begin, ``run`` and all that there would be found is None."""
    now: datetime
    file: Path | None = None
    """The verdict's, where it could be written."""
    stats: dict[str, Any] = field(default_factory=dict)
    """Scrapy's."""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    """The runs before, newest first, as `engcrawl.state.runs.Runs.last` gives them."""

    @cached_property
    def like(self) -> list[dict[str, Any]]:
        """Verdicts that this one can be held against, newest first; none if it took a part, or wasn't finished."""
        if not (whole(self.verdict) and self.verdict["verdict"] in ("complete", "incomplete")):
            return []
        ended = [run["report"] for run in self.earlier if whole(run) and run["verdict"] in ("complete", "incomplete")]
        return ended[:_LIKE]

    @property
    def coverage(self) -> tuple[dict[str, int], list[dict[str, int]]]:
        """The archive's coverage (`engcrawl.state.posts.Posts.coverage`), and those of `like`."""
        return self.verdict.get("coverage") or {}, [one["coverage"] for one in self.like if one.get("coverage")]

    def worse(self, count: int, least: int, posts: int) -> bool:
        """Whether *count*, of something that shouldn't be, is more than before (*least*), beyond the tolerance.

        The tolerance is ``ENGCRAWL_ALERT_TOLERANCE`` percent of *posts*, and a post at least.
        """
        return count - least > max(1, posts * self.settings.tolerance / 100)
