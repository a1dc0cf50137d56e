"""The post types of a blog, as REST has them: which there are, where each is listed, and which are asked for."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from scrapy.http import Response

from engcrawl.http.fetch import Unavailable, number, text
from engcrawl.items import Source
from engcrawl.pages import types
from engcrawl.pages.types import PAGE, POST, PostType
from engcrawl.state import State

logger = logging.getLogger(__name__)

TYPES = "/wp/v2/types"
CLOSED = (401, 403, 404)
"""What the list of a type answers that isn't for readers."""
_COUNTED = 20
"""The most types that are counted without being asked for."""

Ask = Callable[..., Awaitable[Any]]


class RestTypes:
    """Knows the types from earlier runs; before any, that WordPress has posts and pages."""

    def __init__(self, state: State, source: Source) -> None:
        self._runs = state.runs
        asked = state.lists.asked(source)
        listed = asked.answer.more.get("types", ()) if asked else ()
        found = [PostType(**entry | {"taxonomies": tuple(entry["taxonomies"])}) for entry in listed]
        self._types = {type_.name: type_ for type_ in found or (POST, PAGE)}
        self._guessed = not found
        self.told = False
        """Whether REST told them in this run."""

    @property
    def names(self) -> set[str]:
        """Return the types that there are."""
        return set(self._types)

    @property
    def asked(self) -> list[PostType]:
        """Return the types that this run asks for, posts first."""
        asked = [type_ for type_ in self._types.values() if self._runs.asks_for(type_.name)]
        return sorted(asked, key=lambda type_: type_.name != POST.name)

    @property
    def claimed(self) -> int | None:
        """Return how many posts REST says there are of the types asked for; None where it doesn't say."""
        counts = [type_.count for type_ in self.asked]
        return None if None in counts else sum(count for count in counts if count is not None)

    def route(self, name: str) -> str:
        """Return where REST lists the posts of a type."""
        return self._types.get(name, POST).route

    def count(self, name: str, total: int | None) -> None:
        """Take how many posts of a type REST says there are."""
        self._types[name] = replace(self._types[name], count=total)

    def drop(self, name: str) -> None:
        """Take a type out that isn't for readers."""
        del self._types[name]

    async def learn(self, ask: Ask) -> None:
        """Ask REST for the types, once in a run, and for the number of posts of those that aren't asked for."""
        if self.told:
            return
        try:
            found = await ask(TYPES, lambda response: types.read(text(response)))
        except Unavailable as error:
            logger.info("REST could not be asked for its post types: %s", error)
            return
        self.told, self._guessed = True, False
        self._types = {POST.name: POST} | {type_.name: type_ for type_ in found}
        others = [type_ for type_ in found if not self._runs.asks_for(type_.name)]
        for type_ in others[:_COUNTED]:
            try:
                self.count(type_.name, await ask(type_.route, total_of, per_page=1, _fields="id"))
            except Unavailable as error:
                if error.status in CLOSED:
                    self.drop(type_.name)
                logger.info("REST could not be asked how many posts of type %s there are: %s", type_.name, error)
        if left := others[_COUNTED:]:
            names = ", ".join(type_.name for type_ in left)
            logger.info("Posts of only %d further types are counted, not those of %s", _COUNTED, names)

    def more(self) -> list[dict[str, Any]]:
        """Return the types as later runs want to know them; none where REST never told them."""
        return [] if self._guessed else [asdict(type_) for type_ in self._types.values()]


def total_of(response: Response) -> int | None:
    """Return how many posts a list that REST answers with has in all; None where it doesn't say."""
    return number(response, "X-WP-Total")
