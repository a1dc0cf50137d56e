"""Shared by all kinds of pages: checking that it is the wanted page, and querying its tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from engcrawl.text.fragments import CLASSES
from engcrawl.text.urls import absolute, absolute_srcset, image

_OWN_ENTITIES = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->)*<!DOCTYPE(?:[^>\[\"']++|\"[^\"]*\"|'[^']*')*+\[", re.DOTALL
)

_END_OF_PAGE = re.compile(r"</html\s*>", re.IGNORECASE)


UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML may have (XML 1.0, 2.2), and lxml refuses to write; HTML's parser lets it through."""


class NotThePage(Exception):
    """A response that pretends: it came with success, but isn't the page that was asked for."""


class AnotherKindError(NotThePage):
    """A page that isn't a post's, as WordPress itself says; *kind* says what it is: "a page", "a listing"."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def has(class_name: str) -> str:
    """Return an XPath condition: the element has this class."""
    return f'contains(concat(" ", normalize-space(@class), " "), " {class_name} ")'


def xpath(expression: str) -> Callable[..., Any]:
    """Compile an XPath expression (a listing page asks the same questions of each of its posts)."""
    compiled: Callable[..., Any] = etree.XPath(expression, smart_strings=False)
    return compiled


def whole(text: str, root: Any, url: str) -> HtmlElement:
    """Return the tree of a page that arrived whole, from *url*; relative addresses in it are relative to that.

    Raises NotThePage for an empty body, for something that isn't HTML, and for a page cut short.
    """
    if not text or text.isspace():
        raise NotThePage("an empty body")
    if not isinstance(root, HtmlElement):
        raise NotThePage("not an HTML page")
    if "</html>" not in text and not _END_OF_PAGE.search(text):  # the expression alone takes its time
        raise NotThePage("a page cut short: it has no </html>")
    root.getroottree().parser.set_element_class_lookup(CLASSES)
    if bases := _BASE(root):
        _resolve(root, absolute(bases[0], url) or url)
    return root


def _resolve(root: HtmlElement, base: str) -> None:
    """Make a page's addresses absolute where it says itself what they are relative to (``<base href>``)."""
    for element in root.iter("*"):
        for name, value in element.attrib.items():
            if name in _ADDRESSES:
                element.set(name, absolute(value, base) or value)
            elif name in ("srcset", "data-srcset", "data-lazy-srcset"):
                element.set(name, absolute_srcset(value, base))


def plain_xml(content: bytes) -> bytes:
    """Return an XML document as it is.

    Raises NotThePage where it declares entities of its own: no sitemap or feed does.
    """
    if _OWN_ENTITIES.match(content):
        raise NotThePage("an XML document with declarations of its own (<!DOCTYPE … [)")
    return content


def described(root: HtmlElement) -> str:
    """Describe a page that isn't the wanted one, for the one who reads the verdict."""
    title = folded(root.findtext(".//title") or "")
    password = root.xpath('boolean(//input[@type="password"])')
    return f"{'a login form' if password else 'a page'} titled {title!r}"


def folded(text: str) -> str:
    """Return *text* with white space folded: one space between words, none around."""
    return " ".join(text.split())


def text_of(element: HtmlElement | None) -> str:
    """Return the folded text of an element; "" for None."""
    return "" if element is None else folded(str(element.text_content()))


def first(found: list[Any]) -> Any:
    """Return the first of an XPath result, or None."""
    return found[0] if found else None


def drop(element: Any) -> None:
    """Take an element or a comment out of its tree, and leave the text behind it in place."""
    parent = element.getparent()
    if parent is None:
        return
    if tail := UNPRINTABLE.sub("", element.tail or ""):
        previous = element.getprevious()
        if previous is None:
            parent.text = UNPRINTABLE.sub("", parent.text or "") + tail
        else:
            previous.tail = UNPRINTABLE.sub("", previous.tail or "") + tail
    parent.remove(element)


_BASE = xpath("//head/base/@href")
_ADDRESSES = frozenset(("href", "src", "data-src", "data-lazy-src", "poster", "cite", "data", "action"))


def meta(root: HtmlElement, name: str) -> str | None:
    """Return the content of ``<meta property=name>`` or ``<meta name=name>``; None where missing or empty."""
    named = (element.get("content") for element in root.iter("meta") if name in map(element.get, ("property", "name")))
    return folded(next((value for value in named if value is not None), "")) or None


def image_of(element: HtmlElement, base: str) -> str | None:
    """Return the address of an ``<img>``'s full picture; where it is loaded late, of the one to come."""
    sources = (element.get(name) for name in ("data-src", "data-lazy-src", "src"))
    return next((url for src in sources if src and (url := image(src, base))), None)
