"""Bodies that posts' own pages lack: they come from REST, or an extractor's guess is kept."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from engcrawl.http.fetch import Unavailable
from engcrawl.items import Found
from engcrawl.phases.plan import Plan
from engcrawl.phases.sources.rest import Rest
from engcrawl.phases.sources.rest_walk import PER_PAGE
from engcrawl.report.runlog import RunLog
from engcrawl.state import State
from engcrawl.state.wants import Wanted

logger = logging.getLogger(__name__)

_GUESS = 250
"""If REST says that the body is empty, an extractor's guess must have this many characters to be kept."""
_OF_A_PAGE = ("authors", "excerpt", "image_url", "language", "modified_at", "published_at")
"""Facts that a page may give and REST may not."""


@dataclass(frozen=True, slots=True)
class _Bodiless:
    """A post whose body is missing or cut, and the error of its page; None if the page was read."""

    wanted: Wanted
    found: Found
    error: Unavailable | None
    cut: bool
    """Whether its page shows a part of the body alone, and leads to no other."""


class Bodies:
    """Asks REST for missing bodies, 100 with each request."""

    def __init__(self, state: State, log: RunLog, plan: Plan, rest: Rest) -> None:
        self._state = state
        self._log = log
        self._plan = plan
        self._rest = rest
        self.waiting: list[_Bodiless] = []
        self._in_parts: dict[str, asyncio.Task[set[int]]] = {}

    @property
    def full(self) -> bool:
        """Return whether enough posts wait for a request."""
        return len(self.waiting) >= PER_PAGE

    def put(self, wanted: Wanted, found: Found, error: Unavailable | None = None, *, cut: bool = False) -> Found | None:
        """Queue a post whose body REST is asked for; return the post if REST isn't needed.

        A record that was read from its page is never replaced by a poorer one because the page failed tonight.
        """
        record = wanted.record
        if error and record and record.content_html is not None and record.content_source != "rest":
            return self._lost(wanted, error)
        if found.post.protected and not error:
            return found
        self.waiting.append(_Bodiless(wanted, found, error, cut))
        return None

    async def in_parts(self, post: int, type_: str) -> bool:
        """Return whether REST knows that a post's body is split over several pages; it is asked once for each type."""
        if type_ not in self._in_parts:
            self._in_parts[type_] = asyncio.create_task(self._ask_in_parts(type_))
        return post in await self._in_parts[type_]

    async def _ask_in_parts(self, type_: str) -> set[int]:
        if not (self._plan.counts and self._rest.may_tell(self._plan)):
            return set()
        try:
            return await self._rest.in_parts(type_)
        except Unavailable as error:
            logger.info("REST could not be asked which posts are split over several pages: %s", error)
            return set()

    async def ask(self) -> list[Found]:
        """Ask for the bodies of the first 100 queued posts; return those posts."""
        asked, self.waiting = self.waiting[:PER_PAGE], self.waiting[PER_PAGE:]
        bodies: dict[int, str | None] = {}
        if self._rest.may_tell(self._plan):
            try:
                bodies = await self._rest.bodies({one.wanted.id: one.found.post.type for one in asked})
            except Unavailable as error:
                logger.info("REST could not be asked for %d posts' bodies: %s", len(asked), error)
        found = (self._settled(one, bodies) for one in asked)
        return [one for one in found if one]

    def _settled(self, one: _Bodiless, bodies: dict[int, str | None]) -> Found | None:
        post, body = one.found.post, bodies.get(one.wanted.id)
        if body:
            post.content_html, post.content_source = body, "rest"
        elif one.cut:
            one.found.problems.append("its page shows only the first part of its body, and has no link to the next one")
        elif one.error is None:
            self._guess(one.found, one.wanted.id in bodies)
        if one.error is None:
            return one.found
        if not body and not (post.protected and one.wanted.id in bodies):
            return self._lost(one.wanted, one.error)
        lacking = ", ".join(name for name in _OF_A_PAGE if not getattr(post, name))
        self._log.note(
            one.error.url, f"{one.error.reason}: read from REST" + (f", without {lacking}" if lacking else ""), post.id
        )
        self._state.failures.put(one.wanted.post.url, one.error.reason, post=post.id)
        return one.found

    def _guess(self, found: Found, rest_says_empty: bool) -> None:
        """Keep an extractor's guess at the body of a post whose page has no body element, unless REST knows better."""
        post = found.post
        if rest_says_empty and len(post.content_html or "") < _GUESS:
            post.content_html = post.content_source = None
        elif post.content_html is None:
            found.problems.append("no body on its page or in REST")

    def _lost(self, wanted: Wanted, error: Unavailable) -> Found | None:
        """Report a post that neither its page nor REST has; return what the lists say of it, if it has no record."""
        cause = None if error.absent or wanted.listed or wanted.record else error.cause
        if self._state.failures.put(wanted.post.url, error.reason, post=wanted.id, cause=cause):
            self._log.unlisted(error.url, f"{cause}: {error.reason}", wanted.id)
            return None
        self._log.problem(error.url, error.reason, wanted.id)
        if wanted.record or cause:
            self._log.done("lost")
            return None
        return Found(post=replace(wanted.post, content_html=None, content_source=None), lost=True)
