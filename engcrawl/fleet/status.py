"""Each blog of the list as it is known: its archive, its last run, and its next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engcrawl.errors import NoStateError, StateError
from engcrawl.fleet.blogs import Blog
from engcrawl.fleet.schedule import is_due, next_planned
from engcrawl.fleet.states import States
from engcrawl.report.freshness import last_runs
from engcrawl.text.dates import rfc3339


@dataclass(frozen=True, kw_only=True)
class Status:
    """A blog as the state knows it; None where no run has been there."""

    blog: Blog
    posts: int | None = None
    verdict: str | None = None
    """Of the last run, which may be `running`, or have `died`; `unreadable` is said of the state."""
    start: str | None = None
    end: str | None = None
    problems: int | None = None
    reason: str | None = None
    finished: datetime | None = None
    """When the last run ended that wasn't stopped and didn't die."""

    def due(self, now: datetime) -> bool:
        """Return whether the blog is to run."""
        return is_due(self.blog.schedule, self.blog.key, self.finished, now)

    def row(self, now: datetime) -> dict[str, Any]:
        """Return it as ``scrapy blogs`` prints it."""
        next_run = "now" if self.due(now) else rfc3339(next_planned(self.blog.schedule, self.blog.key, now))
        return {
            "blog": self.blog.key,
            "site": self.blog.site,
            "posts": self.posts,
            "verdict": self.verdict,
            "start": self.start,
            "end": self.end,
            "next_run": next_run,
            "problems": self.problems,
            "reason": self.reason,
            "schedule": self.blog.schedule,
            "tags": list(self.blog.tags),
            "arguments": self.blog.arguments,
        }


def statuses(blogs: Iterable[Blog], states: States) -> Iterator[Status]:
    """Yield what is known of each of *blogs*."""
    for blog in blogs:
        try:
            yield _status(blog, states)
        except NoStateError:
            yield Status(blog=blog)
        except StateError as error:
            yield Status(blog=blog, verdict="unreadable", reason=str(error))


def _status(blog: Blog, states: States) -> Status:
    with states.open(blog.key) as state:
        last = next(iter(last_runs(state, 1)), None)
        finished = state.runs.last_finished()
        posts, _ = state.posts.measure()
    report = last["report"] if last else None
    return Status(
        blog=blog,
        posts=posts,
        verdict=last["verdict"] if last else None,
        start=last["start"] if last else None,
        end=last["end"] if last else None,
        problems=len(report["problems"]) if report else None,
        reason=report["reason"] if report else None,
        finished=datetime.fromisoformat(finished) if finished else None,
    )
