"""Feeds: RSS 2.0 and Atom."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import etree
from parsel import Selector
from scrapy.utils.iterators import xmliter_lxml

from engcrawl.items import Mention
from engcrawl.pages.page import NotThePage, plain_xml
from engcrawl.text.urls import permalink, same_host

_ATOM = "http://www.w3.org/2005/Atom"
_ID = re.compile(r"(?:^|&)p=(\d+)(?:&|$)")


def read(content: bytes, url: str) -> list[Mention]:
    """The posts of a feed, in its order; WordPress writes their IDs into the entries' own (``/?p=N``).

    Raises NotThePage.
    """
    try:
        root = etree.fromstring(plain_xml(content), etree.XMLParser(resolve_entities=False, no_network=True))
        if root.tag == "rss":
            return [_rss(item, url) for item in xmliter_lxml(content, "item")]
        if root.tag == f"{{{_ATOM}}}feed":
            return [_atom(item, url) for item in xmliter_lxml(content, "entry", _ATOM, "atom")]
    except etree.XMLSyntaxError as error:
        raise NotThePage(f"no feed, or one cut short: {error}") from error
    raise NotThePage(f"no feed, but <{root.tag}>")


def _rss(item: Selector, url: str) -> Mention:
    return _entry(item.xpath("./guid/text()").get(), item.xpath("./link/text()").get(), url)


def _atom(item: Selector, url: str) -> Mention:
    link = item.xpath("./atom:link[not(@rel) or @rel='alternate']/@href").get()
    return _entry(item.xpath("./atom:id/text()").get(), link, url)


def _entry(own_id: str | None, link: str | None, url: str) -> Mention:
    found = _ID.search(urlsplit(own_id or "").query) if own_id and same_host(own_id, url) else None
    return Mention(url=permalink(link or "", url), post=int(found.group(1)) if found else None)
