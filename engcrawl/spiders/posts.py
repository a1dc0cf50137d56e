"""The posts that the state has waiting: each one's own page, merged with what listings say of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from scrapy import Request, signals
from scrapy.core.scheduler import Scheduler
from scrapy.http import Response
from twisted.python.failure import Failure

import engcrawl.signals
from engcrawl.arguments import ArchiveArguments
from engcrawl.http.engine import closing
from engcrawl.items import FoundPost, Post, Reading
from engcrawl.pages import NotThePage, article
from engcrawl.schedule import AT_ONCE, next_reading
from engcrawl.spiders.base import BaseSpider, asked, cause, day_of, reason, status
from engcrawl.state import Waiting
from engcrawl.text import dates
from engcrawl.text.urls import same_host
from engcrawl.walks import html

_CACHED = timedelta(days=7)
"""For so long after a modification the page of before may come out of a cache."""
_READY_REQUESTS = 64
"""How many article requests wait in the scheduler at most: the others stay on disk."""


class PostsSpider(BaseSpider):
    """Makes the records of the posts that wait in the state; how they get there is its subclasses' business."""

    arguments: ArchiveArguments
    site: str

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._due_by = ""
        """Up to when due posts are read in this run."""
        self._missing: list[int] = []
        """Posts that no listing of the full walk named, and whose own address says that they aren't there."""

    @abstractmethod
    def _walked_fully(self) -> bool:
        """Whether every listing was walked to its end since the full walk began, and nothing went wrong in this run."""

    @abstractmethod
    def _note(self, named: dict[str, str | None]) -> Iterator[Request]:
        """Take the categories that a page names, slug -> address (None where only a class names it)."""

    # Whose turn it is

    def _posts_waiting(self) -> int:
        return self.memory.waiting(self._due_by, articles=self.arguments.articles)

    async def _posts(self) -> AsyncIterator[Post | Request]:
        """Each post that waits: a request for its own page, or the post where none is to be had."""
        for waiting in self.memory.take(self._due_by, articles=self.arguments.articles):
            if closing(self.crawler):
                return
            post = waiting.post
            if not post.external and (day := dates.permalink_day(post.url)):
                post.published_date = dates.first_day(post.published_date, day.isoformat())
            if not self._wanted(post):
                self._count("filtered")
                continue
            if post.external or not post.url or not self.arguments.articles:
                yield self._taken(post)
            elif waiting.changed or waiting.due:
                yield self._article(waiting, fresh=waiting.changed)
                await self._ready()
            else:
                self.memory.settle(post)

    async def _unlisted(self) -> AsyncIterator[Request]:
        """A request for each post that no listing of the full walk named."""
        for waiting in self.memory.unlisted(self._full_since, self._now):
            if closing(self.crawler):
                return
            yield self._article(waiting, fresh=False)
            await self._ready()

    async def _strangers(self) -> AsyncIterator[Request]:
        """A request for each address that sources name and of which nothing else is known."""
        for url in self.memory.strangers():
            if closing(self.crawler):
                return
            if same_host(url, self.site):
                yield self._request(url, self.parse_stranger, self.stranger_failed)
                await self._ready()
            else:
                self.memory.explain(url, reason="external: its address is on another host, and no list says its ID")

    def _article(self, waiting: Waiting, *, fresh: bool) -> Request:
        """The request for a post's own page; unless it must be *fresh*, the site may say that it is the one we have."""
        if waiting.record:
            waiting.record.content_html = waiting.record.content_markdown = None  # requests are kept in memory
        request = self._request(self._taken(waiting.post).url, self.parse_article, self.article_failed, waiting=waiting)
        if not fresh and waiting.reading:
            request.meta.update(handle_httpstatus_list=[304], dont_cache=True)
            if waiting.reading.etag:
                request.headers["If-None-Match"] = waiting.reading.etag
            if waiting.reading.last_modified:
                request.headers["If-Modified-Since"] = waiting.reading.last_modified
        return request

    async def _ready(self) -> None:
        """Wait while enough requests wait."""
        if len(cast("Scheduler", self.crawler.engine.scheduler)) >= _READY_REQUESTS:
            await self.crawler.signals.wait_for(signals.scheduler_empty)

    def _taken(self, post: FoundPost) -> FoundPost:
        self.crawler.signals.send_catch_log(engcrawl.signals.post_taken, post_id=post.id)
        return post

    def _done(self, outcome: str) -> None:
        self.crawler.signals.send_catch_log(engcrawl.signals.post_done, outcome=outcome)

    def _wanted(self, post: Post) -> bool:
        """Whether ``since`` and ``until`` take the post; one without a day is kept: nothing puts it outside."""
        day, since, until = day_of(post), self.arguments.since, self.arguments.until
        return day is None or ((since is None or day >= since) and (until is None or day <= until))

    # Article pages

    def parse_article(self, response: Response, waiting: Waiting) -> Iterator[Post | Request]:
        """A post's own page, merged with what the listings said."""
        if response.status == 304:
            self._unchanged(waiting, response)
            return
        try:
            page = article.read(*html(response), waiting.post.id)
        except NotThePage as error:
            yield from self._again(response, str(error)) or self._article_lost(waiting, response, str(error))
            return
        yield from self._article_read(waiting, page, response)

    def _article_read(
        self, waiting: Waiting, page: article.ArticlePage, response: Response
    ) -> Iterator[Post | Request]:
        yield from self._note(page.categories)
        post = waiting.post
        if _out_of_a_cache(page.post, post):
            post.rest = None  # what REST says is not in the record: the page is read again
        post.take_article(page.post)
        if page.parts == 1:
            post.reading = _reading(response)
            yield post
        else:
            yield self._part(waiting, 2, page.parts, [page.post.content_html])

    def parse_stranger(self, response: Response) -> Iterator[Post | Request]:
        """The page at an address of which nothing else was known."""
        try:
            page = article.read_unknown(*html(response))
        except NotThePage as error:
            if not (again := self._again(response, str(error))):
                self._problem(asked(response), str(error))
            yield from again or ()
            return
        waiting = self.memory.adopt(page.post.id, asked(response), self._now)
        if waiting:
            waiting.post.url = asked(response)
            self._taken(waiting.post)
            yield from self._article_read(waiting, page, response)

    def stranger_failed(self, failure: Failure) -> None:
        """Errback of an address of which nothing else was known."""
        if why := cause(failure):
            self.memory.explain(asked(failure), reason=f"{why}: {reason(failure)}")
        else:
            self._problem(asked(failure), reason(failure))

    def article_failed(self, failure: Failure) -> Iterator[Post | Request]:
        """Errback of a post's own page, and of the further pages of a long one."""
        waiting: Waiting = failure.request.cb_kwargs["waiting"]  # type: ignore[attr-defined]
        yield from self._article_lost(waiting, failure, reason(failure))

    def _part(self, waiting: Waiting, number: int, parts: int, bodies: list[str | None]) -> Request:
        url = f"{waiting.post.url.rstrip('/')}/{number}/"
        kwargs: dict[str, Any] = {"waiting": waiting, "number": number, "parts": parts, "bodies": bodies}
        return self._request(url, self.parse_part, self.article_failed, **kwargs)

    def parse_part(
        self, response: Response, waiting: Waiting, number: int, parts: int, bodies: list[str | None]
    ) -> Iterator[Post | Request]:
        """A further page of a post whose body is split over several (``URL/2/``)."""
        post = waiting.post
        try:
            bodies.append(article.read_part(*html(response), post.id))
        except NotThePage as error:
            yield from self._again(response, str(error)) or self._article_lost(waiting, response, str(error))
            return
        if number < parts:
            yield self._part(waiting, number + 1, parts, bodies)
        else:
            post.content_html = "\n".join(filter(None, bodies)) or None
            post.reading = Reading()  # the validators of one page say nothing of the others
            yield post

    def _unchanged(self, waiting: Waiting, response: Response) -> None:
        """The site says that a post's own page is the one that was read before (RFC 9110, 15.4.5)."""
        assert waiting.record is not None
        record, now = waiting.record, datetime.now(UTC)
        changes = [record.published_at or record.published_date, record.modified_at]
        reading = _reading(response, waiting.reading)
        self.memory.visited(record.id, next_reading(record.id, changes, now), reading)
        self.memory.settle(waiting.post)
        self._done("unchanged")

    def _article_lost(self, waiting: Waiting, source: Response | Failure, why: str) -> Iterator[Post | Request]:
        """Report a post whose own page, or a part of it, could not be had.

        The record that there is stays; where there is none, what is known of the post goes out. A post that the full
        walk didn't find is no problem, nor is one that isn't there any more and that no listing of this run named, or
        that REST confirms to be gone, nor one that was never listed and can't be had at all.
        """
        post, url = waiting.post, asked(source)
        never = cause(source) if isinstance(source, Failure) else None
        absent = never == "gone"
        unlisted = waiting.last_seen < self._full_since and self._walked_fully()
        if waiting.record and (unlisted or (absent and waiting.last_seen < self._now)):
            self.crawler.signals.send_catch_log(engcrawl.signals.unlisted, url=url, reason=why, post_id=post.id)
            if absent and waiting.last_seen < self._full_since:
                self._missing.append(post.id)
            self._done("unlisted")
        elif absent and self._rest_is_open():
            in_rest = f"{self.site}/wp-json/wp/v2/posts/{post.id}?_fields=id"
            kwargs = {"waiting": waiting, "url": url, "why": why}
            yield self._request(in_rest, self.parse_still_there, self.still_there_failed, **kwargs)
        elif never and not absent and not waiting.listed and waiting.record is None:
            self._rule_out(waiting, url, f"{never}: {why}")
        else:
            yield from self._lost(waiting, url, why)

    @abstractmethod
    def _rest_is_open(self) -> bool:
        """Whether REST named all its posts in this run."""

    def parse_still_there(self, response: Response, waiting: Waiting, url: str, why: str) -> Iterator[Post]:
        """REST's answer for a post whose own page isn't there: it has it, and so should the archive."""
        yield from self._lost(waiting, url, why)

    def still_there_failed(self, failure: Failure) -> Iterator[Post]:
        """Errback of the same: the post was taken down (404) or back (401: only its editors may see it)."""
        kwargs = failure.request.cb_kwargs  # type: ignore[attr-defined]
        if status(failure) in (401, 403, 404, 410):
            self._rule_out(kwargs["waiting"], kwargs["url"], f"gone: {kwargs['why']}")
        else:
            yield from self._lost(**kwargs)

    def _rule_out(self, waiting: Waiting, url: str, why: str) -> None:
        """A post that lists name can't be had, and never will: what there is of it stays."""
        if waiting.record:
            self.memory.explain(waiting.post.url, post=waiting.post.id, reason=why)
        else:
            self.memory.rule_out(waiting.post, why)
        self.crawler.signals.send_catch_log(engcrawl.signals.unlisted, url=url, reason=why, post_id=waiting.post.id)
        self._done("unlisted")

    def _lost(self, waiting: Waiting, url: str, why: str) -> Iterator[Post]:
        post = waiting.post
        self._problem(url, why, post.id)
        self.memory.visited(post.id, AT_ONCE)
        if waiting.record is None:
            post.content_html = post.listed = post.rest = None
            post.lost = True
            yield post
        else:
            self._done("lost")


def _out_of_a_cache(page: Post, rest: Post) -> bool:
    """Whether a page is older than a modification that REST tells of, and that is so new that a cache may be why.

    A page that differs for longer is how the site is.
    """
    shown, told = (dates.instant(post.modified_at) if post.modified_at else None for post in (page, rest))
    return shown is not None and told is not None and shown < told > datetime.now(UTC) - _CACHED


def _reading(response: Response, before: Reading | None = None) -> Reading:
    """That a page was read, with its validators; those that an answer leaves out are as they were *before*."""
    etag, last_modified = (
        value.decode("latin-1") if (value := response.headers.get(name)) else None for name in ("ETag", "Last-Modified")
    )
    if before:
        return Reading(etag=etag or before.etag, last_modified=last_modified or before.last_modified)
    return Reading(etag=etag, last_modified=last_modified)
