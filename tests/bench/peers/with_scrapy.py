"""The forty lines that a user of Scrapy writes: front page, page after page, each post's own page, JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider

from tests.bench.peers.post import read


class BlogSpider(Spider):
    """``scrapy runspider with_scrapy.py -a site=https://example.com -O posts.jsonl``."""

    name = "blog"

    def __init__(self, site: str) -> None:
        super().__init__()
        self.start_urls = [site]
        self.allowed_domains = [str(urlsplit(site).hostname)]

    def parse(self, response: Any) -> Iterator[Request]:
        """Follow a listing page's posts, and the next page."""
        yield from response.follow_all(css="main .entry-title a", callback=self.parse_post)
        yield from response.follow_all(css="link[rel=next]")

    def parse_post(self, response: Any) -> dict[str, Any]:
        """Take a post from its own page."""
        return read(response.selector, response.url)
