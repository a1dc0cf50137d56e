"""The archive of a blog: the road of a post, phase by phase."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from scrapy import Spider
from scrapy.exceptions import CloseSpider

from engcrawl.arguments import ArchiveArguments
from engcrawl.errors import UsageError
from engcrawl.http.fetch import Fetch, GaveUp, Stopped
from engcrawl.items import Found
from engcrawl.phases.count import Count
from engcrawl.phases.front import Front
from engcrawl.phases.plan import Plan
from engcrawl.phases.quick_check import QuickCheck
from engcrawl.phases.read import Read
from engcrawl.phases.rest_records import RestRecords
from engcrawl.phases.settle import Settle
from engcrawl.phases.sources.rest import Rest
from engcrawl.phases.sources.sitemap import Sitemaps
from engcrawl.phases.types import check_types
from engcrawl.phases.walk import Walk
from engcrawl.report.run import Run


class ArchiveSpider(Spider):
    """Archives a whole WordPress blog: plan, quick check, walk listings, ask the other lists, read posts, settle.

    Each phase is an object of `engcrawl.phases`. The arguments are described in `engcrawl.arguments.ArchiveArguments`.
    """

    name = "archive"
    arguments_class = ArchiveArguments
    run: Run
    """The run, which `engcrawl.extensions.run` gives; its log is what the verdict is decided from."""
    job: str | None = None
    """Scrapyd's ID of the run, where it is Scrapyd that runs it."""

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name)
        self.arguments = ArchiveArguments.parse(kwargs)
        self.site = self.arguments.site
        self.job = kwargs.get("_job")

    async def start(self) -> AsyncIterator[Found]:
        """Send every post that a phase finds into the pipelines."""
        log, every = self.run.log, self.settings.getfloat("ENGCRAWL_FULL_EVERY")
        plan = Plan.of(self.arguments, self.run.state, every)
        log.to_count = plan.counts
        road = self._rest_alone if self.arguments.source == "rest" else self._pages
        try:
            async for found in road(Fetch(self.crawler, self.run.state.failures.has), plan):
                log.sent()
                yield found
        except GaveUp as error:
            log.give_up(str(error))
        except Stopped:
            return
        except UsageError as error:
            log.usage = str(error)
            raise CloseSpider("usage") from error

    async def _pages(self, fetch: Fetch, plan: Plan) -> AsyncIterator[Found]:
        """Yield the posts that their own pages make, or where they have none the sources."""
        state, log = self.run.state, self.run.log
        front = Front(fetch, log, plan.site)
        walk = Walk(fetch, state, log, plan, front)
        rest = Rest(fetch, state, front, anew=plan.sweeping, facts=self.arguments.source != "pages")
        count = Count(fetch, state, log, plan, rest, front, walk.note)
        read = Read(fetch, state, log, plan, rest, walk)
        await check_types(self.arguments, state, log, rest, Sitemaps(fetch, state, front))
        if walk.whole and count.done:
            log.enter("quick check")
            await QuickCheck(fetch, state, log, plan, rest, front).run()
        log.enter("listings")
        await walk.start()
        while True:
            log.enter("listings")
            await walk.run()
            log.enter("other lists")
            await count.run()
            log.enter("reading posts")
            async for found in read.posts():
                yield found
            if not walk.pending:
                break
        walk.record()
        log.enter("settle")
        async for found in Settle(fetch, state, log, plan, read, walk).posts():
            yield found

    async def _rest_alone(self, fetch: Fetch, plan: Plan) -> AsyncIterator[Found]:
        """Yield the posts that REST alone makes."""
        state, log = self.run.state, self.run.log
        front = Front(fetch, log, plan.site)
        rest = Rest(fetch, state, front, anew=plan.sweeping, bodies=True)
        records = RestRecords(fetch, state, log, plan, rest)
        await check_types(self.arguments, state, log, rest, None)
        log.enter("quick check")
        await QuickCheck(fetch, state, log, plan, rest, front).run(records)
        log.enter("reading posts")
        async for found in records.posts():
            yield found
        read = Read(fetch, state, log, plan, rest, records)
        log.enter("settle")
        async for found in Settle(fetch, state, log, plan, read, records).posts():
            yield found
