"""A category, how far its archive was walked, and what every walk through it must keep to."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import quote

from engcrawl.pages.listing import ListingPage, archive_of, page_url
from engcrawl.phases.known import KnownListing

Pagination = Literal["links", "browser"]
End = Literal["last page", "known", "since", "max_pages", "broken", "no such category"]


class BrokenWalkError(Exception):
    """The walk can't go on although the archive does: the message says where it stopped and why."""

    def __init__(self, message: str, url: str = "") -> None:
        super().__init__(message)
        self.url = url
        """The page where it stopped."""


class NotTheCategoryError(BrokenWalkError):
    """The page at the category's address is something else: there may be no such category."""


def made_address(slug: str, site: str, linked: Iterable[str], *, plain: bool) -> str:
    """Return the address of a category that no link names: made like those of the *linked* ones, else WordPress'."""
    if plain:
        return f"{site}/?category_name={quote(slug)}"
    folders = (re.sub(r"[^/]+/?$", "", url) for url in linked)
    return f"{min(folders, key=len, default=f'{site}/category/')}{quote(slug)}/"


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
    archive: str = ""
    """What the addresses of all its pages share, known from the first."""
    stated: int | None = None
    """How many pages its first page states."""
    opened: bool = False
    """Whether the walk found something new."""
    flawed: bool = False
    """Whether a page of it had fewer posts than it should."""
    troubles: list[tuple[str, str]] = field(default_factory=list)
    """Pages of the walk that could not be read, or broke it: address and reason."""
    by_links: list[tuple[str, str]] = field(default_factory=list)
    """Those of a walk by links that was given up for one in the browser."""
    known: KnownListing | None = None
    """What earlier walks saw; None where it is to be walked to its end."""

    def take(self, page: ListingPage, number: int) -> None:
        """See that *page*, which was asked for as page *number*, is that one, and count it.

        Raises BrokenWalkError where it is another category's page, or another page than the one asked for;
        NotTheCategoryError where the first page is something else altogether.
        """
        archive = archive_of(page.url)
        if self.numbered and page.slug:
            self.slug = page.slug
        same = page.slug == self.slug or (not page.slug and archive == archive_of(self.url))
        if not (self.archive or self.numbered or same):
            raise NotTheCategoryError(f"not the archive of category {self.slug}: the page says it is {page.url}")
        if self.archive and not self.has(page.url):
            raise BrokenWalkError(f"page {number} leaves the category: the page says it is {page.url}")
        if page.number != number:
            raise BrokenWalkError(f"asked for page {number}, got page {page.number} ({page.url})")
        self.archive = self.archive or archive
        self.count(page, number)

    @property
    def numbered(self) -> bool:
        """Return whether only its number is known (``?cat=N``), which then stands for its slug."""
        return self.slug.startswith("?")

    def has(self, url: str) -> bool:
        """Return whether an address is one of its archive."""
        return archive_of(url) in (self.archive, archive_of(self.url))

    def count(self, page: ListingPage, number: int) -> None:
        """Count *page* as page *number* of the walk."""
        self.pages = page.pages
        if number == 1:
            self.stated = page.pages
        self.walked.add(number)
        self.posts += len(page.posts)

    def url_of(self, number: int) -> str | None:
        """Return the address of page *number* in WordPress' own form, if the site says that there is one."""
        return page_url(self.url, number) if self.pages is not None and number <= self.pages else None

    def restart(self) -> None:
        """Forget how far it was walked: it is walked anew, from page 1."""
        self.walked, self.posts, self.archive, self.flawed = set(), 0, "", False

    @property
    def whole(self) -> bool:
        """Return whether every page that the site says it has was walked or is known, or there is none."""
        return self.ended or self.end in ("known", "since", "no such category")

    @property
    def ended(self) -> bool:
        """Return whether every page that the site says it has was walked."""
        return self.end == "last page" and (self.pages is None or len(self.walked) >= self.pages)


class Way(Protocol):
    """A way through a category's pages."""

    def pages(self, category: Category) -> AsyncGenerator[ListingPage, None]:
        """Yield each page of a category's archive, taken by it, until there is no more.

        Raises Unavailable where a page could not be read and none behind it is to be tried, and BrokenWalkError where
        the walk should go on and can't.
        """
