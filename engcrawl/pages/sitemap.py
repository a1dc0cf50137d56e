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
from engcrawl.pages import xml
from engcrawl.pages.page import NotThePage
from engcrawl.text.urls import absolute, permalink

WELL_KNOWN = ("/sitemap_index.xml", "/wp-sitemap.xml")
"""Where Yoast and WordPress have theirs, if robots.txt names none."""
WELL_KNOWN_PLAIN = ("/?sitemap=index", "/?sitemap=1")
"""Where WordPress and Yoast have theirs with plain permalinks."""
LARGEST = 50 * 1024 * 1024
"""Bytes: the most that a sitemap may have, unpacked (sitemaps.org)."""

_END = re.compile(r"</((?:[\w-]+:)?)(?:urlset|sitemapindex)\s*>")
_TAIL = 2000
"""Characters in which the last tag must be."""
_GZIP = b"\x1f\x8b\x08"


@dataclass(frozen=True)
class SitemapPage:
    """A sitemap, or an index of sitemaps."""

    is_index: bool
    entries: list[Mention]


def read_robots(text: bytes, url: str) -> list[str]:
    """Return the sitemaps that a robots.txt names."""
    return [found for found in sitemap_urls_from_robots(text, url) if absolute(found, url)]


def read(content: bytes, url: str, content_type: str | None = None) -> SitemapPage:
    """Return what a sitemap lists, gzipped or not (sitemaps.org).

    Raises NotThePage where it is none, was cut short, is larger than `LARGEST`, or has an entry that can't be read.
    """
    if content.startswith(_GZIP):
        try:
            content = gunzip(content, max_size=LARGEST)
        except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
            raise NotThePage(f"a gzipped sitemap that can't be unpacked: {error}") from error
    text = xml.mended(xml.document(content, content_type))
    end = _END.search(text, max(0, len(text) - _TAIL))
    if not end:
        raise NotThePage("no sitemap, or one cut short: its last tag isn't there")
    try:
        sitemap = Sitemap(text.encode())
        entries = [_entry(entry, url) for entry in sitemap]
    except (etree.XMLSyntaxError, StopIteration) as error:
        raise NotThePage(f"no sitemap: {error}") from error
    listed = len(re.findall(rf"<{end[1]}loc[\s/>]", xml.without_cdata(text)))
    if listed != len(entries):  # the parser goes on behind an error, without a word of what that cost
        raise NotThePage(f"a sitemap with errors: of its {listed} entries {len(entries)} can be read")
    return SitemapPage(sitemap.type == "sitemapindex", entries)


def _entry(found: dict[str, str], url: str) -> Mention:
    address = permalink(found["loc"], url) if found["loc"] else ""
    return Mention(url=address, modified=found.get("lastmod") or None)
