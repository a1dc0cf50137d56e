"""Sitemaps as a source: those that robots.txt names, else Yoast's and WordPress' own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urljoin

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, content_type
from engcrawl.items import Answer, Mention, Source
from engcrawl.pages import sitemap
from engcrawl.pages.sitemap import SitemapPage
from engcrawl.phases.sources import closed
from engcrawl.text.urls import address

_META = {"download_maxsize": sitemap.LARGEST}


class Sitemaps:
    """Names the addresses of the blog's own posts, with the moments of their last modification."""

    name: Source = "sitemap"

    def __init__(self, fetch: Fetch, site: str, known: list[str] | None = None) -> None:
        self._fetch = fetch
        self._site = site
        self._known = known
        """The sitemaps that earlier runs read; None where they are to be looked for."""
        self.answer = Answer(status="failed")

    async def mentions(self) -> AsyncIterator[list[Mention]]:
        """Yield the mentions of each sitemap of posts."""
        read: list[str] = []
        of_posts = 0
        trouble: Unavailable | None = None
        named = self._known if self._known is not None else await self._named_by_robots()
        for url in dict.fromkeys(named or [self._site + path for path in sitemap.WELL_KNOWN]):
            try:
                page = await self._fetch(url, _read, meta=_META)
            except Unavailable as error:
                if named or error.status != 404:
                    trouble = trouble or error
                continue
            read.append(url)
            parts = [entry.url for entry in sitemap.of_posts(page.entries)] if page.is_index else []
            for part in parts:
                if self._fetch.hopeless:
                    break
                try:
                    listed = await self._fetch(part, _read, meta=_META)
                except Unavailable as error:
                    trouble = trouble or error
                    continue
                if not listed.is_index:
                    of_posts += 1
                    home = address(self._site)
                    yield [entry for entry in listed.entries if address(entry.url) != home]
        self.answer = _answer(read, of_posts, trouble)

    async def _named_by_robots(self) -> list[str]:
        url = urljoin(self._site, "/robots.txt")
        try:
            return await self._fetch(url, lambda response: sitemap.read_robots(response.body, response.url))
        except Unavailable:
            return []


def _answer(read: list[str], of_posts: int, trouble: Unavailable | None) -> Answer:
    if trouble:
        status = "part" if of_posts else closed(trouble)
        return Answer(status=status, detail=str(trouble), again=status in ("part", "failed"))
    if of_posts:
        return Answer(status="whole", more={"urls": read})
    why = "none of posts" if read else "robots.txt names none, and none is where Yoast and WordPress have theirs"
    return Answer(status="missing", detail=why)


def _read(response: Response) -> SitemapPage:
    return sitemap.read(response.body, response.url, content_type(response))
