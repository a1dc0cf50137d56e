"""Sitemaps (sitemaps.org): Yoast's, WordPress' own, and any that robots.txt names."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from lxml import etree
from scrapy.utils.gz import gunzip
from scrapy.utils.sitemap import Sitemap, sitemap_urls_from_robots

from engcrawl.items import Mention
from engcrawl.pages.page import NotThePage, plain_xml
from engcrawl.text.urls import absolute, permalink

WELL_KNOWN = ("/sitemap_index.xml", "/wp-sitemap.xml")
"""Where Yoast and WordPress have theirs, if robots.txt names none."""
LARGEST = 50 * 1024 * 1024
"""Bytes: the most that a sitemap may have, unpacked (sitemaps.org)."""

_END = re.compile(rb"</(?:[\w-]+:)?(?:urlset|sitemapindex)\s*>")
_OF_POSTS = re.compile(r"/(?:post-sitemap\d*|wp-sitemap-posts-post-\d+)\.xml(?:\.gz)?$")
_GZIP = b"\x1f\x8b\x08"


@dataclass(frozen=True)
class SitemapPage:
    """A sitemap, or an index of sitemaps."""

    is_index: bool
    entries: list[Mention]


def read_robots(text: bytes, url: str) -> list[str]:
    """The sitemaps that a robots.txt names."""
    return [found for found in sitemap_urls_from_robots(text, url) if absolute(found, url)]


def read(content: bytes, url: str) -> SitemapPage:
    """Read a sitemap, gzipped or not.

    Raises NotThePage where it is none, was cut short, or is larger than `LARGEST`.
    """
    if content.startswith(_GZIP):
        try:
            content = gunzip(content, max_size=LARGEST)
        except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
            raise NotThePage(f"a gzipped sitemap that can't be unpacked: {error}") from error
    if not _END.search(content[-2000:]):
        raise NotThePage("no sitemap, or one cut short: its last tag isn't there")
    try:
        sitemap = Sitemap(plain_xml(content))
        entries = [_entry(entry, url) for entry in sitemap]
    except (etree.XMLSyntaxError, StopIteration) as error:
        raise NotThePage(f"no sitemap: {error}") from error
    return SitemapPage(sitemap.type == "sitemapindex", entries)


def of_posts(entries: list[Mention]) -> list[Mention]:
    """Of an index' sitemaps those that list posts, as Yoast and WordPress name them."""
    return [entry for entry in entries if _OF_POSTS.search(entry.url)]


def _entry(found: dict[str, str], url: str) -> Mention:
    return Mention(url=permalink(found["loc"], url), modified=found.get("lastmod") or None)
