"""The archive of a blog, category by category."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from scrapy import Request
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

import engcrawl.signals
from engcrawl import dates
from engcrawl.arguments import ArchiveArguments
from engcrawl.inventory import Asked, Source, Status
from engcrawl.items import FoundPost, Named, Post
from engcrawl.middlewares import closing
from engcrawl.pages import NotThePage, archive, terms
from engcrawl.pages.rest import RestCategory
from engcrawl.proof import prove
from engcrawl.schedule import AT_ONCE
from engcrawl.spiders.base import asked, reason, status
from engcrawl.spiders.posts import PostsSpider, day_of
from engcrawl.spiders.sources import SourcesSpider
from engcrawl.state import KnownCategory
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


class ArchiveSpider(PostsSpider, SourcesSpider):
    """Takes every post of a WordPress blog.

    First the walk: each category from its first page to its last, by the site's own links; where an earlier run has
    been, until it is past everything new. Then the inventory: what REST, sitemaps and feeds name. Then, when every list
    has said what it knows of a post, the posts that are new, that lists say something new of, or that are due: each
    one's own page, merged with what the lists said. A full walk ends with the posts that no list names any more.

    A night on which REST, or the sitemap, shows by its counts that it knows all that is new needs no walk.

    The arguments are described in `engcrawl.arguments.ArchiveArguments`.
    """

    name = "archive"
    arguments_class = ArchiveArguments

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name)
        self.arguments = ArchiveArguments.parse(kwargs)
        self.site = self.arguments.site
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
        self.with_bodies = self.arguments.source == "rest"
        self._inventoried = False
        """Whether this run asked the sources for all that they name."""
        self._vouched = False
        """Whether a source shows that it knows all that is new."""
        self._front_known: bool | None = None
        self._out: set[int] = set()
        """Posts that came from REST alone."""

    # Where to go

    async def start(self) -> AsyncIterator[Any]:
        """What is new, if that can be asked for; else the walk. Then, as often as there is something new: the posts."""
        self._look_back()
        if self._may_ask_for_news():
            async for request in self._news_of_the_night():
                yield request
        if self.arguments.source == "rest":
            if not self._vouched:
                self._inventoried = True
                yield self._ask_rest()
        elif not self._vouched:
            for request in self._first_pages():
                yield request
        while await self._quiet() and (self._waiting or self._inventory_due() or (count := self._posts_waiting())):
            if self._waiting:
                slug = next(iter(self._waiting))
                url = self._waiting.pop(slug)
                if url or slug not in map(terms.as_class, self.categories):  # else a class' form of one walked already
                    yield self._first_page(slug, url)
            elif self._inventory_due():
                self._inventoried = True
                async for request in self._ask_all():
                    yield request
                if await self._quiet():
                    async for request in self._strangers():
                        yield request
            else:
                self.crawler.signals.send_catch_log(engcrawl.signals.posts_waiting, count=count)
                async for post_or_request in self._posts():
                    yield post_or_request
        if self._walked_fully():
            async for request in self._unlisted():
                yield request
            if await self._quiet() and self._walked_fully():
                for post_id in self._missing:
                    yield self._taken(self.memory.post(post_id, gone=True))
        if await self._quiet():
            for post in self.memory.untold():
                if closing(self.crawler):
                    return
                yield self._taken(post)

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

    def _posts_waiting(self) -> int:
        return 0 if self.arguments.source == "rest" else super()._posts_waiting()

    # The site's other lists

    @property
    def _counted(self) -> bool:
        """Whether the archive is counted against the site's lists of posts."""
        return self.arguments.inventory and not self.arguments.filtered

    def _inventory_due(self) -> bool:
        """Whether the sources are still to be asked, all of them: once in each full walk."""
        if not self._counted or self._inventoried or self._vouched:
            return False
        last = self.memory.answer("feed")
        return last is None or last.asked < self._full_since

    def _may_ask_for_news(self) -> bool:
        """Whether a source named all posts when it was last asked, and everything else was read before."""
        if not self._counted or self._full_since == self._now:
            return False
        if self.arguments.source == "rest":
            return self._was_whole("rest")
        return self._pages_walked() and (self._was_whole("rest") or self._was_whole("sitemap"))

    def _was_whole(self, source: Source) -> bool:
        answer = self.memory.answer(source)
        return answer is not None and answer.status == "whole"

    async def _news_of_the_night(self) -> AsyncIterator[Request]:
        """Ask what is new, and see whether that explains the site's own counts; where it doesn't, walk everything."""
        if self._was_whole("rest"):
            for request in self._ask_for_news():
                yield request
            vouches = self._rest_vouches if await self._quiet() else None
        else:
            self._front_known = None
            yield self._request(f"{self.site}/", self.parse_front_posts, self.news_failed)
            for request in self._ask_sitemaps_again():
                yield request
            vouches = self._sitemap_vouches if await self._quiet() else None
        found = vouches() if vouches else None
        if found:
            self._vouched, self._due_by = True, AT_ONCE
            if not self.with_bodies:
                async for request in self._strangers():
                    yield request
        elif found is False:
            self.logger.info("The site's own counts aren't explained by what is new: everything is walked")
            self._full_since = self._now
            self.memory.part_of_full_walk(self._full_since)

    def parse_front_posts(self, response: Response) -> None:
        """The front page: whether each post on it is known."""
        try:
            page = archive.read(*html(response))
        except NotThePage as error:
            self.logger.info("The front page says nothing of what is new: %s", error)
        else:
            self._front_known = bool(page.posts) and self.memory.has_all([post.id for post in page.posts])

    def _sitemap_vouches(self) -> bool | None:
        """Whether sitemap and front page show that no post is there but those now known."""
        if not (self._was_whole("sitemap") and self._front_known):
            return None
        return self._vanished == 0

    def _take_rest(self, posts: list[Post]) -> Iterable[Any]:
        if self.arguments.source == "pages":
            named = [Named(url=post.url, modified=post.modified_at) for post in posts]
            self._changed += self.memory.note("rest", named)
            return ()
        bodies = [post.content_html for post in posts]
        for post in posts:
            post.content_html = None
        waiting = self.memory.sight_rest(posts)
        self._changed += len(waiting)
        if self.arguments.source != "rest":
            return ()
        return self._from_rest([(post, body) for post, body in zip(posts, bodies, strict=True) if post.id in waiting])

    def _from_rest(self, posts: list[tuple[Post, str | None]]) -> Iterator[FoundPost]:
        """Posts with their bodies as records; what REST doesn't tell, an earlier record may."""
        for post, body in posts:
            if post.id in self._out:
                continue
            self._out.add(post.id)
            found = FoundPost(**post.record())
            found.rest, found.content_html = post.facts(), body
            if not self._wanted(found):
                self._count("filtered")
                continue
            if record := self.memory.record(post.id):
                found.keep(record)
            yield self._taken(found)

    def _close(self, source: Source, status: Status, detail: str = "", *rest: Any, **more: Any) -> None:
        super()._close(source, status, detail, *rest, **more)
        if self.arguments.source == "rest" and status != "whole":
            self._problem(f"{self.site}/wp-json/wp/v2/posts", f"REST is {status}: {detail}")

    def _take_categories(self, named: list[RestCategory]) -> Iterable[Request]:
        if self.arguments.source == "rest":
            return ()
        return self._note({category.slug: category.url for category in named if category.count})

    def _rest_is_open(self) -> bool:
        answer = self.memory.answer("rest")
        return answer is not None and answer.status == "whole" and answer.asked >= self._now

    def prove(self) -> dict[str, Any] | None:
        """What is proven of the archive, for the verdict; None where it wasn't counted."""
        if not self._counted:
            return None
        if self.categories:
            now = dates.now()
            self.memory.asked("pages", Asked("whole" if self._pages_walked() else "part", asked=now), anew=False)
        return prove(self.memory)

    def _look_back(self) -> None:
        """Learn what earlier runs know, and decide whether this one is part of a full walk, and of which.

        A full walk that was interrupted goes on; one that is over is followed by the next when its time has come.
        """
        now = datetime.now(UTC)
        every = timedelta(days=self.settings.getfloat("ENGCRAWL_FULL_EVERY"))
        self._now = self._due_by = dates.rfc3339(now)
        oldest = dates.rfc3339(now - every)
        self._known = {known.slug: known for known in self.memory.categories()}
        if self.arguments.full:
            self._full_since = self._now
        elif self.arguments.filtered:
            self._full_since = oldest
        else:
            last = self.memory.last_full_walk()
            self._full_since = last if last and last > oldest else self._now
        if not self.arguments.filtered:
            self.memory.part_of_full_walk(self._full_since)

    def _walked_fully(self) -> bool:
        """Whether all categories were walked to their end since the full walk began, and nothing went wrong now."""
        if self.arguments.filtered or self._problems or closing(self.crawler):
            return False
        if self.arguments.source == "rest":
            return self._inventoried and self._rest_is_open()
        return self._pages_walked()

    def _pages_walked(self) -> bool:
        """Whether all categories were walked to their end since the full walk began."""
        known = self.memory.categories()
        here = all(category.whole for category in self.categories.values())
        return bool(known) and here and all((one.walked or "") >= self._full_since for one in known)

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
            named = archive.read_front(*html(response))
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

    def _listed(self, category: Category, page: archive.ArchivePage) -> Iterator[Request]:
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

    def _past_since(self, page: archive.ArchivePage) -> bool:
        """Whether a listing, newest first, has only older posts behind *page*."""
        since = self.arguments.since
        if since is None:
            return False
        days = [day for post in page.posts if (day := day_of(post))]
        return bool(days) and max(days) < since

    # What happened

    def _tell(self, category: Category) -> None:
        self.crawler.signals.send_catch_log(engcrawl.signals.category_changed, category=category)
