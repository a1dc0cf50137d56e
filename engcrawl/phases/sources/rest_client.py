"""Asking REST: where it is, as earlier runs or the front page know it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable
from engcrawl.pages import NotThePage
from engcrawl.phases.front import Front
from engcrawl.phases.rest_root import RestRoot

Answered = TypeVar("Answered")


class RestClient:
    """Asks for routes of REST; *known* is where it was in earlier runs."""

    def __init__(self, fetch: Fetch, front: Front, known: RestRoot | None = None) -> None:
        self._fetch = fetch
        self._front = front
        self._roots = [] if known is None else [known]
        """Where it may be; one, once it answered. Empty: the front page is to tell."""
        self._kept = bool(self._roots)
        """Whether that is known from earlier runs alone."""
        self.moved = False
        """Whether it was elsewhere in earlier runs."""

    async def ask(
        self, route: str, read: Callable[[Response], Answered], answers: Sequence[int] = (), **query: Any
    ) -> Answered:
        """Ask for a route; where REST isn't where it was before, the front page is to say where it is now.

        *read* takes also the statuses *answers*. Raises Unavailable.
        """
        if not self._roots:
            self._roots = await self._front.rest_roots()
        try:
            return await self._ask_each(route, read, answers, query)
        except Unavailable as error:
            if not (self._kept and _not_there(error)):
                raise
            self._kept = False
            roots = await self._front.rest_roots()
            if self._roots[0] in roots:
                raise
            self._roots, self.moved = roots, True
            return await self._ask_each(route, read, answers, query)

    async def _ask_each(
        self, route: str, read: Callable[[Response], Answered], answers: Sequence[int], query: dict[str, Any]
    ) -> Answered:
        """Ask in each place where REST may be until one answers. Raises Unavailable, of the first place."""
        first: Unavailable | None = None
        for root in self._roots:
            try:
                answer = await self._fetch(root.at(route, **query), read, meta={"handle_httpstatus_list": answers})
            except Unavailable as error:
                first = first or error
                if not _not_there(error):
                    break
            else:
                self._roots, self._kept = [root], False
                return answer
        assert first is not None
        raise first

    def more(self) -> dict[str, str]:
        """Return where it is, as later runs want to know it."""
        return {"root": self._roots[0].url} if len(self._roots) == 1 else {}


def _not_there(error: Unavailable) -> bool:
    """Return whether something else than REST answered."""
    return error.absent or isinstance(error.__cause__, NotThePage)
