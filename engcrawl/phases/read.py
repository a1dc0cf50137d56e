"""Reading posts: each wanted one's own page, merged with what sources say of it; and unresolved addresses."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Protocol

from scrapy.http import Response

from engcrawl.errors import EngcrawlError
from engcrawl.http.fetch import Fetch, GaveUp, Stopped, Unavailable, html
from engcrawl.items import Found, Post, Reading
from engcrawl.pages import article
from engcrawl.pages.article import ArticlePage
from engcrawl.phases.addresses import Addresses, reading_of
from engcrawl.phases.bodies import Bodies
from engcrawl.phases.plan import Plan
from engcrawl.phases.sources.rest import Rest
from engcrawl.report.runlog import RunLog
from engcrawl.state import State
from engcrawl.state.wants import Wanted
from engcrawl.text import dates
from engcrawl.text.urls import address, part_url

logger = logging.getLogger(__name__)

Job = Callable[[], Awaitable[Found | None]]
_CACHED = timedelta(days=7)
"""For so long after a modification the page of before may come out of a cache."""


class Walked(Protocol):
    """The phase before the reading: a walk through listings, or through REST alone."""

    @property
    def fully(self) -> bool:
        """Return whether all was walked to its end since the sweep began, and nothing went wrong in this run."""

    def note(self, named: dict[str, str | None]) -> None:
        """Take the categories that a page names: slug -> address, None where only a class names it."""


class Read:
    """Reads the posts that are wanted, after *walked*."""

    def __init__(self, fetch: Fetch, state: State, log: RunLog, plan: Plan, rest: Rest, walked: Walked) -> None:
        self._fetch = fetch
        self._state = state
        self._log = log
        self._plan = plan
        self._rest = rest
        self._walked = walked
        self._bodies = Bodies(state, log, plan, rest)
        self.missing: list[int] = []
        """Posts that no list of the sweep names, and whose own address says that they aren't there."""

    async def posts(self) -> AsyncIterator[Found]:
        """Yield the posts at unresolved addresses, then the wanted ones: read, or as sources tell them."""
        pages, due_by = self._plan.arguments.articles, self._plan.due_by
        addresses = Addresses(self._fetch, self._state, self._log, self._plan, self._rest)
        await addresses.ask_rest()
        self._log.waiting(self._state.wants.count(due_by, pages=pages))
        wanted = self._state.wants.each(due_by, pages=pages)
        unresolved = (partial(self._resolve, addresses, url) for url in addresses.left())
        self._fetch.try_one_more()  # what listings fail for may leave posts alone
        jobs = chain(unresolved, (partial(self._read, one) for one in wanted))
        try:
            async for found in self._done(jobs):
                yield found
        except GaveUp as error:
            left = self._log.expected - self._log.taken
            raise GaveUp(f"{error}; {left} posts weren't tried") from error

    async def unlisted(self) -> AsyncIterator[Found]:
        """Yield the posts that are still there though no list of the sweep names them; note those that aren't."""
        jobs = (partial(self._page_of, one) for one in self._state.wants.unlisted(self._plan.sweep))
        async for found in self._done(jobs):
            yield found

    async def _done(self, jobs: Iterable[Job]) -> AsyncIterator[Found]:
        """Yield what comes of *jobs*; of the posts that have no body then, REST is asked for it."""
        gave_up = None
        try:
            async for found in self._fetch.pooled(jobs, self._safely):
                if found:
                    yield found
                if self._bodies.full or (self._bodies.waiting and self._fetch.hopeless):  # REST may answer all the same
                    for late in await self._bodies.ask():
                        yield late
        except GaveUp as error:
            gave_up = error
        while self._bodies.waiting:
            for late in await self._bodies.ask():
                yield late
        if gave_up:
            raise gave_up

    async def _safely(self, job: Job) -> Found | None:
        """Do a job; an error in the code costs the one post that it came with."""
        try:
            self._fetch.stop_if_closing()
            return await job()
        except (Stopped, EngcrawlError):
            raise
        except Exception as error:
            logger.exception("An error in the code while reading a post")
            self._log.code_error(error)
            return None

    async def _read(self, wanted: Wanted) -> Found | None:
        """Read a wanted post; one that lives elsewhere, or whose page isn't asked for, is as sources tell it."""
        post = wanted.post
        if not self._plan.takes(post):
            self._log.filtered_out += 1
            self._log.expected -= 1
            return None
        if post.external or not post.url or not self._plan.arguments.articles:
            self._log.took()
            return Found(post=post, facts=wanted.facts)
        self._fetch.stop_if_hopeless()
        return await self._page_of(wanted)

    async def _resolve(self, addresses: Addresses, url: str) -> Found | None:
        """Read the page at an unresolved address."""
        self._fetch.stop_if_hopeless()
        read = await addresses.read(url)
        if read is None:
            return None
        self._log.expected += 1
        self._log.took()
        wanted, page, reading = read
        try:
            return await self._made(wanted, page, reading)
        except Unavailable as error:
            return await self._unavailable(wanted, error)

    # A post's own page

    async def _page_of(self, wanted: Wanted) -> Found | None:
        """Read a post's own page, unless the site says that it is the one that was read before (RFC 9110, 13.1)."""
        self._log.took()
        record = wanted.record
        same = record and address(record.url) == address(wanted.post.url)
        if record and not {*wanted.post.categories} <= {*record.categories}:
            same = False  # the page may say what it is filed in, or leave it to the sources: a 304 tells neither
        before = wanted.reading if same else None
        headers, meta = {}, {}
        if before and (before.etag or before.last_modified):
            meta = {"handle_httpstatus_list": [304], "dont_cache": True}
            given = {"If-None-Match": before.etag, "If-Modified-Since": before.last_modified}
            headers = {name: value for name, value in given.items() if value}

        def read(response: Response) -> tuple[ArticlePage | None, Reading]:
            page = None if response.status == 304 else article.read(*html(response), wanted.id, pages=True)
            return page, reading_of(response, before)

        try:
            page, reading = await self._fetch(wanted.post.url, read, headers=headers, meta=meta)
            return await (self._made(wanted, page, reading) if page else self._unchanged(wanted, reading))
        except Unavailable as error:
            return await self._unavailable(wanted, error)

    async def _made(self, wanted: Wanted, page: ArticlePage, reading: Reading) -> Found | None:
        """Return the post that its own page and the sources make. Raises Unavailable for a part of a long one."""
        self._walked.note(page.categories)
        post = wanted.post
        facts = None if _out_of_a_cache(page.post, post) else wanted.facts  # then the page is read again
        page.complete(post.categories)
        post.take_page(page.post)
        if page.parts > 1:
            bodies = [page.post.content_html]
            for number in range(2, page.parts + 1):
                url = part_url(post.url, number)
                bodies.append(await self._fetch(url, lambda r: article.read_part(*html(r), wanted.id)))
            post.content_html = "\n".join(filter(None, bodies)) or None
            post.content_source = "page" if post.content_html else None
            reading = Reading()  # the validators of one page say nothing of the others
        found = Found(post=post, facts=facts, reading=reading)
        cut = page.parts == 1 and not post.protected and await self._bodies.in_parts(wanted.id, post.type)
        return self._bodies.put(wanted, found, cut=cut) if cut or page.post.content_source == "extracted" else found

    async def _unchanged(self, wanted: Wanted, reading: Reading) -> Found | None:
        """Keep the record of a page that is the one that was read before, but for what sources say anew."""
        assert wanted.record is not None
        if wanted.changed:
            facts = None if _out_of_a_cache(wanted.record, wanted.post) else wanted.facts
            wanted.post.take_page(replace(wanted.record, crawled_at=None))
            return Found(post=wanted.post, facts=facts, reading=reading)
        self._state.posts.confirm(wanted, reading)
        self._log.done("unchanged")
        return None

    # What could not be read

    async def _unavailable(self, wanted: Wanted, error: Unavailable) -> Found | None:
        """Report a post whose own page, or a part of it, could not be read.

        The record that there is stays; where there is none, what sources say of the post goes out. A post that the
        sweep didn't find is no problem, nor is one that isn't there any more and that no list of this run named, or
        that REST confirms to be gone. REST is asked for the body of any other.
        """
        unlisted = wanted.named < self._plan.sweep and self._walked.fully
        if wanted.record and (unlisted or (error.absent and wanted.named < self._plan.run)):
            if error.absent and wanted.named < self._plan.sweep:
                self.missing.append(wanted.id)
            self._log.unlisted(error.url, error.reason, wanted.id)
            self._state.posts.put_off(wanted.id)
            return None
        if error.absent and self._rest_is_open():
            try:
                there = await self._rest.has(wanted.id, wanted.post.type)
            except Unavailable as other:
                logger.info("REST could not be asked whether post %d still exists: %s", wanted.id, other)
                there = True
            if not there:
                self._state.failures.put(wanted.post.url, error.reason, post=wanted.id, cause="gone")
                self._log.unlisted(error.url, f"gone: {error.reason}", wanted.id)
                return None
        return self._bodies.put(wanted, Found(post=wanted.post), error)

    def _rest_is_open(self) -> bool:
        """Return whether REST named posts in this run: then it can say whether it has one."""
        asked = self._state.lists.asked("rest")
        return asked is not None and asked.answer.status in ("whole", "part") and asked.run == self._plan.run


def _out_of_a_cache(page: Post, facts: Post) -> bool:
    """Return whether a page is older than a modification that sources tell of, so new that a cache may be why.

    A page that differs for longer is how the site is.
    """
    said = [post.modified_at for post in (page, facts)]
    instants = [dates.instant(text) for text in said if text and dates.is_instant(text)]
    match instants:
        case [datetime() as shown, datetime() as told]:
            return shown < told > datetime.now(UTC) - _CACHED
    return False
