"""REST (``/wp/v2/``) as a source: all posts by their IDs, and on a night what is new."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from scrapy.http import Response

from engcrawl.arguments import ALL_TYPES
from engcrawl.http.fetch import Fetch, Unavailable, number, text
from engcrawl.items import Answer, Mention, Post, Source
from engcrawl.pages import rest
from engcrawl.pages.rest import RestCategory
from engcrawl.pages.terms import slug_of
from engcrawl.pages.types import POST, PostType
from engcrawl.phases.category import BrokenWalkError
from engcrawl.phases.front import Front
from engcrawl.phases.plan import Plan
from engcrawl.phases.rest_root import RestRoot
from engcrawl.phases.sources import broken_off
from engcrawl.phases.sources.rest_client import RestClient
from engcrawl.phases.sources.rest_types import CLOSED, RestTypes
from engcrawl.phases.sources.rest_walk import PER_PAGE, RestWalk, ShiftedError
from engcrawl.state import State
from engcrawl.text import dates
from engcrawl.text.urls import address

logger = logging.getLogger(__name__)

CATEGORIES = "/wp/v2/categories"
_WALKS = 3
"""So often REST's list is walked where posts come and go meanwhile."""


@dataclass(frozen=True, slots=True)
class News:
    """REST's answer to the quick check."""

    posts: list[Post]
    """The newest, and those that were modified lately."""
    totals: dict[str, int | None]
    """How many posts of each type it says there are."""
    all_modified: bool
    """Whether those modified lately are all among `posts`."""


class Rest:
    """Names all posts of the types asked for by their IDs, 100 a request, with what it says of each."""

    name: Source = "rest"

    def __init__(
        self, fetch: Fetch, state: State, front: Front, *, anew: bool, bodies: bool = False, facts: bool = True
    ) -> None:
        self._state = state
        self._client = RestClient(fetch, front, None if anew else _known_root(state))
        self._bodies = bodies
        self._facts = facts
        """Whether what it says of posts may go into records."""
        self.answer = Answer(status="failed")
        self.types = RestTypes(state, self.name)
        self.categories: list[RestCategory] = []
        self._numbers: dict[int, str] = {}
        """The categories' slugs by their numbers."""

    @property
    def moved(self) -> bool:
        """Return whether it was elsewhere in earlier runs."""
        return self._client.moved

    @property
    def counts(self) -> Counter[str]:
        """Return the categories' posts, as REST counts them."""
        return Counter({category.slug: category.count for category in self.categories})

    async def mentions(self, *, further: bool = False) -> AsyncIterator[list[Mention]]:
        """Yield the mentions of all posts; where posts come and go meanwhile the list is walked anew.

        With *bodies* they are in the mentions' facts. With *further*, of other types than ``post`` alone.
        """
        for type_ in self.types.asked:
            self.types.count(type_.name, None)
        begun = False
        answer = Answer(status="whole")
        try:
            await self.ask_categories()
            await self.ask_types()
            for type_ in self.types.asked:
                if further and type_.name == POST.name:
                    continue
                try:
                    async for page in self._all(type_):
                        begun = begun or bool(page)
                        yield self.mentions_of(page)
                except Unavailable as error:
                    if not begun or error.status not in CLOSED:
                        raise
                    if ALL_TYPES in self._state.runs.types:
                        self.types.drop(type_.name)
                    else:
                        answer = Answer(
                            status="part", detail=f"its posts of type {type_.name} could not be listed: {error}"
                        )
        except Unavailable as error:
            answer = broken_off(error, begun=begun)
        except BrokenWalkError as error:
            answer = Answer(status="part", detail=str(error), again=True)
        else:
            if not (begun or further) and (have := self._state.posts.measure()[0]):
                answer = Answer(status="failed", detail=f"names no post, where the archive has {have}", again=True)
        self.answer = replace(answer, claimed=self.types.claimed, more=self.more())

    async def ask_types(self) -> None:
        """Ask which post types there are, once in a run."""
        await self.types.learn(self._client.ask)

    async def _all(self, type_: PostType) -> AsyncIterator[list[Post]]:
        """Yield all posts of a type, a page of them at a time."""
        for walks in range(1, _WALKS + 1):
            try:
                async for page in self._walk(type_, RestWalk()):
                    yield page
            except ShiftedError as error:
                if walks == _WALKS:
                    raise
                logger.info(
                    "REST's list changed meanwhile, so it is read again from its first %s: %s", type_.name, error
                )
                self._state.lists.start_over(self.name, type_.name)
            else:
                return

    async def _walk(self, type_: PostType, walk: RestWalk) -> AsyncIterator[list[Post]]:
        while not walk.ended:
            posts, total = await self._posts(type_, orderby="id", order="asc", offset=walk.offset)
            self.types.count(type_.name, total if walk.total is None else walk.total)
            try:
                walk.take([post.id for post in posts if post.id], total)
            except ShiftedError:
                raise
            except BrokenWalkError:
                yield posts
                raise
            yield posts

    async def ask_categories(self) -> None:
        """Ask for the categories, which posts are filed in by number, with their counts. Raises Unavailable."""
        self.categories = []
        pages, page = 1, 1
        while page <= pages:
            found, pages = await self._client.ask(
                CATEGORIES, _read_categories, per_page=PER_PAGE, page=page, _fields="id,slug,link,count"
            )
            self.categories += found
            page += 1
        self._numbers |= {category.number: category.slug for category in self.categories}

    async def news(self, since: str, numbers: dict[str, int]) -> News:
        """Ask for the newest posts, and for those modified after the instant *since*. Raises Unavailable.

        *numbers* are the categories' numbers by their slugs, as they were known before.
        """
        self._numbers = {number: slug for slug, number in numbers.items()}
        news = News([], {}, all_modified=True)
        for type_ in self.types.asked:
            newest, news.totals[type_.name] = await self._posts(type_, orderby="date", order="desc")
            modified, lately = await self._posts(type_, orderby="id", order="asc", modified_after=since)
            news.posts.extend(newest + modified)
            news = replace(news, all_modified=news.all_modified and lately is not None and lately <= len(modified))
            self.types.count(type_.name, news.totals[type_.name])
        return news

    def may_tell(self, plan: Plan) -> bool:
        """Return whether it may be asked for what goes into records: it isn't closed, as far as this sweep knows."""
        asked = self._state.lists.asked(self.name)
        closed = asked is not None and asked.run >= plan.sweep and asked.answer.status in ("missing", "forbidden")
        return self._facts and not closed

    def may_know(self, plan: Plan) -> bool:
        """Return whether it may know posts that it didn't name: it isn't closed, and wasn't read whole in this run."""
        asked = self._state.lists.asked(self.name)
        return self.may_tell(plan) and not (asked and asked.run == plan.run and asked.answer.status == "whole")

    async def bodies(self, posts: Mapping[int, str]) -> dict[int, str | None]:
        """Ask for the bodies of at most 100 *posts*, ID -> type; None for one that is empty. Raises Unavailable.

        A post that REST doesn't show is left out; one that needs a password has None.
        """
        bodies: dict[int, str | None] = {}
        for route in sorted(set(map(self.types.route, posts.values()))):
            include = ",".join(str(post) for post, type_ in posts.items() if self.types.route(type_) == route)
            fields = "id,link,content"
            bodies |= await self._client.ask(route, _read_bodies, include=include, per_page=PER_PAGE, _fields=fields)
        return bodies

    async def in_parts(self, type_: str) -> set[int]:
        """Ask which bodies of a type's posts are split over several pages. Raises Unavailable.

        WordPress searches the raw text, in which a part ends with ``<!--nextpage-->``.
        """
        found: set[int] = set()
        page, pages = 1, 1
        while page <= pages:
            query: dict[str, Any] = {"search": "nextpage", "per_page": PER_PAGE, "page": page, "_fields": "id,link"}
            links, pages = await self._client.ask(self.types.route(type_), _read_links, **query)
            found |= links.keys()
            page += 1
        return found

    async def at(self, urls: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Ask which posts are at at most 100 addresses, by their slugs: address -> ID and type. Raises Unavailable."""
        query: dict[str, Any] = {"slug": ",".join(map(slug_of, urls)), "per_page": PER_PAGE, "_fields": "id,link"}
        found: dict[str, tuple[int, str]] = {}
        for type_ in self.types.asked:
            links, _ = await self._client.ask(type_.route, _read_links, **query)
            found |= {address(link): (post, type_.name) for post, link in links.items()}
        return found

    async def has(self, post: int, type_: str) -> bool:
        """Return whether REST has a post; False where it was taken down (404), or back (401: only for its editors).

        Raises Unavailable where it doesn't say.
        """
        answers = (401, 403, 404, 410)
        route = f"{self.types.route(type_)}/{post}"
        return await self._client.ask(
            route, lambda r: r.status not in answers and bool(text(r)), answers=answers, _fields="id"
        )

    def mentions_of(self, posts: list[Post]) -> list[Mention]:
        """Return the mentions that a list of posts is."""
        return [
            Mention(
                url=post.url,
                post=post.id,
                modified=post.modified_at,
                type=post.type,
                facts=post if self._facts else None,
                categories=tuple(post.categories),
            )
            for post in posts
        ]

    def _read_posts(self, type_: str, response: Response) -> tuple[list[Post], int | None]:
        posts = rest.read_posts(text(response), response.url, self._numbers, type_)
        if not self._bodies:
            for post in posts:
                post.content_html = post.content_source = None  # some sites send it unasked
        return posts, number(response, "X-WP-Total")

    async def _posts(self, type_: PostType, **query: Any) -> tuple[list[Post], int | None]:
        fields = f"{rest.FIELDS},content.rendered" if self._bodies else rest.FIELDS
        query = {"per_page": PER_PAGE} | query | {"_fields": fields, "_embed": rest.EMBEDDED}
        return await self._client.ask(type_.route, partial(self._read_posts, type_.name), **query)

    def more(self) -> dict[str, Any]:
        """Return what later runs want to know: where it is, the post types, the categories' counts and numbers."""
        numbers = {slug: number for number, slug in self._numbers.items()}
        return self._client.more() | {"types": self.types.more(), "categories": dict(self.counts), "numbers": numbers}


def _known_root(state: State) -> RestRoot | None:
    """Return where REST was in earlier runs."""
    asked = state.lists.asked("rest")
    root = asked.answer.more.get("root") if asked else None
    return RestRoot(root) if root else None


def modified_since(state: State) -> str:
    """Return the instant after which REST is asked for modified posts.

    Exclusive, and the list was begun before it was there, by a clock that may be wrong: hours more cost nothing.
    """
    asked = state.lists.asked("rest")
    since = min(filter(None, (state.lists.last_modified("rest"), asked.at if asked else None)), default="")
    return dates.earlier(since, hours=6) if since else "1970-01-01T00:00:00Z"


def _read_bodies(response: Response) -> dict[int, str | None]:
    return rest.read_bodies(text(response), response.url)


def _read_links(response: Response) -> tuple[dict[int, str], int]:
    return rest.read_links(text(response), response.url), number(response, "X-WP-TotalPages") or 1


def _read_categories(response: Response) -> tuple[list[RestCategory], int]:
    return rest.read_categories(text(response), response.url), number(response, "X-WP-TotalPages") or 1
