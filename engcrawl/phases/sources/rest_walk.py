"""The walk through REST's list of posts: none is lost between two pages, or it is known."""

from __future__ import annotations

from collections.abc import Sequence

from engcrawl.phases.category import BrokenWalkError

PER_PAGE = 100
"""The most that WordPress gives."""


class ShiftedError(BrokenWalkError):
    """The list changed while it was walked: the walk begins anew."""


class RestWalk:
    """All posts by their IDs, ascending; each page begins with the post that the one before ended with.

    So a post that comes or goes meanwhile, and shifts the others from page to page, can't make one fall between two.
    """

    def __init__(self) -> None:
        self.listed = 0
        """Posts so far."""
        self.total: int | None = None
        """How many the site says it has; None where it doesn't say."""
        self.ended = False
        self._last = 0

    @property
    def offset(self) -> int:
        """Return how many posts the next page leaves out."""
        return max(self.listed - 1, 0)

    def take(self, ids: Sequence[int], total: int | None) -> None:
        """Take the next page's posts, and the number of all that it states.

        Raises ShiftedError, and BrokenWalkError where the list isn't what it says it is.
        """
        if self.listed and total != self.total:
            raise ShiftedError(f"it had {self.total} posts, and {total} a page later")
        if self.listed and ids[:1] != [self._last]:
            raise ShiftedError(f"post {self._last} isn't where it was a page before")
        new = list(ids[1:] if self.listed else ids)
        if any(one >= other for one, other in zip([self._last, *new], new, strict=False)):
            raise BrokenWalkError("its posts don't come in the order of their IDs")
        self.total = total
        self.listed += len(new)
        self._last = new[-1] if new else self._last
        last_page = not new
        if total is not None and (self.listed > total or (last_page and self.listed < total)):
            raise BrokenWalkError(f"it claims {total} posts, and lists {self.listed}")
        self.ended = last_page or self.listed == total
