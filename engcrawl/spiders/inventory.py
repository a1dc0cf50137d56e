"""The inventory of a blog: its own lists of posts, compared with the archive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from scrapy import Spider
from scrapy.exceptions import CloseSpider

from engcrawl.arguments import InventoryArguments
from engcrawl.errors import UsageError
from engcrawl.http.fetch import Fetch, GaveUp, Stopped
from engcrawl.items import ASKED
from engcrawl.phases.count import ask, sources
from engcrawl.phases.front import Front
from engcrawl.phases.sources.feed import Feed
from engcrawl.phases.sources.rest import Rest
from engcrawl.phases.sources.sitemap import Sitemaps
from engcrawl.phases.types import check_types
from engcrawl.report.run import Run
from engcrawl.state.schedule import AT_ONCE


class InventorySpider(Spider):
    """Compares the archive with REST, sitemaps and feeds, without fetching a post.

    Posts that the archive lacks are fetched by the next run of `engcrawl.spiders.archive.ArchiveSpider`. The
    argument is described in `engcrawl.arguments.InventoryArguments`.
    """

    name = "inventory"
    arguments_class = InventoryArguments
    run: Run
    """The run, which `engcrawl.extensions.run` gives."""
    job: str | None = None
    """Scrapyd's ID of the run, where it is Scrapyd that runs it."""

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name)
        self.arguments = InventoryArguments.parse(kwargs)
        self.site = self.arguments.site
        self.job = kwargs.get("_job")

    async def start(self) -> AsyncIterator[Any]:
        """Ask one source after the other."""
        state, log = self.run.state, self.run.log
        fetch = Fetch(self.crawler)
        front = Front(fetch, log, self.site)
        rest, sitemaps = Rest(fetch, state, front, anew=False), Sitemaps(fetch, state, front)
        named = sources(rest, sitemaps, Feed(fetch, state, front))
        try:
            await check_types(self.arguments, state, log, rest, sitemaps)
            log.enter("other lists")
            for name in ASKED:
                if await ask(named[name], state, log):
                    state.runs.sweep_next()  # what became of those posts the next archive run is to find out
        except GaveUp as error:
            log.give_up(str(error))
        except Stopped:
            return
        except UsageError as error:
            log.usage = str(error)
            raise CloseSpider("usage") from error
        log.to_count, log.unread = True, state.wants.count(AT_ONCE, pages=True)
        return
        yield  # a generator, which Scrapy asks for
