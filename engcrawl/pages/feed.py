"""Feeds: RSS 2.0 and Atom (RFC 4287)."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from engcrawl.items import Mention
from engcrawl.pages import xml
from engcrawl.pages.page import NotThePage
from engcrawl.text.urls import permalink, same_host

_ATOM = "{http://www.w3.org/2005/Atom}"
_ENTRIES = {"rss": "item", f"{_ATOM}feed": f"{_ATOM}entry"}
"""The tags of feeds, and of their entries."""
_ID = re.compile(r"(?:^|&)p=(\d+)(?:&|$)")

_ROOT = re.compile(r"<((?:[\w-]+:)?(?:rss|feed))(?:\s[^<>]*)?>")
_MOST = 10_000
"""Entries that are read one by one, which takes time; real feeds have some tens."""
_ROOM = "<x>" * 9
"""Elements around an entry, for stray end tags to close."""
_PAGE = re.compile(r"<html[\s>]", re.IGNORECASE)


def read(content: bytes, url: str, content_type: str | None = None) -> list[Mention]:
    """Return the posts of a feed, in its order; WordPress writes their IDs into the entries' own (``/?p=N``).

    What is wrong with an entry costs that entry's facts alone. Raises NotThePage for what is no feed or was cut short.
    """
    text = xml.mended(xml.document(content, content_type))
    try:
        root = _parsed(text)
    except etree.XMLSyntaxError as error:
        return _one_by_one(xml.without_cdata(text), url, error)
    if root.tag not in _ENTRIES:
        raise NotThePage(f"no feed, but <{root.tag}>")
    return [_named(entry, url) for entry in root.iter(_ENTRIES[root.tag])]


def _parsed(text: str, *, recover: bool = False) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=recover)
    return etree.fromstring(text.encode(), parser)


def _one_by_one(text: str, url: str, error: etree.XMLSyntaxError) -> list[Mention]:
    """Return the posts of a feed that isn't well-formed; each entry is read on its own, so that it spoils no other."""
    root = _ROOT.search(text)
    if root is None or _PAGE.search(text, 0, root.start()):
        raise NotThePage(f"no feed: {error}") from error
    start, end = f"{root[0]}{_ROOM}", f"</{root[1]}>"
    if _parsed(start + end, recover=True).tag not in _ENTRIES:
        raise NotThePage(f"no feed, but <{root[1]}>") from error
    name = root[1].replace("rss", "item").replace("feed", "entry")
    starts = [found.start() for found in re.finditer(rf"<{name}[\s/>]", text)]
    ends = [found.start() for found in re.finditer(rf"</{root[1]}\s*>", text)]
    if not ends or ends[-1] < max(starts, default=0):
        raise NotThePage(f"a feed cut short: {error}") from error
    if len(starts) > _MOST:
        raise NotThePage(f"a broken feed of {len(starts)} entries: {error}") from error
    entries = (text[here:after] for here, after in pairwise([*starts, ends[-1]]))
    return [_named(_parsed(f"{start}{entry}{end}", recover=True), url, ".//") for entry in entries]


def _named(entry: Any, url: str, within: str = "./") -> Mention:
    """Return what *entry* says of its post, in elements that stand *within* it in this place (ElementPath)."""

    def text(tag: str) -> str | None:
        found = ((element.text or "").strip() for element in entry.iterfind(within + tag))
        return next(filter(None, found), None)

    links = entry.iterfind(f"{within}{_ATOM}link")
    alternate = (link.get("href") for link in links if link.get("rel") in (None, "alternate"))
    address, own_id = text("link") or next(filter(None, alternate), None), text("guid") or text(f"{_ATOM}id")
    number = _ID.search(urlsplit(own_id).query) if own_id and same_host(own_id, url) else None
    return Mention(
        url=permalink(address, url) if address else "",
        post=int(number[1]) if number else None,
        modified=text(f"{_ATOM}updated"),
    )
