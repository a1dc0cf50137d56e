"""The archive of a blog, category by category."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from scrapy import Request
from scrapy.http import Response

import engcrawl.signals
from engcrawl.arguments import ArchiveArguments
from engcrawl.http.engine import closing
from engcrawl.inventory import Asked, Source, Status
from engcrawl.items import FoundPost, Named, Post
from engcrawl.pages import NotThePage, listing, terms
from engcrawl.pages.rest import RestCategory
from engcrawl.report.proof import prove
from engcrawl.schedule import AT_ONCE
from engcrawl.spiders.listings import ListingsSpider
from engcrawl.spiders.posts import PostsSpider
from engcrawl.spiders.sources import SourcesSpider
from engcrawl.text import dates
from engcrawl.walks import (
    html,
)


class ArchiveSpider(ListingsSpider, PostsSpider, SourcesSpider):
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
        self.with_bodies = self.arguments.source == "rest"
        self._inventoried = False
        """Whether this run asked the sources for all that they name."""
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
                if self._was_whole("rest"):  # of posts elsewhere there is no page to ask
                    self._missing += self.memory.unlisted_elsewhere(self._full_since)
                for post_id in self._missing:
                    yield self._taken(self.memory.post(post_id, gone=True))
        if await self._quiet():
            for post in self.memory.untold():
                if closing(self.crawler):
                    return
                yield self._taken(post)

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
        last = self.memory.answer("feed")  # asked after the others: the full walk's inventory came to its end
        asked = last is not None and last.asked >= self._full_since
        return asked and self._pages_walked() and (self._was_whole("rest") or self._was_whole("sitemap"))

    def _was_whole(self, source: Source) -> bool:
        answer = self.memory.answer(source)
        return answer is not None and answer.status == "whole" and answer.asked >= self._full_since

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
        if found and self.with_bodies and self.memory.waiting(AT_ONCE, articles=True):
            found = False  # an earlier run didn't come to store them, or the inventory alone has seen them
        if found:
            self._vouched, self._due_by = True, AT_ONCE
            if not self.with_bodies:
                async for request in self._strangers():
                    yield request
        elif found is False and self._full_since < self._now:
            self._walk_everything("The site's own counts aren't explained by what is new")

    def _walk_everything(self, why: str) -> None:
        self.logger.info("%s: everything is walked", why)
        self._full_since = self._now
        self.memory.part_of_full_walk(self._full_since)

    def parse_front_posts(self, response: Response) -> None:
        """The front page: whether each post on it is known."""
        try:
            page = listing.read(*html(response))
        except NotThePage as error:
            self.logger.info("The front page says nothing of what is new: %s", error)
        else:
            self._front_known = bool(page.posts) and self.memory.has_all([post.id for post in page.posts])

    def _sitemap_vouches(self) -> bool | None:
        """Whether sitemap and front page show that no post is there but those now known."""
        if not self._was_whole("sitemap"):
            return None
        if self._vanished:
            return False
        return True if self._front_known and not self.memory.lacks("sitemap") else None

    def _take_rest(self, posts: list[Post]) -> Iterable[Any]:
        if self.arguments.source == "pages":
            named = [Named(url=post.url, modified=post.modified_at) for post in posts]
            self.memory.note("rest", named, again=self._trying_again)
            return ()
        bodies = [post.content_html for post in posts]
        for post in posts:
            post.content_html = None
        waiting = self.memory.sight_rest(posts, again=self._trying_again)
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
        if self._vanished and not self._inventoried and self._full_since < self._now:
            self._walk_everything(f"Source {source} names {self._vanished} posts no more")
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
            return self._rest_is_open()
        return self._pages_walked()

    def _pages_walked(self) -> bool:
        """Whether all categories were walked to their end since the full walk began."""
        known = self.memory.categories()
        here = all(category.whole for category in self.categories.values())
        return bool(known) and here and all((one.walked or "") >= self._full_since for one in known)
