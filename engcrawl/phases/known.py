"""The known part of a listing: what earlier walks saw, and where a walk is past everything new."""

from __future__ import annotations

from array import array
from collections.abc import Sequence


class KnownListing:
    """A category's posts in the order in which the site listed them, newest first, when it was last walked.

    *posts* are their signs (`engcrawl.state.categories.sign_of`), *pages* the number of pages that its first page
    stated then.
    """

    def __init__(self, posts: array[int], pages: int | None) -> None:
        self._posts = posts
        self._pages = pages
        self._seen: set[int] = set()
        self._per_page = 0
        self.vanished: list[int] = []
        """Posts that should have come before the page that is past everything new, and didn't."""

    def past_new(self, posts: Sequence[int], pages: int | None) -> bool:
        """Return whether nothing new is behind a page with *posts*, which says that there are *pages*.

        All of it is known, in the same order, and the site's count is right: the pages that it states are as many as
        before and nothing came or went, or as many as the posts now known fill; and where it never states any.
        """
        self._per_page = self._per_page or len(posts)
        self._seen.update(posts)
        if not posts or posts[0] not in self._posts:
            return False
        at = self._posts.index(posts[0])
        if self._posts[at : at + len(posts)] != array("q", posts):
            return False
        self.vanished = [post for post in self._posts[:at] if post not in self._seen]
        new = len(self._seen) - len(self._seen.intersection(self._posts))
        count = len(self._posts) - len(self.vanished) + new
        as_before = pages is None or not (new or self.vanished)
        return (pages == self._pages and as_before) or pages == -(-count // self._per_page)
