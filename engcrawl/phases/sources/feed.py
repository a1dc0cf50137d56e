"""Feeds as a source: the newest posts, and on as long as they name something unknown."""

from __future__ import annotations

from collections.abc import AsyncIterator

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, content_type
from engcrawl.items import Answer, Mention, Source
from engcrawl.pages import feed
from engcrawl.phases.front import Front
from engcrawl.phases.sources import broken_off
from engcrawl.state import State


class Feed:
    """Names the newest posts; all of them where neither REST nor a sitemap was read whole."""

    name: Source = "feed"

    def __init__(self, fetch: Fetch, state: State, front: Front) -> None:
        self._fetch = fetch
        self._state = state
        self._front = front
        self.answer = Answer(status="failed")

    async def mentions(self) -> AsyncIterator[list[Mention]]:
        """Yield the mentions of each page of the feed."""
        listed, page = 0, 1
        said = await self._front.said()
        feed = (said and said.feed) or f"{self._front.site}/feed/"
        while True:
            url = f"{feed}{'&' if '?' in feed else '?'}paged={page}" if page > 1 else feed
            try:
                entries = await self._fetch(url, _read)
            except Unavailable as error:
                whole = page > 1 and error.status == 404  # the one behind the last isn't there
                self.answer = Answer(status="whole") if whole else broken_off(error, begun=page > 1)
                return
            if not entries:
                self.answer = Answer(status="whole")
                return
            listed, page = listed + len(entries), page + 1
            yield entries  # and the state knows them, when it goes on here
            if not self._state.lists.unknown(self.name, entries) and self._enough_without():
                self.answer = Answer(status="part", detail=f"the newest {listed} posts")
                return

    def _enough_without(self) -> bool:
        """Return whether another source was read whole."""
        answers = (self._state.lists.asked("rest"), self._state.lists.asked("sitemap"))
        return any(asked is not None and asked.answer.status == "whole" for asked in answers)


def _read(response: Response) -> list[Mention]:
    return feed.read(response.body, response.url, content_type(response))
