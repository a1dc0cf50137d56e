"""Downloader middleware: the blog's own hosts only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from engcrawl.http.refused import Refused
from engcrawl.text.urls import same_host

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


class OwnHosts:
    """Refuses every request that leaves the hosts of the spider's ``site``: links, redirects and retries.

    Scrapy's own `OffsiteMiddleware` lets requests with ``dont_filter`` through, which a retried request and what
    it is redirected to have, and drops others before their errback could report them.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise Refused for a request to another host."""
        site: str | None = getattr(self.crawler.spider, "site", None)
        if site is not None and not same_host(request.url, site):
            self.crawler.stats.inc_value("engcrawl/refused/other_host")
            raise Refused(f"leads to another host than {site}: {request.url}", "external")
