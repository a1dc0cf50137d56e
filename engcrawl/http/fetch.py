"""Getting pages: awaited, one or several at once, with every reason why one is unavailable as one exception."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from parsel import Selector
from scrapy import Request
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Response, TextResponse
from scrapy.http.request import NO_CALLBACK

from engcrawl.http.engine import closing
from engcrawl.http.refused import Cause, NoRobotsTxtError, Refused, status_told, told
from engcrawl.pages import NotThePage
from engcrawl.text.decoding import Kind, decoded

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

Page = TypeVar("Page")
Job = TypeVar("Job")
Result = TypeVar("Result")

_CAUSES: dict[int, Cause] = {401: "forbidden", 403: "forbidden", 404: "gone", 410: "gone"}
OVERRULED = "engcrawl/charset_overruled"
"""Prefix of the stats that count answers whose header claims a charset, its last part, that they aren't in."""
_OVERRULED = "charset_overruled"


@dataclass(eq=False)
class Unavailable(Exception):
    """The page at *url* is unavailable, for this *reason*."""

    url: str
    reason: str
    cause: Cause | None = None
    """Why no other try helps; None where one may."""
    status: int | None = None
    """The answer's; None without an answer."""

    def __str__(self) -> str:
        return f"{self.reason}: {self.url}"

    @property
    def absent(self) -> bool:
        """Return whether the site says that there is no such page."""
        return self.cause == "gone"


class Stopped(Exception):
    """The crawl is closing: a signal, or one of Scrapy's limits."""


class GaveUp(Stopped):
    """Every page would fail, for one cause: the message says which."""


class Fetch:
    """Gets pages for one spider, through Scrapy's downloader and its middlewares."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._site: str = crawler.spider.site  # type: ignore[union-attr]

    def stop_if_closing(self) -> None:
        """Raise Stopped once the crawl is closing: from then on nothing may be requested, and no item yielded."""
        if closing(self.crawler):
            raise Stopped

    async def __call__(
        self,
        url: str,
        read: Callable[[Response], Page],
        *,
        headers: Mapping[str, str] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Page:
        """Return what *read* makes of the page at *url*; a page that only pretends (NotThePage) is retried.

        ``handle_httpstatus_list`` in *meta* names statuses that *read* takes beside those of success.
        Raises Unavailable and Stopped.
        """
        meta = dict(meta or {})
        request = Request(url, headers=headers, meta=meta, callback=NO_CALLBACK, dont_filter=True)
        while True:
            response = await self._download(url, request)
            assert response.request is not None
            if not 200 <= response.status < 300 and response.status not in meta.get("handle_httpstatus_list", ()):
                raise Unavailable(url, status_told(response), _CAUSES.get(response.status), response.status)
            try:
                page = read(response)
            except NotThePage as error:
                self.stop_if_closing()
                assert self.crawler.spider is not None
                self.crawler.spider.logger.info("Not the page: %s: %s", response.url, error)
                again = get_retry_request(response.request, spider=self.crawler.spider, reason="not the page")
                if again is None:
                    raise Unavailable(url, str(error)) from error
                request = again
            else:
                if wrong := response.meta.get(_OVERRULED):
                    self.crawler.stats.inc_value(f"{OVERRULED}/{wrong}")
                return page

    async def _download(self, url: str, request: Request) -> Response:
        self.stop_if_closing()
        try:
            return await self.crawler.engine.download_async(request)
        except Exception as error:
            self.stop_if_closing()  # then the engine's own account of the request may be closed already
            if isinstance(error, NoRobotsTxtError) and urlsplit(error.url).netloc == urlsplit(self._site).netloc:
                raise GaveUp(str(error)) from error  # nothing of this blog may be requested
            raise Unavailable(url, told(error), error.cause if isinstance(error, Refused) else None) from error

    async def pooled(
        self, jobs: Iterable[Job], work: Callable[[Job], Coroutine[Any, Any, Result]]
    ) -> AsyncGenerator[Result, None]:
        """Yield what *work* makes of each of *jobs*, as it comes; no more at once than Scrapy's CONCURRENT_REQUESTS.

        A job is taken when there is room for it. An exception of *work* ends the others, and is raised. Raises Stopped
        once the crawl is closing: the others come to their end by themselves then, so that each download has someone
        who waits for it.
        """
        workers = self.crawler.settings.getint("CONCURRENT_REQUESTS")  # `download_async` doesn't count
        waiting = iter(jobs)
        under_way: set[asyncio.Task[Result]] = set()
        try:
            while True:
                while len(under_way) < workers and (job := next(waiting, None)) is not None:
                    task = asyncio.create_task(work(job))
                    task.add_done_callback(_retrieve)
                    under_way.add(task)
                if not under_way:
                    return
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    result = task.result()
                    self.stop_if_closing()
                    yield result
        except Stopped:
            await asyncio.gather(*under_way, return_exceptions=True)
            raise
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Look at how a task ended: asyncio logs an error that nobody looked at, also where the crawl is over anyway."""
    if not task.cancelled():
        task.exception()


def html(response: Response) -> tuple[Selector, str, str]:
    """Return what `engcrawl.pages` read from: selector, text and address. Raises NotThePage for binary data."""
    if not isinstance(response, TextResponse):
        kind = (response.headers.get("Content-Type") or b"no content type").decode("latin-1")
        raise NotThePage("an empty body" if not response.body else f"not an HTML page: {kind}")
    # Not `response.selector`: it and the response keep each other alive until the next full garbage collection.
    page = _decoded(response, "html")
    return Selector(page), page, response.url


def text(response: Response) -> str:
    """Return the text of an answer in JSON. Raises NotThePage for binary data."""
    if not isinstance(response, TextResponse):
        raise NotThePage("no JSON")
    return _decoded(response, "json")


def content_type(response: Response) -> str | None:
    """Return the ``Content-Type`` of an answer; None without one."""
    value = response.headers.get("Content-Type")
    return value.decode("latin-1") if value else None


def _decoded(response: Response, kind: Kind) -> str:
    """Return the text of an answer as what its bytes are, and note a charset that its header claims wrongly."""
    found = decoded(response.body, content_type(response), kind)
    if found.overruled:
        response.meta[_OVERRULED] = found.overruled
    return found.text


def number(response: Response, header: str) -> int | None:
    """Return the whole number in a header of an answer; None where there is none."""
    value = (response.headers.get(header) or b"").decode("latin-1").strip()
    return int(value) if value.isdecimal() else None
