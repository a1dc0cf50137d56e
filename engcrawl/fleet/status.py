"""The status of each blog of the list: its archive, its last run, and its next run."""

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
    """The status of a blog, from its state. Values are None if the blog has never run."""

    blog: Blog
    posts: int | None = None
    verdict: str | None = None
    """The last run's verdict, or `running` or `died`; `unreadable` if the state can't be read."""
    start: str | None = None
    end: str | None = None
    problems: int | None = None
    reason: str | None = None
    finished: datetime | None = None
    """The end of the last finished run: one that wasn't stopped and didn't die."""

    def due(self, now: datetime) -> bool:
        """Return whether the blog is due."""
        return is_due(self.blog.schedule, self.blog.key, self.finished, now)

    def row(self, now: datetime) -> dict[str, Any]:
        """Return the row that ``scrapy blogs`` prints."""
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
    """Yield the status of each blog."""
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
