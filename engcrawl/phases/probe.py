"""Probing a blog: a dozen requests that show whether and how engcrawl would take it."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from itertools import islice

from engcrawl.http.fetch import Fetch, GaveUp, Unavailable, content_type, html, number, text
from engcrawl.http.observed import Observed
from engcrawl.items import Found, Post, Source, merged
from engcrawl.pages import NotThePage, article, feed, listing, rest, sitemap, types
from engcrawl.pages.front import FrontPage
from engcrawl.pages.listing import ListingPage
from engcrawl.pages.types import POST
from engcrawl.phases.category import made_address
from engcrawl.phases.front import Front
from engcrawl.phases.probed import Asked, Probed, ProbedCategory, ProbedListing, ProbedPost, row
from engcrawl.phases.sources import closed
from engcrawl.phases.sources.rest import CATEGORIES
from engcrawl.phases.sources.rest_client import RestClient
from engcrawl.phases.sources.rest_types import CLOSED, TYPES, total_of
from engcrawl.phases.sources.rest_walk import PER_PAGE
from engcrawl.phases.sources.sitemap import ask, named, well_known
from engcrawl.pipelines import NormaliseDates
from engcrawl.report.runlog import RunLog
from engcrawl.text import dates
from engcrawl.text.markdown import markdown
from engcrawl.text.urls import address

_MOST = 12
"""Requests; what goes beyond is left out."""
_NEWEST = 10
"""Posts that are asked for, and shown."""
_FULL = 1000
"""Posts of a full sitemap: Yoast's; WordPress' own have twice as many."""
_READ = 3
"""Posts whose own pages are read."""


class Probe:
    """Looks at a blog: its front page, then each of its lists, then three posts; a part that fails is told as such."""

    def __init__(self, fetch: Fetch, site: str, observed: Observed) -> None:
        self._fetch = fetch
        self._observed = observed
        self._log = RunLog(dates.now())
        self._front = Front(fetch, self._log, site)
        self._rest = RestClient(fetch, self._front)
        self._newest: list[Post] = []
        """As REST tells them, with their bodies."""
        self._page: ListingPage | None = None
        self._sitemaps = 0
        """Those that a run would ask for."""
        self.found = Probed(site=site)

    async def run(self) -> Probed:
        """Return what there is to say of the blog. Raises Stopped."""
        found, observed = self.found, self._observed
        try:
            await self._look(await self._front.page())
        except (Unavailable, GaveUp) as error:
            found.reason = str(error)
        if observed.robots is not None:
            found.robots = observed.robots.status
        found.requests = observed.requests
        return found

    async def _look(self, page: FrontPage) -> None:
        """Look at all that is behind the front page. Raises Stopped."""
        found, observed = self.found, self._observed
        found.wordpress, found.theme = page.wordpress, page.theme
        found.categories = [
            ProbedCategory(slug=slug, url=url, linked=url is not None) for slug, url in page.categories.items()
        ]
        await self._part("rest", self._ask_rest(page))
        await self._part("listings", self._read_listing())
        await self._part("sitemap", self._ask_sitemaps())
        await self._part("feed", self._read_feed(page))
        await self._count_by_listings()
        found.listed = [row(post) for post in islice(self._candidates(), _NEWEST)]
        inner = (post for post in self._candidates() if post.url and not (post.external or post.protected))
        found.read = [await self._read(post) for post in islice(inner, _READ)]
        if found.open("rest"):
            await self._ask_types()
        found.crawl_delay = observed.crawl_delay
        found.list_missing()
        found.estimate(sitemaps=self._sitemaps, delay=observed.delay)
        found.judge()

    async def _part(self, source: Source, asking: Awaitable[str]) -> None:
        """Ask a source; *asking* returns why it can't be used, "" where it can."""
        try:
            detail = await asking
        except Unavailable as error:
            self.found.sources[source] = Asked(access=closed(error), detail=str(error))
        else:
            self.found.sources[source] = Asked(access="missing" if detail else "open", detail=detail)

    # The lists of posts

    async def _ask_rest(self, page: FrontPage) -> str:
        """Ask for the categories, and for the newest posts with their bodies."""
        found = self.found
        listed = await self._rest.ask(
            CATEGORIES,
            lambda response: rest.read_categories(text(response), response.url),
            per_page=PER_PAGE,
            _fields="id,slug,link,count",
        )
        found.categories = [
            ProbedCategory(slug=one.slug, url=one.url, posts=one.count, linked=bool(page.categories.get(one.slug)))
            for one in listed
        ]
        slugs = {one.number: one.slug for one in listed}
        self._newest, found.posts = await self._rest.ask(
            POST.route,
            lambda response: (
                rest.read_posts(text(response), response.url, slugs, POST.name),
                number(response, "X-WP-Total"),
            ),
            per_page=_NEWEST,
            _fields=f"{rest.FIELDS},content.rendered",
            _embed=rest.EMBEDDED,
        )
        found.posts_from = None if found.posts is None else "rest"
        return ""

    async def _read_listing(self) -> str:
        """Read the first page of the largest category."""
        categories, front = self.found.categories, await self._front.page()
        if not categories:
            return "neither the front page nor REST names a category"
        largest = max(categories, key=lambda one: (one.posts or 0, one.linked))
        url = largest.url
        if url is None:  # then no category has one
            url = made_address(largest.slug, self._front.site, (), plain=front.plain)
        page = self._page = await self._fetch(url, lambda response: listing.read(*html(response)))
        more = page.pages is None or page.pages > 1
        button = page.has_button and more and page.next_url is None
        self.found.listing = ProbedListing(
            slug=largest.slug, url=url, posts=len(page.posts), pages=page.pages, button=button
        )
        return "" if page.posts else f"no post in {url}"

    async def _ask_sitemaps(self) -> str:
        """Ask for the sitemap that has the others; without REST, for one of those, to count posts by."""
        robots = self._observed.robots
        in_robots = sitemap.read_robots(robots.body, robots.url) if robots is not None and robots.status == 200 else []
        urls = await named(self._front, in_robots)
        for url in urls or await well_known(self._front):
            self._sitemaps += 1
            try:
                index = await ask(self._fetch, url)
            except Unavailable as error:
                if urls or not (error.status == 404 or isinstance(error.__cause__, NotThePage)):
                    raise
                continue
            named_in = [entry.url for entry in index.entries] if index.is_index else [url]
            of_posts = (types.ANY, POST.name)
            parts = [one for one in named_in if types.in_sitemap(one, alone=not index.is_index) in of_posts]
            self._sitemaps += len(parts) if index.is_index else 0
            if parts and self.found.posts is None:
                entries = len((await ask(self._fetch, parts[-1]) if index.is_index else index).entries)
                rest_of_them = len(parts) - 1
                self.found.posts = entries + rest_of_them * max(entries, _FULL)
                self.found.posts_from = "sitemap"
            if parts:
                return ""
        return "none of posts" if urls else "none is named, and none is where Yoast and WordPress have theirs"

    async def _read_feed(self, page: FrontPage) -> str:
        url = page.feed or f"{self._front.site}/feed/"
        entries = await self._fetch(
            url, lambda response: feed.read(response.body, response.url, content_type(response))
        )
        return "" if entries else f"no post in {url}"

    async def _count_by_listings(self) -> None:
        """Tell about how many posts there are, where neither REST nor a sitemap does: as many as the front page lists.

        Where it doesn't say, as many as if each category had as many as the one that was read, and no post had two.
        """
        found = self.found
        if found.posts is not None or found.listing is None:
            return
        found.posts = (found.listing.pages or 1) * found.listing.posts * len(found.categories)
        found.posts_from = "listings"
        try:
            page = await self._fetch(f"{self._front.site}/", lambda response: listing.read(*html(response)))
        except Unavailable:
            return  # a page by itself
        if page.pages:
            found.posts = page.pages * len(page.posts)

    async def _ask_types(self) -> None:
        """Ask which post types there are, and how many posts of each, as long as requests are left."""
        try:
            listed = await self._rest.ask(TYPES, lambda response: types.read(text(response)))
        except Unavailable:
            return  # then the types are none, which is told
        self.found.types.update({one.name: None for one in listed})
        self.found.types[POST.name] = self.found.posts
        for one in listed:
            if one.name != POST.name and self._observed.requests < _MOST:
                try:
                    self.found.types[one.name] = await self._rest.ask(one.route, total_of, per_page=1, _fields="id")
                except Unavailable as error:
                    if error.status in CLOSED:
                        del self.found.types[one.name]  # not for readers

    # Posts

    def _candidates(self) -> Iterable[Post]:
        """Yield the newest posts as the lists tell them, each with its day."""
        listed = self._page.posts if self._page else []
        if not self._newest:
            return (merged(post, None) for post in listed)
        tiles = {address(post.url): post for post in listed}
        return (merged(tiles.get(address(post.url)), post) for post in self._newest)

    async def _read(self, post: Post) -> ProbedPost:
        """Read a post's own page as a run would: a body that it doesn't give is REST's, if that has one."""
        body, unavailable = post.content_html, None
        post.content_html = post.content_source = None
        try:
            page = await self._fetch(post.url, lambda response: article.read(*html(response), post.id))
        except Unavailable as error:
            unavailable = error.reason
        else:
            page.complete(post.categories)
            post.take_page(page.post)
        if body and (post.content_html is None or post.content_source == "extracted"):
            post.content_html, post.content_source = body, "rest"
        found = NormaliseDates().process_item(Found(post=post))
        lacking = {"ID": post.id, "day": post.published_date, "body": post.content_html or post.protected}
        missing = [name for name, value in lacking.items() if not value]
        problems = [unavailable or f"no {' and no '.join(missing)}"] if missing else found.problems
        return ProbedPost(
            id=post.id,
            url=post.url,
            published_date=post.published_date,
            title=post.title,
            content_source=post.content_source,
            begins=(markdown(post.content_html) or "").partition("\n")[0] if post.content_html else None,
            trouble="; ".join(problems) or None,
        )
