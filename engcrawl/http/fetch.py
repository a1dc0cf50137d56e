"""Getting one page: awaited, with every reason why it could not be had as one exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from parsel import Selector
from scrapy import Request
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response, TextResponse
from scrapy.http.request import NO_CALLBACK

from engcrawl.http.engine import closing
from engcrawl.pages import NotThePage
from engcrawl.text.decoding import Kind, decoded

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

Cause = Literal["gone", "forbidden", "external"]
Page = TypeVar("Page")
OVERRULED = "engcrawl/charset_overruled"
"""Prefix of the stats that count answers whose header claims a charset, its last part, that they aren't in."""
_OVERRULED = "charset_overruled"


class Unavailable(Exception):
    """What was asked for at *url* could not be had, for this *reason*.

    *cause* says why no other try helps; None where one may. *status* is the answer's, None without an answer.
    """

    def __init__(self, url: str, reason: str, cause: Cause | None = None, status: int | None = None) -> None:
        super().__init__(f"{reason}: {url}")
        self.url = url
        self.reason = reason
        self.cause = cause
        self.status = status

    @property
    def absent(self) -> bool:
        """Return whether the site says that there is no such page."""
        return self.cause == "gone"


class Stopped(Exception):
    """The crawl is closing: a signal, or one of Scrapy's limits."""


class Fetch:
    """Gets pages for one spider, through Scrapy's downloader and its middlewares."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.workers = crawler.settings.getint("CONCURRENT_REQUESTS")
        """How many pages may be under way at once; `Crawler.engine.download_async` doesn't count them."""

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
        request = Request(url, headers=headers, meta=dict(meta or {}), callback=NO_CALLBACK, dont_filter=True)
        allowed = (meta or {}).get("handle_httpstatus_list", ())
        while True:
            response = await self._download(url, request)
            if not (200 <= response.status < 300 or response.status in allowed):
                raise Unavailable(
                    url,
                    self._tries(f"HTTP {response.status}", response.request),
                    _cause(response.status),
                    response.status,
                )
            try:
                page = read(response)
            except NotThePage as error:
                self.stop_if_closing()
                assert response.request is not None
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
            if isinstance(error, IgnoreRequest):
                why = str(error)
                raise Unavailable(url, why, _refusal(why)) from error
            if isinstance(error, DownloadCancelledError):  # Scrapy says why in its log alone
                raise Unavailable(url, "larger than DOWNLOAD_MAXSIZE") from error
            raise Unavailable(url, self._tries(f"{type(error).__name__}: {error}", request)) from error

    def _tries(self, why: str, request: Request | None) -> str:
        retries = request.meta.get("retry_times", 0) if request else 0
        why = " ".join(why.split())
        return f"{why} ({retries + 1} tries)" if retries else why


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


def _cause(status: int) -> Cause | None:
    return "gone" if status in (404, 410) else "forbidden" if status in (401, 403) else None


def _refusal(why: str) -> Cause | None:
    """Return the cause of a request that a middleware refused."""
    return "forbidden" if "robots.txt" in why else "external" if "another host" in why else None
