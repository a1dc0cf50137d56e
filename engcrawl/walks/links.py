"""The walk by the site's own links: one response, one page."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from scrapy.http import Response

from engcrawl.pages import listing
from engcrawl.pages.listing import ArchivePage, first_page_path, page_number, page_url
from engcrawl.text.urls import same_host
from engcrawl.walks.category import BrokenWalkError, Category
from engcrawl.walks.response import html


class LinkWalk:
    """Goes from page to page by the link that each has to the next."""

    meta: dict[str, Any] = {}  # noqa: RUF012 - Scrapy copies it

    async def pages(self, response: Response, category: Category, number: int) -> AsyncGenerator[ArchivePage, None]:
        """The page itself."""
        page = listing.read(*html(response))
        category.check(page, number)
        category.count(page, number)
        yield page

    def next_url(self, page: ArchivePage, category: Category) -> str | None:
        """Where the link to the next page leads; where the site says nothing of more pages, the one to try.

        Raises BrokenWalkError where there is none although the site says that there are more pages, and where it
        leads in a loop: to a page that was walked already, out of the category, or to a number that doesn't grow.
        """
        url = page.next_url
        if url is None:
            if category.pages is not None and page.number < category.pages:
                raise BrokenWalkError(
                    f"no link to a next page after page {page.number}, where the site says {category.pages} pages"
                )
            if category.pages is None and page.has_button:
                raise BrokenWalkError(f"no link to a next page after page {page.number}, but a Load More button")
            if category.pages is None and page.posts:
                # Nothing says how many pages there are, and a theme's link can look like none that is known. WordPress
                # answers 404 past the end.
                category.probe = page.number + 1
                return page_url(page.url, category.probe)
            return None
        number = page_number(url)
        if not same_host(url, page.url) or first_page_path(url) != category.path:
            raise BrokenWalkError(f"the next page leaves the category: {url}")
        if number in category.walked:
            raise BrokenWalkError(f"the next page was walked already: {url}")
        if number != page.number + 1:
            raise BrokenWalkError(f"after page {page.number} the next page is page {number}: {url}")
        return url
