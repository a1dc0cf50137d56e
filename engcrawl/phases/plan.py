"""Planning a run: which sweep it is part of, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from engcrawl.arguments import ALL_TYPES, ArchiveArguments
from engcrawl.items import Post
from engcrawl.state import State
from engcrawl.text import dates


@dataclass(slots=True)
class Plan:
    """The plan of a run: which sweep it belongs to, and which posts it takes."""

    arguments: ArchiveArguments
    run: int
    """Its number."""
    sweep: int
    """The sweep that it is part of: the number of the run that began it."""
    due_by: str
    """Up to when posts that are due are read in this run."""
    vouched: bool = False
    """Whether a source shows that every post is known: then only unknown categories are walked."""

    @classmethod
    def of(cls, arguments: ArchiveArguments, state: State, every: float) -> Plan:
        """Plan a run: it goes on with the sweep under way or done last; after *every* days, or where there is none,
        it begins a new one; and where other post types are asked for than it is of. A run that takes a part of the
        archive begins none.
        """
        now = datetime.now(UTC)
        plan = cls(arguments, run=state.runs.number, sweep=state.runs.number, due_by=dates.rfc3339(now))
        last = state.runs.sweep()
        fresh = last is not None and last.start > dates.rfc3339(now - timedelta(days=every))
        others = last is not None and last.types != arguments.types
        if arguments.filtered:
            plan.sweep = last.number if last else 0
        elif last is not None and fresh and not (arguments.full or others):
            plan.sweep = last.number
        else:
            plan.begin_sweep(state)
        return plan

    def begin_sweep(self, state: State) -> None:
        """Begin a sweep with this run: everything is walked, and what could not be read is tried again."""
        self.sweep = self.run
        state.runs.begin_sweep()
        state.failures.retry()
        state.posts.remake_flawed()

    @property
    def site(self) -> str:
        """Return the blog's address."""
        return self.arguments.site

    @property
    def sweeping(self) -> bool:
        """Return whether this run begins a sweep."""
        return self.sweep == self.run

    @property
    def of_posts(self) -> bool:
        """Return whether posts are asked for, which listings and feeds have; else there are only further types."""
        return not {"post", ALL_TYPES}.isdisjoint(self.arguments.types)

    @property
    def further(self) -> bool:
        """Return whether other types than posts are asked for, which no listing and no feed has."""
        return self.arguments.types != ["post"]

    @property
    def counts(self) -> bool:
        """Return whether the archive is counted against the other sources."""
        return self.arguments.inventory and not self.arguments.filtered

    def takes(self, post: Post) -> bool:
        """Return whether the arguments take a post; one without a day is kept: nothing puts it outside.

        Posts of other types aren't in the archives of categories: ``categories`` takes those that are filed in one.
        """
        categories = self.arguments.categories
        if categories and post.type != "post" and not {*categories} & {*post.categories}:
            return False
        day, since, until = day_of(post), self.arguments.since, self.arguments.until
        return day is None or ((since is None or day >= since) and (until is None or day <= until))

    def past(self, posts: list[Post]) -> bool:
        """Return whether a listing, newest first, has only posts older than ``since`` behind a page with *posts*."""
        since, days = self.arguments.since, [day for post in posts if (day := day_of(post))]
        return since is not None and bool(days) and max(days) < since


def day_of(post: Post) -> date | None:
    """Return the day of a post, for ``since`` and ``until``; None where there is none that can be read."""
    if post.published_date:
        try:
            return dates.day(post.published_date)
        except ValueError:
            return None  # the pipelines report it
    return None if post.external else dates.permalink_day(post.url)
