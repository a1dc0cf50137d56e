"""A category's walk, from its first page to its last, and what it is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engcrawl.pages.archive import ArchivePage, first_page_path, page_number
from engcrawl.pages.page import same_host
from engcrawl.pages.terms import slug_of

End = Literal["last page", "since", "max_pages", "broken", "no such category"]


class BrokenWalkError(Exception):
    """The walk can't go on although the archive does: the message says where it stopped and why."""


@dataclass(slots=True)
class Category:
    """A category of the site and how far its archive was walked."""

    slug: str
    url: str
    """Address of its archive's first page."""
    linked: bool
    """Whether the site links to it there; if not, the address is made from its slug."""
    pages: int | None = None
    """How many pages the site says its archive has, as its newest page says it; None where it doesn't say."""
    walked: set[int] = field(default_factory=set)
    """Numbers of the pages that were read."""
    posts: int = 0
    """Posts on those pages, also those that other categories list too."""
    end: End | None = None
    """Why the walk ended; None while it goes on."""
    path: str = ""
    """The path that all its pages share, known from the first."""

    def take(self, page: ArchivePage, expected: int) -> None:
        """Count *page*, which was asked for as page number *expected*.

        Raises BrokenWalkError where it is another category's page, or another page than the one asked for.
        """
        path = first_page_path(page.url)
        if not self.walked and slug_of(path) != self.slug:
            raise BrokenWalkError(f"not the archive of category {self.slug}: the page says it is {page.url}")
        if self.walked and path != self.path:
            raise BrokenWalkError(f"page {expected} leaves the category: the page says it is {page.url}")
        if page.number != expected:
            raise BrokenWalkError(f"asked for page {expected}, got page {page.number} ({page.url})")
        self.path = path
        self.pages = page.pages
        self.walked.add(expected)
        self.posts += len(page.posts)

    def next_url(self, page: ArchivePage) -> str | None:
        """Where the walk goes on after *page*; None where it is whole.

        Raises BrokenWalkError where there is no next page although the site says so, and where the link to it
        leads in a loop: to a page that was walked already, out of the category, or to a number that doesn't grow.
        """
        url = page.next_url
        if url is None:
            if self.pages is not None and page.number < self.pages:
                raise BrokenWalkError(
                    f"no link to a next page after page {page.number}, where the site says {self.pages} pages"
                )
            return None
        number = page_number(url)
        if not same_host(url, page.url) or first_page_path(url) != self.path:
            raise BrokenWalkError(f"the next page leaves the category: {url}")
        if number in self.walked:
            raise BrokenWalkError(f"the next page was walked already: {url}")
        if number != page.number + 1:
            raise BrokenWalkError(f"after page {page.number} the next page is page {number}: {url}")
        return url

    def url_of(self, number: int) -> str | None:
        """The address of page *number* in WordPress' own form, if the site says that there is one."""
        return f"{self.url}page/{number}/" if self.pages is not None and number <= self.pages else None

    @property
    def whole(self) -> bool:
        """Whether every page that the site says it has was walked (or the site has no such category)."""
        if self.end == "last page":
            return self.pages is None or len(self.walked) >= self.pages
        return self.end in ("since", "no such category")
