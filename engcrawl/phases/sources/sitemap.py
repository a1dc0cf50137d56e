"""Sitemaps as a source: those that robots.txt or the front page names, else Yoast's and WordPress' own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urljoin

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, content_type
from engcrawl.items import Answer, Mention, Source
from engcrawl.pages import NotThePage, sitemap, types
from engcrawl.pages.sitemap import SitemapPage
from engcrawl.pages.types import ANY, PAGE, POST
from engcrawl.phases.front import Front
from engcrawl.phases.sources import closed
from engcrawl.state import State
from engcrawl.text.urls import address, in_blog

_META = {"download_maxsize": sitemap.LARGEST}


class Sitemaps:
    """Names the addresses of the blog's own posts of the types asked for, with the moments of their last change."""

    name: Source = "sitemap"

    def __init__(self, fetch: Fetch, state: State, front: Front, known: list[str] | None = None) -> None:
        self._fetch = fetch
        self._state = state
        self._front = front
        self._site = front.site
        self._known = known
        """The sitemaps that earlier runs read; None where they are to be looked for."""
        self.answer = Answer(status="failed")
        self.types: dict[str, int | None] = {}
        """The post types that their names tell, with the number of posts they name; None for those not asked for."""
        self._read: list[str] = []
        self._of_posts = 0
        self._trouble: Unavailable | None = None

    async def mentions(self, *, further: bool = False) -> AsyncIterator[list[Mention]]:
        """Yield the mentions of each sitemap that may have posts; with *further*, of other types than posts alone."""
        async for url, page in self._named_ones():
            for part, type_ in self._parts(url, page):
                if (type_ != ANY and not self._state.runs.asks_for(type_)) or (further and type_ in (ANY, POST.name)):
                    continue
                if self._fetch.hopeless:
                    break
                try:
                    listed = await ask(self._fetch, part) if page.is_index else page
                except Unavailable as error:
                    self._trouble = self._trouble or error
                    continue
                if not listed.is_index:
                    self._of_posts += 1
                    entries = [entry for entry in listed.entries if await self._is_a_post(entry.url, type_)]
                    if type_ != ANY:
                        self.types[type_] = (self.types[type_] or 0) + len(entries)
                    yield [replace(entry, type=type_) for entry in entries]
        self.answer = replace(
            _answer(self._read, self._of_posts, self._trouble), more={"urls": self._read, "types": self.types}
        )

    async def ask_types(self) -> None:
        """Look which post types there are, by the names of the sitemaps alone."""
        async for url, page in self._named_ones():
            self._parts(url, page)

    async def _named_ones(self) -> AsyncIterator[tuple[str, SitemapPage]]:
        """Yield the sitemaps that the blog names, or the first that has posts of those in well-known places."""
        self._read, self._of_posts, self._trouble, self.types = [], 0, None, {}
        urls = self._known if self._known is not None else await self._named()
        for url in urls or await well_known(self._front):
            if self._of_posts and not urls:
                break
            try:
                page = await ask(self._fetch, url)
            except Unavailable as error:
                if urls or not (error.status == 404 or isinstance(error.__cause__, NotThePage)):
                    self._trouble = self._trouble or error
                continue
            self._read.append(url)
            yield url, page

    def _parts(self, url: str, page: SitemapPage) -> list[tuple[str, str]]:
        """Return the sitemaps that may have posts, each with its type: an index', or the one at *url* itself."""
        asked = self._state.lists.asked("rest")
        in_rest = asked.answer.more.get("types", ()) if asked else ()
        known = [type_["name"] for type_ in in_rest]
        others = [taxonomy for type_ in in_rest for taxonomy in type_["taxonomies"]]
        urls = [entry.url for entry in page.entries] if page.is_index else [url]
        found = [(part, types.in_sitemap(part, known, others, alone=not page.is_index)) for part in urls]
        parts = [(part, type_) for part, type_ in found if type_ is not None]
        for _, type_ in parts:
            if type_ != ANY:
                self.types.setdefault(type_, None)
        return parts

    async def _is_a_post(self, url: str, type_: str) -> bool:
        """Return whether an address is a post's: the front page is none, unless it is a page by itself."""
        if address(url) == address(self._site):
            may = type_ in (ANY, PAGE.name) and self._state.runs.asks_for(PAGE.name)
            page = await self._front.said() if may else None
            return page is not None and page.static
        return in_blog(url, self._site)

    async def _named(self) -> list[str]:
        """Return the sitemaps that robots.txt or the front page names."""
        url = urljoin(self._site, "/robots.txt")
        try:
            in_robots = await self._fetch(url, lambda response: sitemap.read_robots(response.body, response.url))
        except Unavailable:
            in_robots = []
        return await named(self._front, in_robots)


async def ask(fetch: Fetch, url: str) -> SitemapPage:
    """Return what a sitemap lists. Raises Unavailable."""
    return await fetch(url, _read, meta=_META)


async def named(front: Front, in_robots: list[str]) -> list[str]:
    """Return the sitemaps that the blog names: those *in_robots*, its robots.txt, else those on its front page.

    A robots.txt is the whole host's: of several blogs there, each has its sitemaps in its own folder.
    """
    page = None if in_robots else await front.said()
    urls = page.sitemaps if page else in_robots
    mine = list(dict.fromkeys(url for url in urls if in_blog(url, front.site)))
    here = [url for url in mine if address(urljoin(url, ".")) == address(front.site)]
    return here or mine


async def well_known(front: Front) -> list[str]:
    """Return where the blog's sitemaps are if nothing names them."""
    page = await front.said()
    paths = sitemap.WELL_KNOWN_PLAIN if page and page.plain else sitemap.WELL_KNOWN
    return [front.site + path for path in paths]


def _answer(read: list[str], of_posts: int, trouble: Unavailable | None) -> Answer:
    if trouble:
        status = "part" if of_posts else closed(trouble)
        return Answer(status=status, detail=str(trouble), again=status in ("part", "failed"))
    if of_posts:
        return Answer(status="whole")
    why = "none of posts" if read else "robots.txt names none, and none is where Yoast and WordPress have theirs"
    return Answer(status="missing", detail=why)


def _read(response: Response) -> SitemapPage:
    return sitemap.read(response.body, response.url, content_type(response))
