"""scrapy-playwright's download handler: started late, on the site's own host alone, everything closed after errors."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from playwright.async_api import Browser, Error, Page
from playwright.async_api import Request as BrowserRequest
from scrapy import Request
from scrapy.exceptions import DownloadFailedError, IgnoreRequest
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler
from scrapy_playwright.provider import PlaywrightBrowserProvider

from engcrawl.http.addresses import addresses_of
from engcrawl.http.browser.chromium import arguments, launch_options
from engcrawl.http.robots import RobotsTxt
from engcrawl.text.urls import same_host

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_USELESS = {"image", "media", "font"}


class ChromiumProvider(PlaywrightBrowserProvider):
    """Starts the Chromium that `engcrawl.http.browser.chromium` finds."""

    async def launch_browser(self) -> Browser:
        """Start it. Raises NoChromiumError."""
        assert self.browser_type is not None
        options = launch_options(self.browser_type.executable_path) | self.config.launch_options
        return await self.browser_type.launch(**options)


class BrowserHandler(ScrapyPlaywrightDownloadHandler):
    """Opens pages for requests with ``playwright`` in their meta; a page that failed is closed with its context."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.site: str = crawler.spider.site  # type: ignore[union-attr]
        self.abort_request = self._unwanted
        self._launching = asyncio.Lock()

    async def download_request(self, request: Request) -> Response:
        """Load a page in the browser, which the first request starts.

        Raises DownloadFailedError, which is retried, for what the browser can't load, NoChromiumError, and
        IgnoreRequest where the site's name leads to an address that isn't public.
        """
        try:
            async with self._launching:
                if not hasattr(self, "browser_provider"):
                    # Chromium resolves no name by itself: it gets the addresses that were checked.
                    options = {"args": arguments(await addresses_of(self.site))}
                    self.config.launch_options = options | self.config.launch_options
                    await self._launch()
            response = await super().download_request(request)
        except Error as error:
            await self._give_up(request)
            raise DownloadFailedError(error.message.partition("\n")[0]) from error
        if response.status != 200:
            await self._give_up(request)
        return response

    async def _give_up(self, request: Request) -> None:
        page = request.meta.pop("playwright_page", None)
        if page is not None:
            await close(page)

    async def _unwanted(self, request: BrowserRequest) -> bool:
        """Return whether the page must do without: other hosts, what only eyes need, what robots.txt forbids."""
        if request.resource_type in _USELESS or not same_host(request.url, self.site):
            return True
        robots = self.crawler.get_downloader_middleware(RobotsTxt)
        try:
            if robots is not None:
                await robots.process_request(Request(request.url))
        except IgnoreRequest:
            return True
        return False


async def close(page: Page) -> None:
    """Close a page with its context; one that went with its browser is closed already."""
    with contextlib.suppress(Error):
        await page.context.close()
