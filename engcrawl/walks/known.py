"""What earlier walks of a category saw, and where a walk is past everything new."""

from __future__ import annotations

from array import array

from engcrawl.pages.listing import ArchivePage


class KnownListing:
    """A category's posts in the order in which the site listed them, newest first, when it was last walked.

    *pages* is the number of pages that its first page stated then.
    """

    def __init__(self, ids: array[int], pages: int | None) -> None:
        self._ids = ids
        self._pages = pages
        self._seen: set[int] = set()
        self._per_page = 0
        self.vanished: list[int] = []
        """Posts that should have come before the page that is past everything new, and didn't."""

    def past_new(self, page: ArchivePage) -> bool:
        """Whether nothing new is behind *page*: all of it is known, in the same order, and the site's count is right.

        The count is right where the pages that the site states are as many as before and nothing came or went, or as
        many as the posts now known fill; and where it never states any.
        """
        ids = [post.id for post in page.posts]
        self._per_page = self._per_page or len(ids)
        self._seen.update(ids)
        if not ids or ids[0] not in self._ids:
            return False
        at = self._ids.index(ids[0])
        if self._ids[at : at + len(ids)] != array("q", ids):
            return False
        self.vanished = [post for post in self._ids[:at] if post not in self._seen]
        new = len(self._seen) - len(self._seen.intersection(self._ids))
        count = len(self._ids) - len(self.vanished) + new
        as_before = page.pages is None or not (new or self.vanished)
        return (page.pages == self._pages and as_before) or page.pages == -(-count // self._per_page)
