"""The listing pages of a blog's categories: each category from its first page to its last, or past everything new."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from urllib.parse import quote, urlsplit

from scrapy import Request
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

import engcrawl.signals
from engcrawl.arguments import ArchiveArguments
from engcrawl.http.engine import closing
from engcrawl.pages import NotThePage, listing
from engcrawl.sightings import KnownCategory
from engcrawl.spiders.base import BaseSpider, asked, day_of, reason, status
from engcrawl.walks import (
    BrokenWalkError,
    Category,
    End,
    KnownListing,
    LinkWalk,
    NotTheCategoryError,
    Pagination,
    Walk,
    html,
)

UNCATEGORIZED = "uncategorized"
"""WordPress' own first category: most menus hide it, so it is tried on every site."""


class ListingsSpider(BaseSpider):
    """Walks the categories' archives, by the site's own links or in a browser; keeps what they name in the state."""

    arguments: ArchiveArguments
    site: str

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.categories: dict[str, Category] = {}
        self._named: dict[str, str | None] = {}
        """Every category that a page named: slug -> address of its archive, None where only a class named it."""
        self._waiting: dict[str, str | None] = {}
        """Categories that are walked one at a time, when all else is quiet: slug -> address, None without one."""
        self._troubles: dict[str, list[tuple[str, str]]] = {}
        """What ended walks by links too early, reported unless the browser gets the rest: slug -> address, reason."""
        self._walks: dict[Pagination, Walk] = {"links": LinkWalk()}
        self._unknown: list[Category] = []
        self._known: dict[str, KnownCategory] = {}
        """The categories that earlier runs found."""
        self._vouched = False
        """Whether a source shows that it knows all that is new: then only categories that nobody knows are walked."""

    def _first_pages(self) -> Iterator[Request]:
        """The front page, or the categories asked for."""
        if not self.arguments.categories:
            self._waiting = {UNCATEGORIZED: None} | {known.slug: known.url for known in self._known.values()}
            yield self._request(f"{self.site}/", self.parse_front, self.front_failed)
            return
        for slug in self.arguments.categories:
            url = self._known[slug].url if slug in self._known else None
            if self.arguments.pagination == "browser":
                self._waiting[slug] = url
            else:
                yield self._first_page(slug, url)

    def _first_page(self, slug: str, url: str | None) -> Request:
        """The request for a category's first page; without an address that the site links to, from its slug."""
        category = self.categories.get(slug)
        if category is None or category.end == "no such category":
            pagination: Pagination = "browser" if self.arguments.pagination == "browser" else "links"
            made = f"{self._category_base()}{quote(slug)}/"
            linked = self._named.get(slug) is not None
            category = Category(slug, url or made, linked=linked, pagination=pagination)
            category.known = self._known_listing(slug)
            self.categories[slug] = category
        self._tell(category)
        return self._listing_page(category, category.url, 1)

    def _known_listing(self, slug: str) -> KnownListing | None:
        """A category's listing as the full walk has it already; None where it hasn't."""
        known = self._known.get(slug)
        if self.arguments.full or known is None or (known.walked or "") < self._full_since:
            return None
        return KnownListing(self.memory.listing(slug), known.pages)

    def _category_base(self) -> str:
        """What comes before the slug in a category's address: as the site's links have it, else WordPress' own."""
        linked = (re.sub(r"[^/]+/?$", "", c.url) for c in self.categories.values() if c.linked)
        return min(linked, key=len, default=f"{self.site}/category/")

    def _listing_page(self, category: Category, url: str, number: int) -> Request:
        request = self._request(url, self.parse_listing, self.listing_failed, category=category, number=number)
        request.meta.update(self._walk(category).meta)
        if category.pagination == "browser":
            request.meta["playwright_context"] = category.slug  # closed with its page
        return request

    def _walk(self, category: Category) -> Walk:
        """How *category* is walked; Playwright is imported for the first that needs a browser."""
        if category.pagination not in self._walks:
            from engcrawl.walks.clicks import ClickWalk

            self._walks["browser"] = ClickWalk(self.crawler)
        return self._walks[category.pagination]

    # The front page

    def parse_front(self, response: Response) -> Iterator[Request]:
        """The categories that the front page names."""
        try:
            named = listing.read_front(*html(response))
        except NotThePage as error:
            yield from self._again(response, str(error)) or self._front_lost(asked(response), str(error))
            return
        yield from self._note(named)
        if self._unknown:
            yield from self._resolve_unknown()

    def front_failed(self, failure: Failure) -> None:
        """Errback of the front page."""
        self._front_lost(asked(failure), reason(failure))

    def _front_lost(self, url: str, why: str) -> tuple[()]:
        self._problem(url, why)
        self._waiting.clear()  # a site without a front page gets no guesses
        return ()

    def _note(self, named: dict[str, str | None]) -> Iterator[Request]:
        """First pages of the categories not seen before.

        Those that only a class names wait for a link; in the browser, where each needs a page of its own, all wait.
        """
        if self.arguments.source == "rest":
            return
        folder = urlsplit(self.site).path + "/"  # a blog in a folder: its neighbours' categories aren't its own
        named = {slug: url for slug, url in named.items() if not url or urlsplit(url).path.startswith(folder)}
        self._named.update({slug: url or self._named.get(slug) for slug, url in named.items()})
        wanted = self.arguments.categories
        for slug, url in named.items():
            known = self.categories.get(slug)
            if known is None or (known.end == "no such category" and url not in (None, known.url) and not wanted):
                if (wanted and slug not in wanted) or (self._vouched and slug in self._known):
                    continue
                if self.arguments.pagination == "browser" or (url is None and not wanted):
                    self._waiting[slug] = url or self._waiting.get(slug)
                else:
                    self._waiting.pop(slug, None)
                    yield self._first_page(slug, url)

    def _resolve_unknown(self) -> Iterator[Request]:
        """Categories asked for whose made address isn't there: where the site links to them, or a usage error."""
        unknown, self._unknown = self._unknown, []
        missing = [c.slug for c in unknown if self._named.get(c.slug) in (None, c.url)]
        if missing:
            self.crawler.stats.set_value(
                "engcrawl/usage",
                f"argument categories={','.join(self.arguments.categories or ())}: unknown category "
                f"{', '.join(missing)}; {self.site} has: {', '.join(sorted(self._named))}",
            )
            raise CloseSpider("usage")
        for category in unknown:
            yield self._first_page(category.slug, self._named[category.slug])

    # Listing pages

    async def parse_listing(self, response: Response, category: Category, number: int) -> AsyncIterator[Request]:
        """A response of a category's walk: its pages' posts, the categories they name, the next response."""
        walk = self._walk(category)
        try:
            async with aclosing(walk.pages(response, category, number)) as pages:
                async for page in pages:
                    for request in self._listed(category, page):
                        yield request
                    if category.end:
                        return
            if closing(self.crawler):
                return
            url = walk.next_url(page, category)
        except NotThePage as error:
            for request in self._again(response, str(error)) or self._skip(category, number, response, str(error)):
                yield request
        except NotTheCategoryError as error:
            for request in self._absent(category, response, str(error)):
                yield request
        except BrokenWalkError as error:
            if number == category.probe:
                self._end(category, "last page")
                return
            self._trouble(category, asked(response), str(error))
            self._end(category, "broken")
        else:
            if url is None:
                self._end(category, "last page")
            else:
                yield self._listing_page(category, url, number + 1)

    def _listed(self, category: Category, page: listing.ArchivePage) -> Iterator[Request]:
        """Take a page's posts and categories; the walk ends here if nothing is new, or the arguments want no more."""
        past_new = category.known is not None and category.known.past_new(page)
        if not (past_new or category.opened):
            category.opened = True
            self.memory.open_category(category.slug)
        new = self.memory.sight(page.posts, category.slug, max(category.walked))
        self.crawler.signals.send_catch_log(engcrawl.signals.posts_listed, count=new)
        if page.flaw:
            category.flawed = True
            self._problem(page.url, page.flaw)
        self._tell(category)
        yield from self._note(page.categories)
        last = category.pages is not None and len(category.walked) >= category.pages
        if past_new:
            self._end(category, "known")
        elif not last and self._past_since(page):
            self._end(category, "since")
        elif not last and self.arguments.max_pages and len(category.walked) >= self.arguments.max_pages:
            self._end(category, "max_pages")

    def listing_failed(self, failure: Failure) -> Iterator[Request]:
        """Errback of a listing page."""
        kwargs = failure.request.cb_kwargs  # type: ignore[attr-defined]  # set by Scrapy
        category: Category = kwargs["category"]
        number: int = kwargs["number"]
        absent = status(failure) in (404, 410)
        if absent and number == category.probe:
            self._end(category, "last page")
        elif absent and number == 1:
            yield from self._absent(category, failure, reason(failure))
        else:
            yield from self._skip(category, number, failure, reason(failure))

    def _absent(self, category: Category, source: Response | Failure, why: str) -> Iterator[Request]:
        """A category that isn't where it was looked for: perhaps it was only guessed, or asked for by a wrong name."""
        if not category.linked and self.arguments.categories:
            self._end(category, "no such category")
            self._unknown.append(category)
            if len(self._unknown) == 1:
                yield self._request(f"{self.site}/", self.parse_front, self.front_failed)
        elif not category.linked and (category.slug == UNCATEGORIZED or category.slug not in self._named):
            self.memory.forget_category(category.slug)
            self._end(category, "no such category")
        else:
            self._trouble(category, asked(source), why)
            self._end(category, "broken")

    def _skip(self, category: Category, number: int, source: Response | Failure, why: str) -> Iterator[Request]:
        """Report a page that could not be had and go on behind it, unless the one before could not be had either."""
        self._trouble(category, asked(source), why)
        following = category.url_of(number + 1)
        if category.pagination == "links" and following and number - 1 in category.walked:
            self._tell(category)
            yield self._listing_page(category, following, number + 1)
        else:
            self._end(category, "broken")

    def _trouble(self, category: Category, url: str, why: str) -> None:
        """Report what broke a walk, or keep it until it is known whether the browser gets the rest."""
        category.flawed = True
        if self._has_detour(category):
            self._troubles.setdefault(category.slug, []).append((url, why))
        else:
            self._problem(url, why)

    def _has_detour(self, category: Category) -> bool:
        """Whether *category*, where its links end too early, can go on in the browser."""
        return self.arguments.pagination == "auto" and category.pagination == "links" and bool(category.walked)

    def _end(self, category: Category, end: End) -> None:
        """The end of a category's walk; one by links that had troubles goes on in the browser, from page 1."""
        category.end = end
        troubles = self._troubles.get(category.slug, [])
        if troubles and category.pagination == "links":
            why = "; ".join(f"{why}: {url}" for url, why in troubles)
            self.logger.info("Category %s goes on in the browser: %s", category.slug, why)
            category.pagination, category.detour, category.end = "browser", why, None
            self._waiting[category.slug] = category.url
        elif end == "broken":
            for url, why in troubles:
                self._problem(url, why)
        self._keep_listing(category)
        self._tell(category)

    def _keep_listing(self, category: Category) -> None:
        """Keep the listing of a category that was walked to its end, or until nothing was new, for the next run."""
        if category.flawed or not (category.ended or category.end == "known"):
            return
        walked, vanished = self._now, None
        if category.known and category.end == "known":
            walked, vanished = self._known[category.slug].walked or "", category.known.vanished
        closed = KnownCategory(category.slug, category.url, category.linked, category.stated, walked)
        self.memory.close_category(closed, vanished)

    def _past_since(self, page: listing.ArchivePage) -> bool:
        """Whether a listing, newest first, has only older posts behind *page*."""
        since = self.arguments.since
        if since is None:
            return False
        days = [day for post in page.posts if (day := day_of(post))]
        return bool(days) and max(days) < since

    # What happened

    def _tell(self, category: Category) -> None:
        self.crawler.signals.send_catch_log(engcrawl.signals.category_changed, category=category)
