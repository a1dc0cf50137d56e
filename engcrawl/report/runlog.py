"""The run's ledger: what happened, and the verdict that follows from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from engcrawl.report.proof import proven_by, unexplained

if TYPE_CHECKING:
    from engcrawl.walks import Category


class Outcome(IntEnum):
    """How a run ended; the value is the exit status of ``scrapy crawl``."""

    COMPLETE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    LOCKED = 4
    STOPPED = 5

    def __str__(self) -> str:
        return self.name.lower()


@dataclass
class Problem:
    """Something that could not be had."""

    url: str
    reason: str
    post_id: int | None

    def entry(self) -> dict[str, Any]:
        """As the verdict lists it."""
        return {"url": self.url, "post": self.post_id, "reason": self.reason}


@dataclass
class Ledger:
    """What happened in a run."""

    start: str
    """When the run began."""
    filtered: bool = False
    """Whether the arguments left a part of the archive out."""
    categories: dict[str, Category] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unlisted: list[Problem] = field(default_factory=list)
    """Posts of the archive that no listing names any more, and what their own address answers."""
    listed: int = 0
    """Posts that listings named, each once."""
    taken: int = 0
    """Posts that were looked at."""
    done: Counter[str] = field(default_factory=Counter)
    """What became of them: the signal ``post_done``."""
    state_error: str | None = None
    code_errors: list[str] = field(default_factory=list)
    """Exceptions that nobody expected, one line each."""
    filtered_out: int = 0
    """Posts that the arguments left out."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Records that the pipelines dropped, by the reason."""
    sources: dict[str, str] = field(default_factory=dict)
    """How much of each source that was asked could be read (`engcrawl.inventory.Status`)."""
    proof: dict[str, Any] | None = None
    """`engcrawl.report.proof.prove`, where the archive was counted."""
    usage: str | None = None

    @property
    def unaccounted(self) -> int:
        """Posts that were looked at, of which nothing else is known: 0, or something went wrong unnoticed."""
        return self.taken - self.done.total() - sum(self.dropped.values())

    @property
    def pages(self) -> int:
        """Listing pages that were read."""
        return sum(len(category.walked) for category in self.categories.values())

    def outcome(self, finish_reason: str, feeds_failed: bool) -> tuple[Outcome, str]:
        """The verdict, and the reason for it in one line. *finish_reason* is Scrapy's."""
        if self.usage:
            return Outcome.USAGE, self.usage
        if self.state_error:
            return Outcome.FAILED, f"the state can't be read or written: {self.state_error}"
        if self.code_errors:
            return Outcome.FAILED, f"an error in the code: {self.code_errors[0]}"
        if feeds_failed:
            return Outcome.FAILED, "a feed could not be written"
        if finish_reason != "finished":
            return Outcome.STOPPED, f"ended early: {finish_reason}"
        read = any(status in ("whole", "part") for status in self.sources.values())
        if not (self.pages or read):
            first = self.problems[0] if self.problems else None
            return (
                Outcome.FAILED,
                f"no list of posts: {first.reason}: {first.url}" if first else "no list of posts",
            )
        if not (self.listed or self.filtered or read):
            return Outcome.FAILED, "no post"
        if self.problems:
            return Outcome.INCOMPLETE, f"{len(self.problems)} pages or posts could not be had"
        if self.unaccounted > 0:
            return Outcome.INCOMPLETE, f"{self.unaccounted} posts were looked at, and have no record"
        limited = [c.slug for c in self.categories.values() if c.end == "max_pages"]
        if limited:
            return Outcome.STOPPED, f"ended early: max_pages, in {', '.join(limited)}"
        unwalked = [c.slug for c in self.categories.values() if not c.whole]
        if unwalked:
            return Outcome.INCOMPLETE, f"not walked to the end: {', '.join(unwalked)}"
        if self.proof:
            return self._counted(self.proof)
        if not self.pages:
            return Outcome.COMPLETE, "every post that REST names was read"
        return (
            Outcome.COMPLETE,
            "every page that the site says it has was walked or is known, every post listed was read",
        )

    def _counted(self, proof: dict[str, Any]) -> tuple[Outcome, str]:
        """The verdict on an archive whose posts were counted."""
        if missing := unexplained(proof):
            return Outcome.INCOMPLETE, f"{missing} posts that the site's lists name aren't in the archive"
        if waiting := proof.get("waiting"):
            return Outcome.INCOMPLETE, f"{waiting} posts wait to be read by the next run"
        names = proven_by(proof, self.start)
        if names:
            return Outcome.COMPLETE, f"every post that the site's lists name was read; proven by {' and '.join(names)}"
        return (
            Outcome.COMPLETE,
            "every post that the site's lists name was read; no list beside its pages proves it",
        )
