"""The way by clicks: a category's page in a real browser, its "Load More" button clicked until it is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from parsel import Selector
from playwright.async_api import Error, Locator, Page, Route, TimeoutError
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Response as BrowserResponse

from engcrawl.http.browser.handler import close
from engcrawl.http.fetch import Fetch, html
from engcrawl.http.retry_after import retry_after
from engcrawl.pages import NotThePage, listing
from engcrawl.pages.listing import ListingPage
from engcrawl.phases.category import BrokenWalkError, Category

if TYPE_CHECKING:
    from scrapy.core.downloader import Slot
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
        self._slots = fetch.crawler.engine.downloader.slots
        settings = fetch.crawler.settings
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

        The browser's page is closed at the end, whatever ends it. Raises Unavailable, Stopped, and BrokenWalkError
        where the button goes before the site's own number of pages was there.
        """
        opened: list[Page] = []

        def read(response: Response) -> ListingPage:
            if "playwright_page" not in response.meta:
                raise BrokenWalkError("the answer came without a browser (DOWNLOAD_HANDLERS has another handler)")
            opened.append(response.meta["playwright_page"])
            return listing.read(*html(response))

        try:
            # The context is closed with its page; a page that only pretends is loaded again in the same one.
            first = await self._fetch(category.url, read, meta=self._meta | {"playwright_context": category.slug})
            category.restart()
            category.take(first, 1)
            yield first
            page = opened[-1]
            await page.route("**", _stay)
            async with aclosing(self._batches(page, category, first)) as batches:
                async for batch in batches:
                    category.count(batch, len(category.walked) + 1)
                    yield batch
            if _more(category) and category.pages is not None:
                raise BrokenWalkError(
                    f"the button is gone after page {len(category.walked)}, where the site says {category.pages} pages"
                )
        except Error as error:
            why = error.message.partition("\n")[0]
            raise BrokenWalkError(f"the browser failed after {len(category.walked)} pages: {why}") from error
        except NotThePage as error:  # what a click brought
            raise BrokenWalkError(str(error)) from error
        finally:
            for page in opened:
                await close(page)

    async def _batches(self, page: Page, category: Category, first: ListingPage) -> AsyncGenerator[ListingPage, None]:
        """Click until the button, or the posts, are at their end; yield each batch of new posts."""
        known = {post.id for post in first.posts}
        left = await _drop(page, first)
        clicks = stale = 0
        button, watch = page.locator(BUTTON).first, _Watch(page)
        # Kept for the whole walk: Scrapy forgets a host's slot after a minute without a request of its own.
        slot = self._slots.get(urlsplit(page.url).hostname or "")
        while _more(category) and await button.is_visible():
            self._fetch.stop_if_closing()
            clicks += 1
            if not await self._click(button, watch, left, slot, f"click {clicks}"):
                return
            text = await page.content()
            batch = listing.read(Selector(text), text, page.url)
            left = await _drop(page, batch)
            new = [post for post in batch.posts if post.id not in known]
            known.update(post.id for post in new)
            stale = 0 if new else stale + 1
            if stale == STALE_CLICKS:
                raise BrokenWalkError(f"the last {STALE_CLICKS} of {clicks} clicks brought no new post")
            if new:
                yield replace(batch, posts=new, pages=first.pages, flaw=None)

    async def _click(self, button: Locator, watch: _Watch, left: int, slot: Slot | None, name: str) -> bool:
        """Click until there are more posts than *left*; return False where the button goes without any.

        Before each try as much time passes as between two requests of the download *slot*, ``Crawl-delay`` included.
        Raises Stopped, and BrokenWalkError where tries are at their end.
        """
        page, asked_to_wait = button.page, 0.0
        for _ in range(self._tries):
            await asyncio.sleep(max(asked_to_wait, slot.download_delay() if slot else 0))
            self._fetch.stop_if_closing()
            watch.forget()
            try:
                await button.click(timeout=1000 * min(_PATIENCE, self._seconds))
            except TimeoutError:
                logger.info("Clicked by script (%s) because something covers the button: %s", name, page.url)
                await button.evaluate("button => button.click()")
            more = asyncio.ensure_future(page.wait_for_function(_MORE_POSTS, arg=left, timeout=1000 * self._seconds))
            failure = asyncio.ensure_future(watch.failed.wait())
            try:
                await asyncio.wait({more, failure}, return_when=asyncio.FIRST_COMPLETED)
                if more.done() and not more.exception():
                    await more.result().dispose()
                    return True
                if not await button.is_visible():
                    return False
            finally:
                more.cancel()
                failure.cancel()
                await asyncio.gather(more, failure, return_exceptions=True)
            why = watch.why or f"no new post within {self._seconds:g} s"
            logger.info("A click brought no new posts (%s): %s: %s", name, why, page.url)
            self._fetch.stop_if_closing()
            asked_to_wait = min(watch.retry_after, self._longest)
        raise BrokenWalkError(f"{name}: {why} ({self._tries} tries)")


class _Watch:
    """Watches a page's own requests fail."""

    def __init__(self, page: Page) -> None:
        self.forget()
        page.on("response", self._response)
        page.on("requestfailed", self._request_failed)

    def forget(self) -> None:
        """Begin anew, for another click."""
        self.failed = asyncio.Event()
        self.why = ""
        self.retry_after = 0.0

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


def _more(category: Category) -> bool:
    """Return whether the site doesn't say that all pages were walked."""
    return category.pages is None or len(category.walked) < category.pages


async def _stay(route: Route) -> None:
    """Answer a page that wants to go elsewhere with 204, No Content: then it stays where it is."""
    if route.request.is_navigation_request():
        await route.fulfill(status=204)
    else:
        await route.fallback()


async def _drop(page: Page, read: ListingPage) -> int:
    """Take the posts that were read out of the page; return how many elements of posts are left in it."""
    await page.evaluate(_DROP, [post.id for post in read.posts])
    await page.request_gc()
    left: int = await page.evaluate(_POSTS)
    return left
