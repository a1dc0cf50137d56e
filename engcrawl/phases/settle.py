"""Settling a run: find posts that are gone, and send changes that no finished feed has yet."""

from __future__ import annotations

from collections.abc import AsyncIterator

from engcrawl.http.fetch import Fetch
from engcrawl.items import Found
from engcrawl.phases.plan import Plan
from engcrawl.phases.read import Read, Walked
from engcrawl.report.runlog import RunLog
from engcrawl.state import State
from engcrawl.state.schedule import AT_ONCE


class Settle:
    """Finds posts that are gone, sends the outbox's changes, and reports what will be tried again."""

    def __init__(self, fetch: Fetch, state: State, log: RunLog, plan: Plan, read: Read, walked: Walked) -> None:
        self._fetch = fetch
        self._state = state
        self._log = log
        self._plan = plan
        self._read = read
        self._walked = walked

    async def posts(self) -> AsyncIterator[Found]:
        """Yield the posts that are gone, if all was walked; then those with changes that no feed has yet."""
        if self._walked.fully:
            async for found in self._read.unlisted():
                yield found
            if self._walked.fully:
                for post in self._gone():
                    record = self._state.posts.record(post)
                    assert record is not None
                    self._log.took()
                    yield Found(post=record, gone=True)
        await self._log.all_done()
        for found in self._state.changes.untold():
            self._fetch.stop_if_closing()
            self._log.took()
            yield found
        if not self._plan.arguments.filtered:
            self._name_flawed()
            if self._plan.arguments.source != "rest":
                self._name_put_off()

    def _gone(self) -> list[int]:
        asked = self._state.lists.asked("rest")
        if asked is None or asked.answer.status != "whole" or asked.whole < self._plan.sweep:
            return self._read.missing
        return self._read.missing + self._state.wants.unlisted_elsewhere(self._plan.sweep)  # they have no page to ask

    def _name_flawed(self) -> None:
        """Name what is wrong with records that earlier runs made and this one didn't."""
        named = {problem.post for problem in self._log.problems}
        for post, url, problems in self._state.posts.flawed():
            for why in problems if post not in named else ():
                self._log.problem(url, why, post)

    def _name_put_off(self) -> None:
        """Report earlier failures that this run didn't try again: as problems, or as notes if REST had the body."""
        for row in self._state.failures.put_off():
            if row.post is None and not self._state.lists.named(row.url):
                continue
            when = "in the next run" if row.retry_at == AT_ONCE else f"after {row.retry_at}"
            record = self._state.posts.record(row.post) if row.post else None
            name = self._log.note if record and record.content_source == "rest" else self._log.problem
            name(row.url, f"{row.reason} (in {row.count} runs; tried again {when})", row.post)
