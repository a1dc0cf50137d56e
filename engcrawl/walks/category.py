"""A category, how far its archive was walked, and what every way through it must keep to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from scrapy.http import Response

from engcrawl.pages.listing import ArchivePage, first_page_path
from engcrawl.pages.terms import slug_of
from engcrawl.walks.known import KnownListing

Pagination = Literal["links", "browser"]
End = Literal["last page", "known", "since", "max_pages", "broken", "no such category"]


class BrokenWalkError(Exception):
    """The walk can't go on although the archive does: the message says where it stopped and why."""


class NotTheCategoryError(BrokenWalkError):
    """What answers at the category's address is something else: there may be no such category."""


@dataclass(slots=True)
class Category:
    """A category of the site and how far its archive was walked."""

    slug: str
    url: str
    """Address of its archive's first page."""
    linked: bool
    """Whether the site links to it there; if not, the address is made from its slug."""
    pagination: Pagination = "links"
    """How it is walked."""
    detour: str | None = None
    """Why the walk by links was given up for one in the browser."""
    pages: int | None = None
    """How many pages the site says its archive has, as its newest page says it; None where it doesn't say."""
    walked: set[int] = field(default_factory=set)
    """Numbers of the pages that were read; in the browser, a batch of new posts is a page."""
    posts: int = 0
    """Posts on those pages, also those that other categories list too."""
    end: End | None = None
    """Why the walk ended; None while it goes on."""
    path: str = ""
    """The path that all its pages share, known from the first."""
    probe: int | None = None
    """The page that was asked for without a link to it, to see whether there is one; None if none was."""
    stated: int | None = None
    """How many pages its first page states."""
    opened: bool = False
    """Whether the walk found something new."""
    flawed: bool = False
    """Whether a page of it had fewer posts than it should."""
    known: KnownListing | None = None
    """What earlier walks saw; None where it is to be walked to its end."""

    def count(self, page: ArchivePage, number: int) -> None:
        """Count *page* as page *number* of the walk."""
        self.pages = page.pages
        if number == 1:
            self.stated = page.pages
        self.walked.add(number)
        self.posts += len(page.posts)

    def check(self, page: ArchivePage, expected: int) -> None:
        """See that *page*, which was asked for as page *expected*, is that one.

        Raises BrokenWalkError where it is another category's page, or another page than the one asked for;
        NotTheCategoryError where the first page is something else altogether.
        """
        path = first_page_path(page.url)
        if not self.path and slug_of(path) != self.slug:
            raise NotTheCategoryError(f"not the archive of category {self.slug}: the page says it is {page.url}")
        if self.path and path != self.path:
            raise BrokenWalkError(f"page {expected} leaves the category: the page says it is {page.url}")
        if page.number != expected:
            raise BrokenWalkError(f"asked for page {expected}, got page {page.number} ({page.url})")
        self.path = path

    def url_of(self, number: int) -> str | None:
        """The address of page *number* in WordPress' own form, if the site says that there is one."""
        return f"{self.url}page/{number}/" if self.pages is not None and number <= self.pages else None

    def restart(self) -> None:
        """Forget how far it was walked: it is walked anew, from page 1."""
        self.walked, self.posts, self.path, self.flawed = set(), 0, "", False

    @property
    def whole(self) -> bool:
        """Whether every page that the site says it has was walked, or is known (or the site has no such category)."""
        return self.ended or self.end in ("known", "since", "no such category")

    @property
    def ended(self) -> bool:
        """Whether the walk came to its end: every page that the site says it has was walked."""
        return self.end == "last page" and (self.pages is None or len(self.walked) >= self.pages)


class Walk(Protocol):
    """A way through a category's pages."""

    meta: dict[str, Any]
    """What its requests have in their meta."""

    def pages(self, response: Response, category: Category, number: int) -> AsyncGenerator[ArchivePage, None]:
        """The pages that *response*, asked for as page *number*, leads to, each counted.

        Raises NotThePage where the response is no listing page, and BrokenWalkError.
        """

    def next_url(self, page: ArchivePage, category: Category) -> str | None:
        """The address at which the walk goes on after *page*; None where it is at its end.

        Raises BrokenWalkError where it should go on and can't.
        """
