"""The blog's front page: what the blog says of itself, and where its lists of posts are."""

from __future__ import annotations

import asyncio
import logging

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, html
from engcrawl.pages import front
from engcrawl.pages.front import FrontPage
from engcrawl.phases.rest_root import PLAIN, USUAL, RestRoot
from engcrawl.report.runlog import RunLog
from engcrawl.text.urls import same_host

logger = logging.getLogger(__name__)


class Front:
    """Reads the front page once in a run, when it is first asked for."""

    def __init__(self, fetch: Fetch, log: RunLog, site: str) -> None:
        self._fetch = fetch
        self._log = log
        self.site = site
        self._reading: asyncio.Task[FrontPage] | None = None

    async def page(self) -> FrontPage:
        """Return what the front page says. Raises Unavailable."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return await self._reading

    async def said(self) -> FrontPage | None:
        """Return what the front page says; None where it could not be read."""
        try:
            return await self.page()
        except Unavailable as error:
            logger.info(
                "The front page could not be read, so REST and sitemaps are sought at their usual addresses: %s", error
            )
            return None

    async def rest_roots(self) -> list[RestRoot]:
        """Return where REST may be: where the front page says, else where WordPress has it.

        Raises Unavailable where it is on another host, which isn't asked.
        """
        page = await self.said()
        if page and page.rest:
            if not same_host(page.rest, self.site):
                raise Unavailable(page.rest, f"REST is on another host than {self.site} and was not asked", "external")
            return [RestRoot(page.rest)]
        return [RestRoot(self.site + path) for path in ((PLAIN,) if page and page.plain else USUAL)]

    async def _read(self) -> FrontPage:
        page = await self._fetch(f"{self.site}/", _read)
        if page.rest and not same_host(page.rest, self.site):
            self._log.note(page.rest, f"REST is on another host than {self.site} and was not asked")
        return page


def _read(response: Response) -> FrontPage:
    links = [value.decode("latin-1") for value in response.headers.getlist("Link")]
    return front.read(*html(response), links)
