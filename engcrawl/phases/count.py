"""The inventory: asks every source but listings for all posts that it names."""

from __future__ import annotations

import logging
from collections.abc import Callable

from engcrawl.http.fetch import Fetch
from engcrawl.items import ASKED, PROVING, Source
from engcrawl.phases.front import Front
from engcrawl.phases.plan import Plan
from engcrawl.phases.sources import NamingSource
from engcrawl.phases.sources.feed import Feed
from engcrawl.phases.sources.rest import Rest
from engcrawl.phases.sources.sitemap import Sitemaps
from engcrawl.report.runlog import RunLog
from engcrawl.state import State

logger = logging.getLogger(__name__)


class Count:
    """Asks REST, sitemaps and feeds, one after the other; the state keeps what they name.

    All of them once in each sweep; those that failed or broke off again in the next run. A run that takes a part of
    the archive asks REST, or sitemaps, for posts of further types alone: no listing has them. *note* takes the
    categories that REST names: slug -> address.
    """

    def __init__(
        self,
        fetch: Fetch,
        state: State,
        log: RunLog,
        plan: Plan,
        rest: Rest,
        front: Front,
        note: Callable[[dict[str, str | None]], None],
    ) -> None:
        self._state = state
        self._log = log
        self._plan = plan
        self._rest = rest
        self._note = note
        self._sitemaps = Sitemaps(fetch, state, front)
        self._sources: dict[Source, NamingSource] = sources(rest, self._sitemaps, Feed(fetch, state, front))
        self._asked_for_a_part = False

    @property
    def done(self) -> bool:
        """Return whether every source was asked since the sweep began."""
        asked = [self._state.lists.asked(name) for name in ASKED if name != "feed" or self._plan.of_posts]
        return all(one is not None and one.run >= self._plan.sweep for one in asked)

    async def run(self) -> None:
        """Ask every source that is due for all that it names."""
        if not self._plan.counts:
            await self._ask_for_a_part()
            return
        for name in self._due():
            if await ask(self._sources[name], self._state, self._log) and not self._plan.sweeping:
                self._state.runs.sweep_next()  # what became of those that it names no more, the next run finds out
            if name == "rest":
                self._note({category.slug: category.url for category in self._rest.categories if category.count})

    async def _ask_for_a_part(self) -> None:
        """Ask REST, or else the sitemaps, for posts of the types other than `post` that are asked for."""
        if not self._plan.further or self._asked_for_a_part:
            return
        self._asked_for_a_part = True
        for source in (self._rest, self._sitemaps):
            async for mentions in source.mentions(further=True):
                self._state.lists.mentions.put(source.name, mentions)
            self._log.sources[source.name] = source.answer.status
            if source.answer.status == "whole":
                return
        self._log.problem(
            f"{self._plan.site}/", f"no list of its posts of other types could be read: {source.answer.detail}"
        )

    def _due(self) -> list[Source]:
        """Return the sources to ask: those that weren't since the sweep began, and those that are to be asked again."""
        asked = {name: self._state.lists.asked(name) for name in ASKED}
        this_run, sweep = self._plan.run, self._plan.sweep
        return [
            name
            for name, last in asked.items()
            if (name != "feed" or self._plan.of_posts)
            and (not last or last.run < sweep or (last.answer.again and last.run < this_run))
        ]


def sources(*named: NamingSource) -> dict[Source, NamingSource]:
    """Return the sources of a blog by their names."""
    return {source.name: source for source in named}


async def ask(source: NamingSource, state: State, log: RunLog) -> int:
    """Ask a source for all that it names; return how many posts it doesn't name any more."""
    async for mentions in source.mentions():
        state.lists.mentions.put(source.name, mentions)
    return answered(source, state, log)


def answered(source: NamingSource, state: State, log: RunLog) -> int:
    """Record the answer of a source that was asked for all; return how many posts it doesn't name any more.

    A source that proved the archive before and fails is told of in each run; one that the site closed, in the first.
    """
    answer, before = source.answer, state.lists.asked(source.name)
    vanished = state.lists.answered(source.name, answer, whole=answer.status == "whole")
    said = f"{source.name} {answer.told}"
    logger.info("Asked for all posts: %s", said)
    log.sources[source.name] = answer.status
    if source.name in PROVING and before and before.whole and answer.status != "whole":
        if answer.again:
            log.failing.append(said)
        elif before.answer.status != answer.status:
            log.note(state.site, f"{said}; it proved the archive in an earlier run")
    return vanished
