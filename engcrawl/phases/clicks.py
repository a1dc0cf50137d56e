"""The way by clicks: a category's page in a real browser, its "Load More" button clicked until it is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parsel import Selector
from playwright.async_api import Error, Locator, Page, Route, TimeoutError
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Response as BrowserResponse

from engcrawl.http.browser.handler import close
from engcrawl.http.engine import closing
from engcrawl.http.fetch import Fetch, Unavailable, html
from engcrawl.http.retry_after import retry_after
from engcrawl.pages import NotThePage, listing
from engcrawl.pages.listing import ListingPage
from engcrawl.phases.category import BrokenWalkError, Category

if TYPE_CHECKING:
    from scrapy.http import Response

logger = logging.getLogger(__name__)

BUTTON = "button.loadmore-btn"
STALE_CLICKS = 3
"""So many clicks in a row that bring no post but those known already end the walk."""

_PATIENCE = 5.0
"""Seconds for a click as a person makes it; where something lies over the button, the click is then made by script."""

_POSTS = """() => document.querySelectorAll('[id^="post-"]').length"""
_MORE_POSTS = """(left) => document.querySelectorAll('[id^="post-"]').length > left"""
_DROP = """(ids) => ids.forEach(id => document.querySelectorAll('#post-' + id).forEach(post => post.remove()))"""


class Clicks:
    """Opens a category once and clicks; each batch of new posts is a page.

    What was read is dropped from the page, so that neither the browser nor this process grows with the clicks.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._crawler = fetch.crawler
        settings = self._crawler.settings
        self._seconds = settings.getfloat("ENGCRAWL_CLICK_TIMEOUT")
        self._tries = settings.getint("RETRY_TIMES") + 1
        self._longest = settings.getfloat("ENGCRAWL_RETRY_AFTER_MAX")
        self._meta: dict[str, Any] = {
            "playwright": True,
            "dont_cache": True,  # a cached answer has no button to click
            "playwright_include_page": True,
            "playwright_context_kwargs": {
                "service_workers": "block",
                "accept_downloads": False,
                "user_agent": settings["USER_AGENT"],
            },
        }

    async def pages(self, category: Category) -> AsyncGenerator[ListingPage, None]:
        """Yield the page as it was opened, then a page for each click that brings new posts.

        The browser's page is closed at the end, whatever ends it. Raises Unavailable, and BrokenWalkError where the
        button goes before the site's own number of pages was there.
        """
        page, first = await self._open(category)
        try:
            category.restart()
            category.take(first, 1)
            yield first
            await page.route("**", _stay)
            async for batch in self._batches(page, category, first):
                category.count(batch, len(category.walked) + 1)
                yield batch
            if category.pages is not None and len(category.walked) < category.pages and not closing(self._crawler):
                raise BrokenWalkError(
                    f"the button is gone after page {len(category.walked)}, where the site says {category.pages} pages"
                )
        except Error as error:
            raise BrokenWalkError(f"the browser failed after {len(category.walked)} pages: {_line(error)}") from error
        except NotThePage as error:  # what a click brought
            raise BrokenWalkError(str(error)) from error
        finally:
            await close(page)

    async def _open(self, category: Category) -> tuple[Page, ListingPage]:
        """Open a category's first page; one that only pretends is closed, and opened again."""
        meta = self._meta | {"playwright_context": category.slug}  # closed with its page
        tries = 0
        while True:
            response = await self._fetch(category.url, _as_it_came, meta=meta)
            page: Page | None = response.meta.get("playwright_page")
            if page is None:
                raise BrokenWalkError("the answer came without a browser (DOWNLOAD_HANDLERS has another handler)")
            try:
                return page, listing.read(*html(response))
            except NotThePage as error:
                await close(page)
                tries += 1
                if tries == self._tries:
                    raise Unavailable(category.url, str(error)) from error

    async def _batches(self, page: Page, category: Category, first: ListingPage) -> AsyncGenerator[ListingPage, None]:
        known = {post.id for post in first.posts}
        left = await _drop(page, first)
        clicks = stale = 0
        button = page.locator(BUTTON).first
        while not closing(self._crawler) and (category.pages is None or len(category.walked) < category.pages):
            if not await button.is_visible():
                return
            clicks += 1
            await self._pause(page)
            if not await self._click(page, button, left, f"click {clicks}"):
                return
            text = await page.content()
            batch = listing.read(Selector(text), text, page.url)
            left = await _drop(page, batch)
            new = [post for post in batch.posts if post.id not in known]
            known.update(post.id for post in new)
            stale = 0 if new else stale + 1
            if stale == STALE_CLICKS:
                raise BrokenWalkError(f"{STALE_CLICKS} clicks up to click {clicks} brought no new post")
            if new:
                yield replace(batch, posts=new, pages=first.pages, flaw=None)

    async def _click(self, page: Page, button: Locator, left: int, name: str) -> bool:
        """Click until there are more posts than *left*; False where the button goes without any.

        Raises BrokenWalkError where tries, or the crawl, are at their end.
        """
        why = ""
        for _ in range(self._tries):
            with _Watch(page) as watch:
                try:
                    await button.click(timeout=1000 * min(_PATIENCE, self._seconds))
                except TimeoutError:
                    logger.info("Something lies over the button, %s is made by script: %s", name, page.url)
                    await button.evaluate("button => button.click()")
                more = asyncio.ensure_future(
                    page.wait_for_function(_MORE_POSTS, arg=left, timeout=1000 * self._seconds)
                )
                failure = asyncio.ensure_future(watch.failed.wait())
                await asyncio.wait({more, failure}, return_when=asyncio.FIRST_COMPLETED)
                failure.cancel()
                if more.done() and not more.exception():
                    await more.result().dispose()
                    return True
                if not await button.is_visible():
                    more.cancel()
                    return False
                more.cancel()
                await asyncio.gather(more, failure, return_exceptions=True)
            why = watch.why or f"no new post within {self._seconds:g} s"
            logger.info("%s: %s: %s", name, why, page.url)
            if closing(self._crawler):
                break
            await asyncio.sleep(min(watch.retry_after, self._longest))
        raise BrokenWalkError(f"{name}: {why} ({self._tries} tries)")

    async def _pause(self, page: Page) -> None:
        """Leave as much time between clicks as between requests."""
        host = page.url.split("/")[2].partition(":")[0]
        slot = self._crawler.engine.downloader.slots.get(host)
        await asyncio.sleep(slot.download_delay() if slot else 0)


class _Watch:
    """Watches a page's own requests fail, while one click's posts are waited for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.failed = asyncio.Event()
        self.why = ""
        self.retry_after = 0.0

    def __enter__(self) -> _Watch:
        self.page.on("response", self._response)
        self.page.on("requestfailed", self._request_failed)
        return self

    def __exit__(self, *_: object) -> None:
        self.page.remove_listener("response", self._response)
        self.page.remove_listener("requestfailed", self._request_failed)

    def _response(self, response: BrowserResponse) -> None:
        if response.status >= 400 and response.request.resource_type in ("xhr", "fetch"):
            headers = response.headers
            self.retry_after = retry_after(headers.get("retry-after", ""), headers.get("date", "")) or 0.0
            self._fail(f"HTTP {response.status}: {response.url}")

    def _request_failed(self, request: BrowserRequest) -> None:
        if request.is_navigation_request():
            self.why = f"the page wants to go to {request.url}"
        elif request.resource_type in ("xhr", "fetch"):
            self._fail(f"{request.failure}: {request.url}")

    def _fail(self, why: str) -> None:
        self.why = why
        self.failed.set()


async def _stay(route: Route) -> None:
    """Answer a page that wants to go elsewhere with 204, No Content: then it stays where it is."""
    if route.request.is_navigation_request():
        await route.fulfill(status=204)
    else:
        await route.fallback()


async def _drop(page: Page, read: ListingPage) -> int:
    """Take the posts that were read out of the page; how many elements of posts are left in it."""
    await page.evaluate(_DROP, [post.id for post in read.posts])
    await page.request_gc()
    left: int = await page.evaluate(_POSTS)
    return left


def _as_it_came(response: Response) -> Response:
    return response


def _line(error: Error) -> str:
    return error.message.partition("\n")[0]
