"""The options by which ``scrapy posts`` and ``scrapy export`` choose posts of an archive."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from engcrawl.arguments import Day, like
from engcrawl.errors import UsageError
from engcrawl.printing import Options
from engcrawl.state import State
from engcrawl.text import dates


def _in_utc(text: str) -> str:
    moment = dates.instant(text if "T" in text else f"{text}T00:00:00Z")
    return dates.rfc3339(moment) if moment else text


Moment = Annotated[
    str,
    like(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?",
        "must be a day as YYYY-MM-DD, like 2024-01-01, or an instant with its offset, like 2024-01-01T03:00:00Z",
    ),
    AfterValidator(_in_utc),
]


class Selection(Options):
    """The options that choose posts of an archive."""

    since: Day | None = Field(None, title="DAY", description="posts of this day or later, YYYY-MM-DD")
    category: str | None = Field(None, title="SLUG", description="posts in this category")
    gone: Literal["with", "without", "only"] = Field(
        "with",
        title="HOW",
        description="take all posts (`with`, the default), all but those that the site took down (`without`), or"
        " `only` those",
    )
    as_of: Moment | None = Field(
        None,
        title="WHEN",
        description="the archive as it was at this instant (RFC 3339), or at the start of this day (UTC, YYYY-MM-DD)",
    )

    def check(self, states: Iterable[State]) -> None:
        """Raise UsageError if *as_of* is too early for one of *states*, or if none of them has the category."""
        if self.as_of and self.as_of > dates.now():
            raise UsageError(f"option --as-of={self.as_of}: must be in the past")
        there: set[str] = set()
        for state in states:
            if self.as_of:
                state.versions.check_known(self.as_of)
            elif self.category is not None and self.category not in there:
                there.update(known.slug for known in state.lists.categories.all())
                if self.category not in there:
                    there.update(slug for line, _ in state.posts.lines() for slug in json.loads(line)["categories"])
        if self.category is not None and not self.as_of and self.category not in there:
            raise UsageError(f"option --category={self.category}: must be one of {', '.join(sorted(there))}")

    def posts(
        self,
        state: State,
        *,
        changed_since: str | None = None,
        edited_since: str | None = None,
        post: int | None = None,
    ) -> Generator[tuple[str, str | None], None, None]:
        """Yield each post's line and the instant since which it is gone (or None), newest first.

        Raises UsageError and StateError.
        """
        since = self.since.isoformat() if self.since else None
        if self.as_of:
            lines = state.versions.lines(self.as_of, since=since, post=post)
        else:
            lines = state.posts.lines(since=since, changed_since=changed_since, edited_since=edited_since, post=post)
        for line, gone in lines:
            if self.category is not None and self.category not in json.loads(line)["categories"]:
                continue
            if self.gone == "with" or (self.gone == "only") == (gone is not None):
                yield line, gone
