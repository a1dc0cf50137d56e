"""The way by the site's own links: from page to page by the link that each has to the next."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, html
from engcrawl.pages import listing
from engcrawl.pages.listing import ListingPage, page_number, page_url
from engcrawl.phases.category import BrokenWalkError, Category
from engcrawl.text.urls import same_host


class Links:
    """Walks a category by links."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def pages(self, category: Category) -> AsyncGenerator[ListingPage, None]:
        """Yield each page, until there is no more.

        A page that could not be read is noted as trouble, and the one behind it tried, unless the one before could not
        be read either. Where the site says nothing of more pages, the next one is tried all the same: a theme's link
        can look like none that is known, and WordPress answers 404 past the end.
        """
        url: str | None = category.url
        number, probing = 1, False
        while url:
            try:
                page = await self._fetch(url, _read)
                category.take(page, number)
            except Unavailable as error:
                following = category.url_of(number + 1)
                if probing and error.absent:
                    return
                if not following or number - 1 not in category.walked:
                    raise
                category.troubles.append((url, error.reason))
                url, probing = following, False
            except BrokenWalkError as error:
                if probing:
                    return
                error.url = url
                raise
            else:
                yield page
                url, probing = _next(page, category)
            number += 1


def _read(response: Response) -> ListingPage:
    return listing.read(*html(response))


def _next(page: ListingPage, category: Category) -> tuple[str | None, bool]:
    """Return where the link to the next page leads, None at the end; and whether it is only a try, without a link.

    Raises BrokenWalkError where there is none although the site says that there are more pages, and where it leads in
    a loop: to a page that was walked already, out of the category, or to a number that doesn't grow.
    """
    url, why = page.next_url, ""
    if url is None:
        if category.pages is not None and page.number < category.pages:
            why = f"no link to a next page after page {page.number}, where the site says {category.pages} pages"
        elif category.pages is None and page.has_button:
            why = f"no link to a next page after page {page.number}, but a Load More button"
        elif category.pages is None and page.posts:
            return page_url(page.url, page.number + 1), True
        else:
            return None, False
    else:
        number = page_number(url)
        if not same_host(url, page.url) or not category.has(url):
            why = f"the next page leaves the category: {url}"
        elif number in category.walked:
            why = f"the next page was walked already: {url}"
        elif number != page.number + 1:
            why = f"after page {page.number} the next page is page {number}: {url}"
    if why:
        raise BrokenWalkError(why, page.url)
    return url, False
