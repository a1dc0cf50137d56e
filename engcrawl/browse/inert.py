"""A post's body for a page of ours: it runs nothing, restyles nothing, and asks no host for anything."""

from __future__ import annotations

import re

import nh3
from lxml.html import HtmlElement, tostring

from engcrawl.pages.page import UNPRINTABLE
from engcrawl.text.fragments import fragment

_TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}
_EMBEDDED = ("img", "iframe", "video", "audio", "embed", "object")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def inert(html: str, url: str) -> str:
    """Return the body with plain text markup alone; in place of each picture or embed there is a link to it."""
    if not html.strip():
        return ""
    body = fragment(UNPRINTABLE.sub("", html))
    body.make_links_absolute(url, resolve_base_href=False, handle_failures="ignore")
    for element in list(body.iter(*_EMBEDDED)):
        _name(element)
    for link in list(body.iter("a")):
        if not link.text_content().strip():
            link.drop_tag()
    return nh3.clean(tostring(body, encoding="unicode"), tags=_TAGS, url_schemes={"http", "https", "mailto", "tel"})


def _name(element: HtmlElement) -> None:
    """Put what a picture or an embed is, and a link to it, in its place."""
    if element.getparent() is None:
        return
    source = element.get("src") or ""
    kind = "picture" if element.tag == "img" else "embed"
    alt = UNPRINTABLE.sub("", element.get("alt") or element.get("title") or "").strip()
    linked = _ADDRESS.match(source) and next(element.iterancestors("a"), None) is None
    there = HtmlElement()
    there.tag = "a" if linked else "em"
    if linked:
        there.set("href", source)
    there.text = f"[{kind}: {alt}]" if alt else f"[{kind}]"
    there.tail = element.tail
    element.getparent().replace(element, there)
