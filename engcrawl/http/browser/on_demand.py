"""Scrapy's own download handler, with a browser for the requests that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from engcrawl.http.browser.handler import BrowserHandler


class BrowserOnDemand(HTTP11DownloadHandler):
    """Downloads as Scrapy does; the first request with ``playwright`` in its meta brings scrapy-playwright in.

    scrapy-playwright's handler alone would import Playwright and start its driver for every crawl.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._browser: BrowserHandler | None = None

    async def download_request(self, request: Request) -> Response:
        """Download as Scrapy does, or in the browser if the request asks for one."""
        if not request.meta.get("playwright"):
            return await super().download_request(request)
        if self._browser is None:
            from engcrawl.http.browser.handler import BrowserHandler

            self._browser = BrowserHandler(self.crawler)
        return await self._browser.download_request(request)

    async def close(self) -> None:
        """Close the browser too, where there is one."""
        if self._browser is not None:
            await self._browser.close()
        await super().close()
