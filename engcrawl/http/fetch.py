"""Getting pages: awaited, one or several at once, with every reason why one is unavailable as one exception."""

from __future__ import annotations

import asyncio
import re
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
from engcrawl.http.refused import Cause, NoRobotsTxtError, Refused, status_told, told, unavailable
from engcrawl.pages import AnotherKindError, NotThePage
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
_VARYING = re.compile(r"(?<= titled ).*|\S+://\S+|\d+")
"""What differs in the reasons of failures that have one cause: titles, addresses, numbers."""


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

    @property
    def trouble(self) -> str | None:
        """Return a failure's cause, in the same words for every such page; None if other pages need not fail too.

        That a page is gone, elsewhere, or forbidden by robots.txt says nothing of others.
        """
        if self.cause and self.status not in (401, 403):
            return None
        return f"HTTP {self.status}" if self.status else _VARYING.sub("", self.reason)


class Stopped(Exception):
    """The crawl is closing: a signal, or one of Scrapy's limits."""


class GaveUp(Stopped):
    """Every page would fail, for one cause, which the message says."""


class Fetch:
    """Gets pages for one spider, through Scrapy's downloader and its middlewares.

    After ``ENGCRAWL_FAILURES_IN_A_ROW`` failures of one cause, with nothing read between, it is `hopeless`, until
    something is read. Pages that *failed_before*, in earlier runs, don't count: they come first, and all others would
    wait for them.
    """

    def __init__(self, crawler: Crawler, failed_before: Callable[[str], bool] = lambda _: False) -> None:
        self.crawler = crawler
        self._expected = unavailable(crawler.settings)
        self.hopeless: str | None = None
        """Why every further page would fail too; None as long as one may be readable."""
        self._most = crawler.settings.getint("ENGCRAWL_FAILURES_IN_A_ROW")
        self._failed_before = failed_before
        self._trouble = ""
        self._in_a_row = 0
        self._site: str = crawler.spider.site  # type: ignore[union-attr]

    def stop_if_closing(self) -> None:
        """Raise Stopped once the crawl is closing: from then on nothing may be requested, and no item yielded."""
        if closing(self.crawler):
            raise Stopped

    def stop_if_hopeless(self) -> None:
        """Raise GaveUp where page after page has failed for one cause."""
        if self.hopeless:
            raise GaveUp(f"stopped after {self.hopeless}")

    def try_one_more(self) -> None:
        """Allow one more try after `hopeless`: a page of another kind may still be readable."""
        if self.hopeless:
            self.hopeless, self._trouble, self._in_a_row = None, "", self._most - 1

    def _count(self, error: Unavailable) -> None:
        trouble = error.trouble
        if trouble is None or self._failed_before(error.url):
            return
        self._in_a_row = self._in_a_row + 1 if self._trouble in (trouble, "") else 1
        self._trouble = trouble
        if 0 < self._most <= self._in_a_row and not self.hopeless:
            self.hopeless = f"{self._most} failures in a row: {error}"

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
        try:
            page = await self._read(url, read, headers, dict(meta or {}))
        except Unavailable as error:
            self._count(error)
            raise
        self._in_a_row, self.hopeless = 0, None
        return page

    async def _read(
        self,
        url: str,
        read: Callable[[Response], Page],
        headers: Mapping[str, str] | None,
        meta: dict[str, Any],
    ) -> Page:
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
            if not isinstance(error, self._expected):
                raise  # an error in the code
            if isinstance(error, NoRobotsTxtError) and urlsplit(error.url).netloc == urlsplit(self._site).netloc:
                raise GaveUp(str(error)) from error  # nothing of this blog may be requested
            raise Unavailable(url, told(error), error.cause if isinstance(error, Refused) else None) from error

    async def pooled(
        self, jobs: Iterable[Job], work: Callable[[Job], Coroutine[Any, Any, Result]]
    ) -> AsyncGenerator[Result, None]:
        """Yield what *work* makes of each of *jobs*, as it comes; no more at once than Scrapy's CONCURRENT_REQUESTS.

        A job is taken when there is room for it. An exception of *work* ends the others, and is raised; after GaveUp
        they come to their end first. Raises Stopped once the crawl is closing: the others come to their end by
        themselves then, so that each download has someone who waits for it.
        """
        gave_up: GaveUp | None = None
        workers = self.crawler.settings.getint("CONCURRENT_REQUESTS")  # `download_async` doesn't count
        waiting = iter(jobs)
        under_way: set[asyncio.Task[Result]] = set()
        try:
            while True:
                while not gave_up and len(under_way) < workers and (job := next(waiting, None)) is not None:
                    task = asyncio.create_task(work(job))
                    task.add_done_callback(_retrieve)
                    under_way.add(task)
                if not under_way:
                    if gave_up:
                        raise gave_up
                    return
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    try:
                        result = task.result()
                    except GaveUp as error:
                        gave_up = error
                        continue
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
    """Retrieve a task's exception: otherwise asyncio logs it, even when the crawl is over."""
    if not task.cancelled():
        task.exception()


def html(response: Response) -> tuple[Selector, str, str]:
    """Return what `engcrawl.pages` read from: selector, text and address. Raises NotThePage for binary data."""
    if not isinstance(response, TextResponse):
        if not response.body:
            raise NotThePage("an empty body")
        kind = content_type(response) or "no content type"
        raise AnotherKindError(f"not an HTML page: {kind}", "a file")
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
