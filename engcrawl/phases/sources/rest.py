"""REST (``/wp-json/wp/v2/``) as a source: all posts by their IDs, and on a night what is new."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, number, text
from engcrawl.items import Answer, Mention, Post, Source
from engcrawl.pages import rest
from engcrawl.pages.rest import RestCategory
from engcrawl.pages.terms import slug_of
from engcrawl.phases.category import BrokenWalkError
from engcrawl.phases.plan import Plan
from engcrawl.phases.sources import broken_off
from engcrawl.phases.sources.rest_walk import PER_PAGE, RestWalk, ShiftedError
from engcrawl.state import State
from engcrawl.text import dates
from engcrawl.text.urls import address

logger = logging.getLogger(__name__)

_POSTS = "/wp-json/wp/v2/posts"
_CATEGORIES = "/wp-json/wp/v2/categories"
_WALKS = 3
"""So often REST's list is walked where posts come and go meanwhile."""


@dataclass(frozen=True, slots=True)
class News:
    """What REST says on a night on which all of it is known from before."""

    posts: list[Post]
    """The newest, and those that were modified lately."""
    total: int | None
    """How many posts it says there are."""
    all_modified: bool
    """Whether those modified lately are all among `posts`."""


class Rest:
    """Names all posts by their IDs, 100 a request, with what it says of each."""

    name: Source = "rest"

    def __init__(self, fetch: Fetch, state: State, site: str, *, bodies: bool = False, facts: bool = True) -> None:
        self._fetch = fetch
        self._state = state
        self._site = site
        self._bodies = bodies
        self._facts = facts
        """Whether what it says of posts may go into records."""
        self.answer = Answer(status="failed")
        self.categories: list[RestCategory] = []
        self._numbers: dict[int, str] = {}
        """The categories' slugs by their numbers."""

    @property
    def counts(self) -> Counter[str]:
        """Return the categories' posts, as REST counts them."""
        return Counter({category.slug: category.count for category in self.categories})

    async def mentions(self) -> AsyncIterator[list[Mention]]:
        """Yield the mentions of all posts; where posts come and go meanwhile the list is walked anew.

        With *bodies* they are in the mentions' facts.
        """
        walk = RestWalk()
        try:
            await self.ask_categories()
            for walks in range(1, _WALKS + 1):
                walk = RestWalk()
                try:
                    async for page in self._walk(walk):
                        yield self.mentions_of(page)
                except ShiftedError as error:
                    if walks == _WALKS:
                        raise
                    logger.info("REST is asked anew from its first post on: %s", error)
                    self._state.lists.start_over(self.name)
                else:
                    break
        except Unavailable as error:
            self.answer = replace(broken_off(error, begun=bool(walk.listed)), claimed=walk.total, more=self.more())
        except BrokenWalkError as error:
            self.answer = Answer(status="part", detail=str(error), claimed=walk.total, again=True, more=self.more())
        else:
            self.answer = Answer(status="whole", claimed=walk.total, more=self.more())

    async def _walk(self, walk: RestWalk) -> AsyncIterator[list[Post]]:
        while not walk.ended:
            url = self._query(orderby="id", order="asc", offset=walk.offset)
            posts, total = await self._fetch(url, self._read_posts)
            try:
                walk.take([post.id for post in posts if post.id], total)
            except ShiftedError:
                raise
            except BrokenWalkError:
                walk.total = total if walk.total is None else walk.total
                yield posts
                raise
            yield posts

    async def ask_categories(self) -> None:
        """Ask for the categories, which posts are filed in by number, with their counts. Raises Unavailable."""
        self.categories = []
        pages, page = 1, 1
        while page <= pages:
            query = {"per_page": PER_PAGE, "page": page, "_fields": "id,slug,link,count"}
            url = f"{self._site}{_CATEGORIES}?{urlencode(query, safe=',')}"
            found, pages = await self._fetch(url, _read_categories)
            self.categories += found
            page += 1
        self._numbers |= {category.number: category.slug for category in self.categories}

    async def news(self, since: str, numbers: dict[str, int]) -> News:
        """Ask for the newest posts, and for those modified after the instant *since*. Raises Unavailable.

        *numbers* are the categories' numbers by their slugs, as they were known before.
        """
        self._numbers = {number: slug for slug, number in numbers.items()}
        newest, total = await self._fetch(self._query(orderby="date", order="desc"), self._read_posts)
        url = self._query(orderby="id", order="asc", modified_after=since)
        modified, lately = await self._fetch(url, self._read_posts)
        return News(newest + modified, total, all_modified=lately is not None and lately <= len(modified))

    def may_tell(self, plan: Plan) -> bool:
        """Return whether it may be asked for what goes into records: it isn't closed, as far as this sweep knows."""
        asked = self._state.lists.asked(self.name)
        closed = asked is not None and asked.run >= plan.sweep and asked.answer.status in ("missing", "forbidden")
        return self._facts and not closed

    def may_know(self, plan: Plan) -> bool:
        """Return whether it may know posts that it didn't name: it isn't closed, and wasn't read whole in this run."""
        asked = self._state.lists.asked(self.name)
        return self.may_tell(plan) and not (asked and asked.run == plan.run and asked.answer.status == "whole")

    async def bodies(self, posts: Sequence[int]) -> dict[int, str | None]:
        """Ask for the bodies of at most 100 posts; None for one that is empty. Raises Unavailable.

        A post that REST doesn't show is left out; one that needs a password has None.
        """
        query = {"include": ",".join(map(str, posts)), "per_page": PER_PAGE, "_fields": "id,link,content"}
        url = f"{self._site}{_POSTS}?{urlencode(query, safe=',')}"
        return await self._fetch(url, lambda response: rest.read_bodies(text(response), response.url))

    async def in_parts(self) -> set[int]:
        """Ask which posts' bodies are split over several pages. Raises Unavailable.

        WordPress searches the raw text, in which a part ends with ``<!--nextpage-->``.
        """
        found: set[int] = set()
        page, pages = 1, 1
        while page <= pages:
            url = f"{self._site}{_POSTS}?search=nextpage&per_page={PER_PAGE}&page={page}&_fields=id,link"
            links, pages = await self._fetch(url, _read_links)
            found |= links.keys()
            page += 1
        return found

    async def at(self, urls: Sequence[str]) -> dict[str, int]:
        """Ask which posts are at at most 100 addresses, by their slugs: address -> ID. Raises Unavailable."""
        slugs = ",".join(quote(slug_of(url)) for url in urls)
        url = f"{self._site}{_POSTS}?slug={slugs}&per_page={PER_PAGE}&_fields=id,link"
        links = await self._fetch(url, lambda response: rest.read_links(text(response), response.url))
        return {address(link): post for post, link in links.items()}

    async def has(self, post: int) -> bool:
        """Return whether REST has a post; False where it was taken down (404), or back (401: only for its editors).

        Raises Unavailable where it doesn't say.
        """
        answers = [401, 403, 404, 410]
        url = f"{self._site}{_POSTS}/{post}?_fields=id"
        meta = {"handle_httpstatus_list": answers}
        return await self._fetch(url, lambda r: r.status not in answers and bool(text(r)), meta=meta)

    def mentions_of(self, posts: list[Post]) -> list[Mention]:
        """Return the mentions that a list of posts is."""
        facts = self._facts
        return [Mention(url=p.url, post=p.id, modified=p.modified_at, facts=p if facts else None) for p in posts]

    def _read_posts(self, response: Response) -> tuple[list[Post], int | None]:
        posts = rest.read_posts(text(response), response.url, self._numbers)
        if not self._bodies:
            for post in posts:
                post.content_html = post.content_source = None  # some sites send it unasked
        return posts, number(response, "X-WP-Total")

    def _query(self, **query: Any) -> str:
        fields = f"{rest.FIELDS},content.rendered" if self._bodies else rest.FIELDS
        query = {"per_page": PER_PAGE} | query | {"_fields": fields, "_embed": rest.EMBEDDED}
        return f"{self._site}{_POSTS}?{urlencode(query, safe=',:')}"

    def more(self) -> dict[str, Any]:
        """Return what later runs want to know: the categories' counts and numbers."""
        return {"categories": dict(self.counts), "numbers": {slug: number for number, slug in self._numbers.items()}}


def modified_since(state: State) -> str:
    """Return the instant after which REST is asked for modified posts.

    Exclusive, and the list was begun before it was there, by a clock that may be wrong: hours more cost nothing.
    """
    asked = state.lists.asked("rest")
    since = min(filter(None, (state.lists.last_modified("rest"), asked.at if asked else None)), default="")
    return dates.earlier(since, hours=6) if since else "1970-01-01T00:00:00Z"


def _read_links(response: Response) -> tuple[dict[int, str], int]:
    return rest.read_links(text(response), response.url), number(response, "X-WP-TotalPages") or 1


def _read_categories(response: Response) -> tuple[list[RestCategory], int]:
    return rest.read_categories(text(response), response.url), number(response, "X-WP-TotalPages") or 1
