"""A night as monitors see it: a run that is over, and the runs before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engcrawl.report.freshness import whole

if TYPE_CHECKING:
    from engcrawl.alerts.config import AlertSettings

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
    file: str | None = None
    """The verdict's, where it could be written."""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    """The runs before, newest first, as `engcrawl.state.runs.Runs.last` gives them."""

    @property
    def like(self) -> list[dict[str, Any]]:
        """Return verdicts to hold this one against, newest first; none if it took a part, or wasn't finished."""
        ended = [run["report"] for run in self.earlier if _comparable(run)]
        return ended[:_LIKE] if _comparable(self.verdict) else []

    @property
    def coverage(self) -> tuple[dict[str, int], list[dict[str, int]]]:
        """Return the archive's coverage (`engcrawl.state.posts.Posts.coverage`), and those of `like`."""
        return self.verdict.get("coverage") or {}, [one["coverage"] for one in self.like if one.get("coverage")]

    def worse(self, count: int, least: int, posts: int) -> bool:
        """Return whether *count*, of something that shouldn't be, exceeds *least*, of before, beyond the tolerance.

        The tolerance is ``ENGCRAWL_ALERT_TOLERANCE`` percent of *posts*, and a post at least.
        """
        return count - least > max(1, posts * self.settings.tolerance / 100)


def _comparable(run: dict[str, Any]) -> bool:
    return run["verdict"] in ("complete", "incomplete") and whole(run)
