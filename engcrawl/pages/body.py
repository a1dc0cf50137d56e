"""A post's body: cut free from what themes and plugins put into it, with absolute links."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from lxml import html
from lxml.html import HtmlElement

from engcrawl.pages.page import has, xpath
from engcrawl.text.safe import safe
from engcrawl.text.urls import absolute

_NOT_THE_BODY = xpath(
    " | ".join(
        (
            ".//script | .//style | .//template | .//noscript | .//comment()",
            f".//*[{has('sharedaddy')}]",  # Jetpack's share and like blocks
            f".//*[{has('jp-relatedposts')} or {has('related-articles')}]",  # "read more"
            f".//*[{has('page-links')} or {has('post-nav-links')}]",  # links to the further pages of a long post
        )
    )
)
_PART_LINKS = xpath(f".//*[{has('page-links')} or {has('post-nav-links')}]//a/@href")
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,]|[^\s,])\s*([^,]*)(?:,|$)")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What browsers leave out of an address, and what no XML may have."""
_EITHER_WAY = re.compile(r'=""|</?tbody>|</(?:source|track|wbr)>|(<pre[^>]*>)\n')
"""What markup can have or not and mean the same (HTML Standard, 13.1.2)."""


def parts(element: HtmlElement, url: str) -> int:
    """How many pages the post's body is split over: the highest N of its own links ``URL/N/``; 1 without any."""
    own = urlsplit(url).path.rstrip("/") + "/"
    paths = (urlsplit(link).path for href in _PART_LINKS(element) if (link := absolute(href, url)))
    numbers = (path.removeprefix(own).strip("/") for path in paths if path.startswith(own))
    return max((int(number) for number in numbers if number.isdecimal()), default=1)


def cleaned(content: HtmlElement, base: str) -> str | None:
    """The inner HTML of *content* (which is changed): only the body, links absolute; None where nothing is left."""
    for element in _NOT_THE_BODY(content):
        _drop(element)
    for element in content.iter("img", "source", "iframe"):
        _load_now(element)
    for element in content.iter("iframe"):
        element[:], element.text = [], None  # for browsers without frames: text for all others
    content.rewrite_links(lambda link: _absolute(link, base), resolve_base_href=False)
    for element in content.iter("img", "source"):
        if srcset := element.get("srcset"):
            element.set("srcset", _BREAKS.sub("", absolute_srcset(srcset, base)))
    content.attrib.clear()
    written = _inside(content)
    harmless = safe(written)
    if harmless != written and not _same(harmless, written):
        written = harmless
    return written.strip() or None


def absolute_srcset(srcset: str, base: str) -> str:
    """A ``srcset`` (HTML Standard, "image candidate strings") with absolute addresses, which may hold commas."""
    candidates = (f"{absolute(url, base) or url} {size}".strip() for url, size in _CANDIDATE.findall(srcset))
    return ", ".join(candidates)


def _same(harmless: str, written: str) -> bool:
    """Whether nothing had to go: then the body stays written as it is in archives already."""
    again = _inside(html.fragment_fromstring(harmless, create_parent="div"))
    return _EITHER_WAY.sub(r"\1", again) == _EITHER_WAY.sub(r"\1", written)


def _absolute(link: str, base: str) -> str:
    plain = _BREAKS.sub("", link)
    return absolute(plain, base) or plain


def _inside(element: HtmlElement) -> str:
    """The inner HTML of *element*."""
    outer: str = html.tostring(element, encoding="unicode", with_tail=False)
    return outer[outer.index(">") + 1 : outer.rindex("</")]


def _load_now(element: HtmlElement) -> None:
    """Give a picture or an embed that is loaded late, by a script, its address now."""
    for name, late in (("src", ("data-src", "data-lazy-src")), ("srcset", ("data-srcset", "data-lazy-srcset"))):
        for attribute in late:
            if value := element.attrib.pop(attribute, None):
                element.set(name, _BREAKS.sub("", value))


def _drop(element: Any) -> None:
    """Take an element (or a comment) out, its tail left in place."""
    if isinstance(element, HtmlElement):
        element.drop_tree()
        return
    previous, parent = element.getprevious(), element.getparent()
    if element.tail:
        if previous is None:
            parent.text = (parent.text or "") + element.tail
        else:
            previous.tail = (previous.tail or "") + element.tail
    parent.remove(element)
