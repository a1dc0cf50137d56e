"""A download handler that answers with captured pages, byte for byte, and 404 for everything else.

The setting ``REPLAY`` maps addresses to files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response


class ReplayHandler(BaseDownloadHandler):
    """Stands in for ``https``."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.pages: dict[str, Any] = crawler.settings.getdict("REPLAY")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        """The captured page at the request's address."""
        page = self.pages.get(request.url)
        if page is None:
            return Response(request.url, status=404, request=request)
        body = Path(page).read_bytes()
        headers = {"Content-Type": "text/html; charset=UTF-8"}
        return HtmlResponse(request.url, headers=headers, body=body, request=request)
