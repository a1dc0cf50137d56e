"""What several spiders share: the state, requests that are never dropped, and a report of what could not be had."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from scrapy import Request, Spider
from scrapy.core.scheduler import Scheduler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

import engcrawl.signals
from engcrawl.http.engine import closing
from engcrawl.items import Post
from engcrawl.state import State
from engcrawl.text import dates

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_POLL = 0.05
"""Seconds between two looks at whether all is quiet."""


class BaseSpider(Spider):
    """A spider whose runs know each other."""

    memory: State
    """What earlier runs know, and what this one stores; `engcrawl.extensions.lock.Lock` gives it."""
    job: str | None = None
    """Scrapyd's ID of the run, where it is Scrapyd that runs it."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Scrapy's way to make a spider; Scrapyd gives its job's ID as an argument of its own."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.job = kwargs.get("_job")
        return spider

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._problems = 0
        self._now = self._full_since = ""
        """When this run began, and the full walk that it is part of."""

    def _request(self, url: str, callback: Any, errback: Any, /, **kwargs: Any) -> Request:
        # dont_filter: what comes twice is decided here, by post and by page; a request is never dropped silently.
        return Request(url, callback, errback=errback, cb_kwargs=kwargs, dont_filter=True)

    @property
    def _trying_again(self) -> bool:
        """Whether this run begins a full walk: then what could not be had is tried once more."""
        return bool(self._now) and self._full_since == self._now

    async def _quiet(self) -> bool:
        """Wait until every request made so far has been dealt with, its callback too; False if the crawl is closing."""
        engine = self.crawler.engine
        while not closing(self.crawler):
            waiting = cast("Scheduler", engine.scheduler).has_pending_requests() or engine.downloader.active
            scraper = engine.scraper.slot
            if not waiting and scraper is not None and scraper.is_idle():
                return True
            await asyncio.sleep(_POLL)  # no signal tells of the last item's end
        return False

    def _again(self, response: Response, why: str) -> list[Request] | None:
        """The same request once more for a page that only pretended, or None when it was retried enough."""
        assert response.request is not None
        self.logger.info("Not the page: %s: %s", response.url, why)
        retry = get_retry_request(response.request, spider=self, reason="not the page")
        return [retry] if retry else None

    def _problem(self, url: str, why: str, post_id: int | None = None) -> None:
        self._problems += 1
        self.crawler.signals.send_catch_log(engcrawl.signals.problem, url=url, reason=why, post_id=post_id)

    def _count(self, stat: str) -> None:
        self.crawler.stats.inc_value(f"engcrawl/{stat}")


def day_of(post: Post) -> date | None:
    """The day of a post, for ``since`` and ``until``; None where there is none that can be read."""
    if post.published_date:
        try:
            return dates.day(post.published_date)
        except ValueError:
            return None  # the pipelines report it
    return None if post.external else dates.permalink_day(post.url)


def reason(failure: Failure) -> str:
    """One line that says why a request has no page: the status, the error, and how often it was tried."""
    if answered := status(failure):
        why = f"HTTP {answered}"
    elif isinstance(failure.value, DownloadCancelledError):  # Scrapy says why in its log alone
        why = "larger than DOWNLOAD_MAXSIZE"
    else:
        plain = isinstance(failure.value, IgnoreRequest)
        why = " ".join((str(failure.value) if plain else f"{type(failure.value).__name__}: {failure.value}").split())
    retries = failure.request.meta.get("retry_times", 0)  # type: ignore[attr-defined]
    return f"{why} ({retries + 1} tries)" if retries else why


def status(failure: Failure) -> int | None:
    """The status of an answer that wasn't a success; None for a failure without an answer."""
    return failure.value.response.status if isinstance(failure.value, HttpError) else None


def cause(failure: Failure) -> Literal["gone", "forbidden", "external"] | None:
    """Why what was asked for can't be had, whoever asks again; None where another try may help."""
    answered = status(failure)
    if answered in (404, 410):
        return "gone"
    ignored = str(failure.value) if isinstance(failure.value, IgnoreRequest) else ""
    if answered in (401, 403) or "robots.txt" in ignored:
        return "forbidden"
    return "external" if "another host" in ignored else None


def asked(source: Response | Failure) -> str:
    """The address that was asked for, before any redirect."""
    request: Request = source.request  # type: ignore[assignment, union-attr]  # Scrapy sets it on both
    first: str = request.meta.get("redirect_urls", [request.url])[0]
    return first
