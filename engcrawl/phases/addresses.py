"""Resolving addresses: a source names them, and no post is known for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from itertools import islice

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, html
from engcrawl.items import SOURCES, Reading
from engcrawl.pages import AnotherKindError, NotThePage, article
from engcrawl.pages.article import ArticlePage
from engcrawl.pages.terms import slug_of
from engcrawl.pages.types import ANY
from engcrawl.phases.plan import Plan
from engcrawl.phases.sources.rest import Rest
from engcrawl.phases.sources.rest_walk import PER_PAGE
from engcrawl.report.runlog import RunLog
from engcrawl.state import State
from engcrawl.state.wants import Wanted
from engcrawl.text.urls import address, same_host

logger = logging.getLogger(__name__)


class Addresses:
    """Finds which posts are at unresolved addresses: REST is asked by their slugs, then each one's own page."""

    def __init__(self, fetch: Fetch, state: State, log: RunLog, plan: Plan, rest: Rest) -> None:
        self._fetch = fetch
        self._state = state
        self._log = log
        self._plan = plan
        self._rest = rest

    def left(self) -> Iterator[str]:
        """Yield each address that is to be resolved; of a part of the archive, those that listings name."""
        yield from self._state.lists.unresolved(SOURCES if self._plan.counts else ("listings",))

    async def ask_rest(self) -> None:
        """Ask REST by slugs, 100 a request, unless it is closed, or named all that it has in this run."""
        left = (url for url in self.left() if same_host(url, self._plan.site) and slug_of(url))
        if not self._rest.may_know(self._plan):
            return
        while urls := list(islice(left, PER_PAGE)):
            try:
                found = await self._rest.at(urls)
            except Unavailable as error:
                logger.info("REST could not be asked which posts are at %d addresses: %s", len(urls), error)
                return
            for url in urls:
                if known := found.get(address(url)):
                    self._state.failures.clear(url)
                    self._state.wants.identify(known[0], url, known[1])

    async def read(self, url: str) -> tuple[Wanted, ArticlePage, Reading] | None:
        """Read the page at an address; return the post that it says it is, None if there is none to go on with."""
        if not same_host(url, self._plan.site):
            why = "its address is on another host, and no list says its ID"
            self._state.failures.put(url, why, cause="external")
            return None
        if not self._plan.arguments.articles:
            self._log.problem(url, "no list gives its ID, and its own page isn't read (articles=no)")
            return None
        try:
            page, reading = await self._fetch(url, partial(self._read, url))
        except Unavailable as error:
            if not self._state.failures.put(url, error.reason, cause=error.cause):
                self._log.problem(url, error.reason)
            return None
        if isinstance(page, str):
            logger.info("Not a post that is asked for: %s: %s", url, page)
            self._state.failures.put(url, page, final=True)
            return None
        assert page.post.id is not None
        self._state.failures.clear(url)
        wanted = self._state.wants.adopt(page.post.id, url, page.post.type)
        if wanted is None:
            return None
        wanted.post.url = url
        return wanted, page, reading

    def _read(self, url: str, response: Response) -> tuple[ArticlePage | str, Reading]:
        """Read the page at *url*; return why there is none to go on with, where no source says that it is a post's.

        A feed may name what isn't asked for, a plugin's sitemap of a taxonomy looks like one of a further type, and one
        whose name says nothing lists all that the blog has.
        """
        asks_for, reading = self._state.runs.asks_for, reading_of(response, None)
        said = self._state.lists.types_at(url)
        try:
            page = article.read(*html(response), pages=asks_for("page"))
        except AnotherKindError as error:
            moved = address(response.url) != address(url)
            if said != {ANY} and ("post" in said or moved or not (said or error.kind == "a page")):
                raise
            return f"{error.kind}, {'not asked for' if error.kind == 'a page' else 'no post'}", reading
        if page.post.id is None:
            raise NotThePage("no sign of the post's ID, on its page or in a list")
        if not ("post" in said or asks_for(page.post.type)):
            return f"a {page.post.type}, not asked for", reading
        return page, reading


def reading_of(response: Response, before: Reading | None) -> Reading:
    """Return that a page was read, with its validators; those that a 304 leaves out are as they were *before*."""
    sent = ((response.headers.get(name) or b"").decode("latin-1") for name in ("ETag", "Last-Modified"))
    etag, last_modified = (value or None for value in sent)
    if before and response.status == 304:
        return Reading(etag=etag or before.etag, last_modified=last_modified or before.last_modified)
    return Reading(etag=etag, last_modified=last_modified)
