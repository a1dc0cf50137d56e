"""Probing a blog: about ten requests that show what it is, and how it would be taken."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from typing import Any

from parsel import Selector
from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, html
from engcrawl.items import Post
from engcrawl.pages import article
from engcrawl.phases.category import BrokenWalkError, Category
from engcrawl.phases.front import Front
from engcrawl.phases.links import Links
from engcrawl.phases.plan import day_of
from engcrawl.phases.sources.feed import Feed
from engcrawl.phases.sources.rest import Rest
from engcrawl.phases.sources.rest_walk import PER_PAGE
from engcrawl.phases.sources.sitemap import Sitemaps
from engcrawl.report.runlog import RunLog
from engcrawl.state import State
from engcrawl.text.dates import now

_BODIES = 3
"""Posts whose own pages are read."""
_LINE = 100
"""Signs of a body's beginning."""


@dataclass(slots=True)
class Probed:
    """What a few requests show of a blog."""

    site: str
    fits: bool = False
    why: str = ""
    """Why it doesn't fit; empty where it does."""
    wordpress: str | None = None
    theme: str | None = None
    permalinks: str | None = None
    rest: str = ""
    sitemap: str = ""
    feed: str = ""
    """What came of asking each list: ``open``, or why it isn't."""
    posts: int | None = None
    """How many REST says there are."""
    types: dict[str, int | None] = field(default_factory=dict)
    """Other post types, with their counts."""
    categories: dict[str, int | None] = field(default_factory=dict)
    """Slugs, with the counts that REST gives."""
    listing: str | None = None
    """The listing page that was read."""
    pages: int | None = None
    """How many pages it states."""
    first_page: list[dict[str, Any]] = field(default_factory=list)
    """Its posts: ``id``, ``day``, ``title``, ``url``."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Posts whose own pages were read: ``url``, ``id``, ``day``, ``source`` and ``begins``, or ``why`` not."""
    missing: list[str] = field(default_factory=list)
    """What the archive would lack."""
    requests: int | None = None
    """About how many requests a first run makes; None where nothing says how many posts there are."""
    seconds: int | None = None
    """About how long it takes."""


class Probe:
    """Looks at a blog through the phases of a run; *state* is an empty one, which is thrown away."""

    def __init__(self, fetch: Fetch, state: State, log: RunLog, site: str) -> None:
        self._fetch = fetch
        self._front = Front(fetch, log, site)
        self._rest = Rest(fetch, state, self._front, anew=True, bodies=True)
        self._sitemaps = Sitemaps(fetch, state, self._front)
        self._feed = Feed(fetch, state, self._front)
        self.found = Probed(site)

    async def run(self) -> None:
        """Look at the blog; `found` is what was seen, also where this is ended early."""
        found, begun = self.found, time.monotonic()
        try:
            front = await self._front.page()
        except Unavailable as error:
            found.why = str(error)
            return
        found.wordpress, found.theme = front.generator, front.theme
        found.permalinks = "plain" if front.plain else "pretty"
        named: list[Post] = await self._ask_rest()
        found.categories = found.categories or {slug: None for slug in front.categories if not slug.startswith("?")}
        await self._sitemaps.ask_types()
        found.sitemap = "open" if self._sitemaps.types else "none of posts"
        for name in self._sitemaps.types.keys() - {"post"}:
            found.types.setdefault(name, None)
        found.feed = "open" if await anext(self._feed.mentions(), None) else self._feed.answer.detail or "empty"
        listed = await self._list({slug: url for slug, url in front.categories.items() if url})
        await self._read([post for post in listed or named if not (post.external or post.protected)])
        self._judge(listed, named)
        self._estimate(len(listed), (time.monotonic() - begun) / max(self._made(), 1))

    async def _ask_rest(self) -> list[Post]:
        """Ask REST for categories, types and the newest posts."""
        found = self.found
        try:
            await self._rest.ask_categories()
            await self._rest.ask_types()
            news = await self._rest.news(now(), {one.slug: one.number for one in self._rest.categories})
        except Unavailable as error:
            found.rest = str(error)
            return []
        found.rest, found.posts = "open", news.totals["post"]
        found.categories = {one.slug: one.count for one in self._rest.categories}
        found.types = {one["name"]: one["count"] for one in self._rest.types.more() if one["name"] != "post"}
        return news.posts

    async def _list(self, linked: dict[str, str]) -> list[Post]:
        """Read the first page of the category with the most posts, of those whose addresses are known."""
        places = linked | {one.slug: one.url for one in self._rest.categories if one.url and one.count}
        if not places:
            return []
        found = self.found
        slug = max(places, key=lambda slug: found.categories.get(slug) or 0)
        found.listing = places[slug]
        try:
            async with aclosing(Links(self._fetch).pages(Category(slug, places[slug], linked=True))) as pages:
                page = await anext(pages)
        except (Unavailable, BrokenWalkError) as error:
            found.missing.append(f"the listing can't be read: {error}")
            return []
        found.pages = page.pages
        found.first_page = [
            {"id": post.id, "day": _day(post), "title": post.title, "url": post.url} for post in page.posts
        ]
        return page.posts

    async def _read(self, posts: list[Post]) -> None:
        """Read the own pages of a few posts."""
        for post in posts[:_BODIES]:
            entry: dict[str, Any] = {"url": post.url}
            self.found.bodies.append(entry)
            try:
                page = await self._fetch(post.url, partial(_article, post.id))
                source, body = page.content_source, page.content_html
                if (body is None or source == "extracted") and self.found.rest == "open" and page.id:
                    of_rest = (await self._rest.bodies({page.id: page.type})).get(page.id)
                    source, body = ("rest", of_rest) if of_rest else (source, body)
            except Unavailable as error:
                entry["why"] = str(error)
                continue
            merged = replace(post)
            merged.take_page(page)
            entry |= {"id": merged.id, "day": _day(merged), "source": source, "begins": _begin(body)}
            lacking = [name for name in ("id", "day", "source") if entry[name] is None]
            if lacking:
                entry["why"] = f"no {', no '.join(lacking)}"

    def _judge(self, listed: list[Post], named: list[Post]) -> None:
        """Say whether the blog fits, and what its archive would lack."""
        found = self.found
        read = [entry for entry in found.bodies if "why" not in entry]
        if not (listed or named):
            found.why = "no list of posts can be read"
        elif found.bodies and not read:
            found.why = f"no post can be read: {found.bodies[0]['why']}: {found.bodies[0]['url']}"
        found.fits = not found.why
        found.missing += [f"{entry['why']}: {entry['url']}" for entry in found.bodies if "why" in entry]
        if "open" not in (found.rest, found.sitemap):
            found.missing.append("neither REST nor a sitemap: nothing beside its listings proves the archive")
        if guessed := [entry for entry in read if entry["source"] == "extracted"]:
            found.missing.append(
                f"{len(guessed)} of {len(read)} bodies are an extractor's guess at the page's main text"
            )
        if not listed:
            found.missing.append("no listing: what only category archives say is missing")
        counts = {name: "?" if count is None else count for name, count in sorted(found.types.items()) if count != 0}
        others = [f"{name} ({count})" for name, count in counts.items()]
        if others:
            found.missing.append(f"other post types, unless asked for (-a types=all): {', '.join(others)}")

    def _estimate(self, per_page: int, measured: float) -> None:
        """Estimate the requests of a first run, each as long as those of this one took, or the delay asks for."""
        found, counts = self.found, list(self.found.categories.values())
        if found.posts is not None and per_page:
            listings = sum(max(1, ceil((count or 0) / per_page)) for count in counts)
            lists = ceil(found.posts / (PER_PAGE - 1)) + len(found.types) + 8
            found.requests = 2 + listings + lists + found.posts
        elif found.pages and per_page:
            found.requests = 2 + found.pages * max(len(counts), 1) * (1 + per_page) + 8
        if found.requests:
            delay: float = self._fetch.crawler.settings.getfloat("DOWNLOAD_DELAY")
            found.seconds = round(found.requests * max(delay, measured))

    def _made(self) -> int:
        made: int = self._fetch.crawler.stats.get_value("downloader/request_count", 0)
        return made


def _article(post_id: int | None, response: Response) -> Post:
    return article.read(*html(response), post_id).post


def _day(post: Post) -> str | None:
    day = day_of(post)
    return day.isoformat() if day else None


def _begin(body: str | None) -> str | None:
    if body is None:
        return None
    return " ".join("".join(Selector(body).xpath("//text()").getall()).split())[:_LINE]
