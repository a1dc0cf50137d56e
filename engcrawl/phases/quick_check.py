"""The quick check: find out with few requests what is new, and whether the site's own counts agree."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection

from scrapy.http import Response

from engcrawl.http.fetch import Fetch, Unavailable, html
from engcrawl.items import Answer, Mention, Source
from engcrawl.pages import listing
from engcrawl.phases.count import ask
from engcrawl.phases.front import Front
from engcrawl.phases.plan import Plan
from engcrawl.phases.rest_records import RestRecords
from engcrawl.phases.sources.rest import Rest, modified_since
from engcrawl.phases.sources.sitemap import Sitemaps
from engcrawl.report.runlog import RunLog
from engcrawl.state import State
from engcrawl.state.schedule import AT_ONCE

logger = logging.getLogger(__name__)


class QuickCheck:
    """Asks REST, or the sitemap and the front page, what is new. If that explains the site's counts, no walk is needed.

    If it doesn't, a new sweep begins. Run this only after a whole sweep.
    """

    def __init__(self, fetch: Fetch, state: State, log: RunLog, plan: Plan, rest: Rest, front: Front) -> None:
        self._fetch = fetch
        self._state = state
        self._log = log
        self._plan = plan
        self._rest = rest
        self._front = front

    async def run(self, records: RestRecords | None = None) -> None:
        """Set `Plan.vouched` if a source shows all that is new. *records* takes REST's posts for ``source=rest``."""
        if not self._plan.counts or self._plan.sweeping:
            return
        vouches: bool | None = None
        if self._was_whole("rest"):
            others = self._not_in_rest() if records is None else set()
            vouches = await self._by_rest(records, others)
            if (vouches and others) or (vouches is None and records is None):  # it says nothing of them, or of any
                vouches = await self._by_sitemap() if self._was_whole("sitemap") else None
        elif self._was_whole("sitemap") and records is None:
            vouches = await self._by_sitemap()
        if vouches and records is not None and self._state.wants.count(AT_ONCE, pages=True) > records.ready:
            vouches = False  # an earlier run didn't come to store them, or the inventory alone has seen them
        if vouches:
            self._plan.vouched, self._plan.due_by = True, AT_ONCE
        elif vouches is False:
            logger.info(
                "Beginning a sweep: the site's own counts of its posts show changes that the quick check didn't find"
            )
            self._plan.begin_sweep(self._state)

    def _was_whole(self, source: Source) -> bool:
        asked = self._state.lists.asked(source)
        return asked is not None and asked.answer.status == "whole" and asked.whole >= self._plan.sweep

    def _not_in_rest(self) -> set[str]:
        """Return the types asked for that only sitemaps have."""
        asked = self._state.lists.asked("sitemap")
        found = asked.answer.more.get("types", ()) if asked else ()
        return {type_ for type_ in found if self._state.runs.asks_for(type_)} - self._rest.types.names

    async def _by_rest(self, records: RestRecords | None, others: Collection[str]) -> bool | None:
        """Return whether REST's counts show that every post is known now; None if REST doesn't say."""
        lists = self._state.lists
        before = lists.asked("rest")
        assert before is not None
        try:
            news = await self._rest.news(modified_since(self._state), before.answer.more.get("numbers", {}))
            await self._rest.ask_categories()
        except Unavailable as error:
            if records is None:
                self._log.note(error.url, f"REST doesn't say what is new: {error.reason}")
            return None
        mentions = self._rest.mentions_of(news.posts)
        if records is None:
            lists.mentions.put("rest", mentions)
        else:
            records.take_news(mentions)
        if self._rest.moved or 2 * lists.mentions.moved > len(mentions):
            return False  # the posts' own addresses may have, too: the blog has other permalinks
        if None in news.totals.values():
            return None
        expected = Counter(before.answer.more.get("categories", {}))
        counted = self._rest.counts.keys() | expected.keys()  # not the terms of a further type's own taxonomies
        expected.update({slug: count for slug, count in lists.mentions.refiled.items() if slug in counted})
        named = lists.count("rest")
        same = self._rest.counts == expected and all(named[type_] == total for type_, total in news.totals.items())
        if not (news.all_modified and same):
            return False
        if lists.lacks("rest", others):
            return None
        answer = Answer(status="whole", claimed=self._rest.types.claimed, more=self._rest.more())
        lists.answered("rest", answer, whole=False)
        self._log.sources["rest"] = "whole"
        return True

    async def _by_sitemap(self) -> bool | None:
        """Return whether the sitemap and the front page show that every post is known now; None if they don't say."""
        known = await self._front_page_is_known()
        before = self._state.lists.asked("sitemap")
        assert before is not None
        sitemaps = Sitemaps(self._fetch, self._state, self._front, before.answer.more["urls"])
        if await ask(sitemaps, self._state, self._log):
            return False
        whole = sitemaps.answer.status == "whole"
        return True if whole and known and not self._state.lists.lacks("sitemap") else None

    async def _front_page_is_known(self) -> bool:
        if not self._plan.of_posts:
            return True

        def read(response: Response) -> list[Mention]:
            posts = listing.read(*html(response)).posts
            return [Mention(url=post.url, post=post.id) for post in posts]

        try:
            mentions = await self._fetch(f"{self._plan.site}/", read)
        except Unavailable as error:
            logger.info("The front page could not be read for new posts: %s", error)
            return False
        return bool(mentions) and self._state.posts.has_all(mentions)
