"""Records from REST alone, bodies included (``source=rest``)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from engcrawl.http.fetch import Fetch
from engcrawl.items import Found, Mention, Post
from engcrawl.phases.count import answered
from engcrawl.phases.plan import Plan
from engcrawl.phases.sources.rest import Rest
from engcrawl.report.runlog import RunLog
from engcrawl.state import State


class RestRecords:
    """Makes a record of each post of which REST says something else than when its record was made."""

    def __init__(self, fetch: Fetch, state: State, log: RunLog, plan: Plan, rest: Rest) -> None:
        self._fetch = fetch
        self._state = state
        self._log = log
        self._plan = plan
        self._rest = rest
        self._out: set[int] = set()
        self._news: list[Found] = []

    @property
    def ready(self) -> int:
        """Return how many posts of the quick check are ready to be stored."""
        return len(self._news)

    @property
    def fully(self) -> bool:
        """Return whether REST named all its posts in this run, and nothing went wrong in it."""
        asked = self._state.lists.asked("rest")
        read = asked is not None and asked.answer.status == "whole" and asked.run == self._plan.run
        return read and not self._plan.arguments.filtered and not self._log.problems

    def note(self, named: dict[str, str | None]) -> None:
        """Leave the categories that pages name alone: no listing is walked."""

    async def posts(self) -> AsyncIterator[Found]:
        """Yield the posts of the quick check, where that was enough; else those of all that REST names."""
        for found in self._news:
            yield found
        if self._plan.vouched:
            return
        async for mentions in self._rest.mentions():
            for found in self.take(mentions):
                self._fetch.stop_if_closing()
                yield found
        if answered(self._rest, self._state, self._log) and not (self._plan.sweeping or self._plan.arguments.filtered):
            self._plan.begin_sweep(self._state)
        answer = self._rest.answer
        if answer.status != "whole":
            self._log.problem(self._plan.site, f"REST {answer.told}")

    def take_news(self, mentions: list[Mention]) -> None:
        """Take what the quick check found to be new."""
        self._news += self.take(mentions)

    def take(self, mentions: list[Mention]) -> list[Found]:
        """Take mentions with bodies in their facts; return the posts whose records they change."""
        posts = {mention.post: mention.facts for mention in mentions if mention.post and mention.facts}
        bare = [replace(mention, facts=_bodiless(mention.facts)) for mention in mentions if mention.facts]
        self._state.lists.mentions.put("rest", bare)
        found = []
        for post_id, (facts, record) in self._state.wants.news(list(posts)).items():
            post = posts[post_id]
            if post_id in self._out:
                continue
            self._out.add(post_id)
            if not self._plan.takes(post):
                self._log.filtered_out += 1
                continue
            if record:
                post.keep(record)
            self._log.took()
            found.append(Found(post=post, facts=facts))
        return found


def _bodiless(post: Post) -> Post:
    return replace(post, content_html=None, content_source=None)
