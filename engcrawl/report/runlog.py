"""The run log: what happened in a run. Phases and pipelines write to it, the verdict is decided from it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from engcrawl.items import Found

logger = logging.getLogger(__name__)

Outcome = Literal["new", "updated", "gone", "unchanged", "lost", "unlisted"]
"""What became of a post that was looked at; ``lost``: its page could not be read, ``unlisted``: no list names it."""
Phase = Literal["plan", "quick check", "listings", "other lists", "reading posts", "settle", "proof", "publish"]
"""What a run is at, for people who watch it."""
OUTCOMES: tuple[Outcome, ...] = ("new", "updated", "gone", "unchanged", "lost", "unlisted")


class WalkedCategory(Protocol):
    """A category, and how far it was walked (`engcrawl.phases.category.Category`)."""

    slug: str
    url: str
    detour: str | None
    pages: int | None
    walked: set[int]
    posts: int

    @property
    def pagination(self) -> str:
        """Return how it is walked."""

    @property
    def end(self) -> str | None:
        """Return why its walk ended; None while it goes on."""

    @property
    def whole(self) -> bool:
        """Return whether every page that the site says it has was walked, or is known."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An address with something to say of it."""

    url: str
    reason: str
    post: int | None

    def entry(self) -> dict[str, Any]:
        """Return it as the verdict lists it."""
        return {"url": self.url, "post": self.post, "reason": self.reason}


@dataclass
class RunLog:
    """The log of what happened in a run; *phase_begun* is called when it enters a further phase."""

    start: str
    """The instant when the run began."""
    filtered: bool = False
    """Whether the arguments leave a part of the archive out."""
    phase_begun: Callable[[], None] = lambda: None
    phase: Phase = "plan"
    categories: dict[str, Any] = field(default_factory=dict)
    """`WalkedCategory` by slug."""
    sources: dict[str, str] = field(default_factory=dict)
    """How much of each source that was asked could be read (`engcrawl.items.Status`)."""
    failing: list[str] = field(default_factory=list)
    """What became of sources that proved the archive in an earlier run and failed in this one."""
    problems: list[Entry] = field(default_factory=list)
    """Pages and posts that could not be read: each makes the run incomplete."""
    notes: list[Entry] = field(default_factory=list)
    """Pages that could not be read, or were odd, although the archive misses nothing because of it."""
    unlisted_posts: list[Entry] = field(default_factory=list)
    """Posts that no list names any more, or that can't be read, and what their own address answers."""
    listed: int = 0
    """Posts that listings named, each once."""
    filtered_out: int = 0
    """Posts that the arguments left out."""
    taken: int = 0
    """Posts that were looked at."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """What became of them."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Records that the pipelines dropped, by the reason."""
    expected: int = 0
    """Posts that are looked at in the end, as far as that is known."""
    to_count: bool = False
    """Whether the archive is to be counted against its sources for the verdict."""
    unread: int | None = None
    """Posts that wait to be read by the next run, where this one reads none."""
    gave_up: str | None = None
    """Why not all was tried."""
    usage: str | None = None
    """What is wrong with the arguments, where only the site could tell."""
    state_error: str | None = None
    code_errors: list[str] = field(default_factory=list)
    """Exceptions that nobody expected, one line each."""
    _under_way: int = 0
    _none_under_way: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pages(self) -> int:
        """Return how many listing pages were read."""
        return sum(len(category.walked) for category in self.categories.values())

    @property
    def unaccounted(self) -> int:
        """Return how many posts were looked at of which nothing else is known: 0, or something went wrong unnoticed."""
        return self.taken - self.outcomes.total() - self.dropped.total()

    def enter(self, phase: Phase) -> None:
        """Record what the run is at from now on."""
        if phase != self.phase:
            self.phase = phase
            self.phase_begun()

    def category(self, category: WalkedCategory) -> None:
        """Record a category that was found, walked a page further, or to its end."""
        self.categories[category.slug] = category

    def problem(self, url: str, reason: str, post: int | None = None) -> None:
        """Record something that should be in the archive but could not be read, or not wholly."""
        logger.warning("Unavailable: %s: %s", url, reason)
        self.problems.append(Entry(url, reason, post))

    def note(self, url: str, reason: str, post: int | None = None) -> None:
        """Record a page that could not be read although the archive misses nothing because of it."""
        logger.info("Note: %s: %s", url, reason)
        self.notes.append(Entry(url, reason, post))

    def unlisted(self, url: str, reason: str, post: int) -> None:
        """Record a post that no list names any more, or that no run can read."""
        logger.info("Unlisted: %s: %s", url, reason)
        self.unlisted_posts.append(Entry(url, reason, post))
        self.done("unlisted")

    def waiting(self, count: int) -> None:
        """Record that *count* more posts are to be looked at."""
        self.expected = self.taken + count

    def took(self) -> None:
        """Record that a post is looked at: an outcome, or a drop, follows."""
        self.taken += 1

    def stored(self, item: Found, outcome: Outcome) -> None:
        """Record what became of a post whose record was stored, or is as it was."""
        self._take_problems(item)
        self.done(outcome)

    def drop(self, item: Found, name: str) -> None:
        """Record that the pipelines dropped a post, and what that counts as."""
        self._take_problems(item)
        self.dropped[name] += 1

    def _take_problems(self, item: Found) -> None:
        for why in item.problems:
            self.problem(item.post.url, why, item.post.id)

    def done(self, outcome: Outcome) -> None:
        """Record what became of a post."""
        self.outcomes[outcome] += 1

    def give_up(self, why: str) -> None:
        """Learn that a part of the run, or all the rest of it, isn't tried, and why."""
        logger.error("Gave up: %s", why)
        self.gave_up = f"{self.gave_up}; {why}" if self.gave_up else why

    def code_error(self, error: BaseException) -> None:
        """Record an exception that nobody expected."""
        self.code_errors.append(" ".join(f"{type(error).__name__}: {error}".split()))

    # Items under way to the state

    def sent(self) -> None:
        """Count an item that goes into the pipelines."""
        self._under_way += 1
        self._none_under_way.clear()

    def arrived(self) -> None:
        """Count an item that left the pipelines: stored, dropped or failed."""
        self._under_way -= 1
        if self._under_way <= 0:
            self._none_under_way.set()

    async def all_done(self) -> None:
        """Wait until every item that was sent has left the pipelines."""
        if self._under_way > 0:
            await self._none_under_way.wait()
