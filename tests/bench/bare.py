"""A bare spider: requests the addresses of a file, and ignores what comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from scrapy import Request, Spider
from scrapy.http import Response


class BareSpider(Spider):
    """``-a urls=FILE``, an address a line."""

    name = "bare"
    urls: str

    async def start(self) -> AsyncIterator[Request]:
        """A request for each line."""
        for line in Path(self.urls).read_text().splitlines():
            yield Request(line, dont_filter=True)

    def parse(self, response: Response) -> None:
        """Nothing."""
