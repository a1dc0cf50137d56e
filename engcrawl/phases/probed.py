"""The result of a probe: whether engcrawl can read the blog, what would be missing, what a first run costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from engcrawl.items import ContentSource, Post, Source
from engcrawl.phases.sources.rest_walk import PER_PAGE

Access = Literal["open", "missing", "forbidden", "failed"]
"""Whether a source can be read: it isn't there, is forbidden, or answers nonsense."""
_PER_LISTING = 10
"""Posts on a listing page where nothing tells: WordPress' default."""
_NAMING: tuple[Source, ...] = ("listings", "rest")
"""Sources of which posts are taken."""
_REST_ALONE = ": take it from REST alone, with -a source=rest"
_MOST_NAMED = 10
"""Categories that a sentence names."""


@dataclass(kw_only=True)
class Asked:
    """The result of asking a source."""

    access: Access
    detail: str = ""
    """Why it can't be read."""


@dataclass(kw_only=True)
class ProbedCategory:
    """A category of the blog."""

    slug: str
    url: str | None
    posts: int | None = None
    """As REST counts them; None where it doesn't."""
    linked: bool = False
    """Whether the front page links to it."""


@dataclass(kw_only=True)
class ProbedListing:
    """The first page of one category's archive."""

    slug: str
    url: str
    posts: int
    """Those on the page."""
    pages: int | None
    """How many pages it says there are; None where it doesn't."""
    button: bool
    """Whether only a button leads to more."""


@dataclass(kw_only=True)
class ProbedPost:
    """A post whose own page was read."""

    id: int | None
    url: str
    published_date: str | None = None
    title: str = ""
    content_source: ContentSource | None = None
    begins: str | None = None
    """The first line of its body."""
    trouble: str | None = None
    """Why there is no whole record of it; None where there is."""


@dataclass(kw_only=True)
class FirstRun:
    """An estimate of a first run."""

    requests: int
    seconds: int
    delay: float
    """Seconds from one request to the next, about."""


@dataclass(kw_only=True)
class Probed:
    """The result of a probe; its fields are the keys of ``--json``."""

    site: str
    fits: bool = False
    reason: str = ""
    wordpress: str | None = None
    theme: str | None = None
    robots: int | None = None
    """The status of robots.txt; None where it has none, or wasn't asked for."""
    crawl_delay: float | None = None
    sources: dict[Source, Asked] = field(default_factory=dict)
    posts: int | None = None
    """How many there are, as REST says, or else about as many as sitemaps or listings name; None if nothing tells."""
    posts_from: Source | None = None
    """Who says so."""
    types: dict[str, int | None] = field(default_factory=dict)
    """The post types, and how many posts of each there are; None where nobody was asked."""
    categories: list[ProbedCategory] = field(default_factory=list)
    listing: ProbedListing | None = None
    listed: list[dict[str, Any]] = field(default_factory=list)
    """The newest posts: ID, day, title and categories."""
    read: list[ProbedPost] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What a run would lack, or need, in sentences."""
    first_run: FirstRun | None = None
    requests: int = 0
    """Those of the probe."""

    def open(self, source: Source) -> bool:
        """Return whether a source can be read."""
        return source in self.sources and self.sources[source].access == "open"

    def judge(self) -> None:
        """Decide whether posts can be read whole, and say why or why not."""
        whole = [post for post in self.read if post.trouble is None]
        if self.read and len(whole) == len(self.read):
            self.fits, self.reason = True, f"{len(whole)} of {len(self.read)} posts read whole"
        elif self.read:
            lost = next(post for post in self.read if post.trouble)
            self.reason = f"{len(whole)} of {len(self.read)} posts read whole: {lost.trouble}: {lost.url}"
        elif not self.reason:
            failed = [f"{name}: {self.sources[name].detail}" for name in _NAMING if self.sources[name].detail]
            self.reason = "; ".join(["no list names a post with a page of its own", *failed])

    def list_missing(self) -> None:
        """List what a run would lack or need."""
        say = self.missing.append
        if not (self.open("rest") or self.open("sitemap")):
            say("no REST and no sitemap: no list can prove that the archive is complete")
        if not self.open("listings"):
            say(
                f"no listing can be read: {self.sources['listings'].detail}"
                + (_REST_ALONE if self.open("rest") else "")
            )
        if hidden := self._hidden():
            say(hidden)
        if self.open("rest") and not self.types:
            say("REST doesn't say which post types there are: posts of other types may be missing")
        if others := {name: count for name, count in self.types.items() if name != "post" and count != 0}:
            told = ", ".join(name if count is None else f"{name} {count:,}" for name, count in others.items())
            say(f"other post types, archived only with -a types=…: {told}")
        sources = [post.content_source for post in self.read]
        if guessed := sources.count("extracted"):
            say(f"{guessed} of {len(sources)} bodies are only a guess at the page's main text")
        if from_rest := sources.count("rest"):
            say(f"{from_rest} of {len(sources)} bodies are from REST, because the posts' own pages lack them")
        unlinked = [one.slug for one in self.categories if not one.linked and one.posts != 0]
        if unlinked:
            named = ", ".join(unlinked[:_MOST_NAMED]) + (" …" if len(unlinked) > _MOST_NAMED else "")
            say(f"the front page doesn't link to {len(unlinked)} of {len(self.categories)} categories: {named}")
        if self.listing and self.listing.button:
            say(f"only a button leads to the next page of {self.listing.url}: a browser is needed")
        if self.crawl_delay:
            say(f"robots.txt asks for {self.crawl_delay:g} s between requests (Crawl-delay)")

    def _hidden(self) -> str | None:
        """Return that the listing can't have all posts that REST counts in its category; None where it can."""
        listing = self.listing
        there = next((one for one in self.categories if listing and one.slug == listing.slug), None)
        if listing is None or there is None or there.posts is None:
            return None
        most = (listing.pages or 1) * listing.posts
        if there.posts <= most or (listing.pages is None and listing.button):
            return None
        return (
            f"hidden from listings: REST counts {there.posts:,} posts in {there.slug}, its listing has {most:,} at most"
        )

    def estimate(self, *, sitemaps: int, delay: float) -> None:
        """Estimate a first run: *sitemaps* are those to be read, *delay* the seconds between two requests."""
        posts = self.posts or 0
        requests = 3 + self._listing_pages() + posts  # robots.txt, once more for its sitemaps, and the front page
        if self.open("rest"):
            requests += math.ceil(len(self.categories) / PER_PAGE) + max(1, math.ceil((posts - 1) / (PER_PAGE - 1)))
            requests += 1 + len(self.types) - ("post" in self.types)  # which there are, and how many of the others
            requests += 1  # which posts are in parts
        requests += sitemaps
        if self.open("feed"):
            all_of_it = not (self.open("rest") or self.open("sitemap"))
            requests += math.ceil(posts / _PER_LISTING) + 1 if all_of_it else 1
        self.first_run = FirstRun(requests=requests, seconds=round(requests * delay), delay=round(delay, 2))

    def _listing_pages(self) -> int:
        """Return about how many listing pages there are."""
        listing, pages = self.listing, 0
        if listing is None:
            return 0
        each = listing.posts if (listing.pages or 1) > 1 else max(listing.posts, _PER_LISTING)
        if uncounted := sum(one.posts is None for one in self.categories):
            named = [len(one["categories"]) or 1 for one in self.listed] or [1]
            full = math.ceil((self.posts or 0) * sum(named) / len(named) / each)  # a post is in each of its categories'
            pages = min(uncounted * (listing.pages or 1), full + uncounted // 2)  # the last page of each isn't full
            pages = max(pages, uncounted)
        for one in self.categories:
            if one.posts is not None and (one.posts or one.linked):
                pages += max(1, math.ceil(self._with_children(one) / each))
        return pages

    def _with_children(self, one: ProbedCategory) -> int:
        """Return about how many posts a category's listing has: WordPress puts those of its children there too."""
        url = one.url
        inner = [] if url is None else [c for c in self.categories if c is not one and (c.url or "").startswith(url)]
        return (one.posts or 0) + sum(child.posts or 0 for child in inner)


def row(post: Post) -> dict[str, Any]:
    """Return a post as the table of the newest has it."""
    return {name: getattr(post, name) for name in ("id", "published_date", "title", "categories", "url")}
