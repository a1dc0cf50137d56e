"""What all pages share: is it the page at all, and how its tree is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lxml import etree
from lxml.html import HtmlComment, HtmlElement, HtmlProcessingInstruction

from engcrawl.text.urls import image

_OWN_ENTITIES = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->)*<!DOCTYPE(?:[^>\[\"']++|\"[^\"]*\"|'[^']*')*+\[", re.DOTALL
)

_END_OF_PAGE = re.compile(r"</html\s*>", re.IGNORECASE)


UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML may have (XML 1.0, 2.2), and lxml refuses to write; HTML's parser lets it through."""


_CLASSES = etree.ElementDefaultClassLookup(HtmlElement, HtmlComment, HtmlProcessingInstruction)
"""Which class an element has: lxml asks a Python function for each, each time, for the sake of forms' classes."""


class NotThePage(Exception):
    """A response that pretends: it came with success, but isn't the page that was asked for."""


def has(class_name: str) -> str:
    """An XPath condition: the element has this class."""
    return f'contains(concat(" ", normalize-space(@class), " "), " {class_name} ")'


def xpath(expression: str) -> Callable[..., Any]:
    """A compiled XPath expression (a listing page asks the same questions of each of its posts)."""
    compiled: Callable[..., Any] = etree.XPath(expression, smart_strings=False)
    return compiled


def whole(text: str, root: Any) -> HtmlElement:
    """The tree of a page that arrived whole.

    Raises NotThePage for an empty body, for something that isn't HTML, and for a page cut short.
    """
    if not text or text.isspace():
        raise NotThePage("an empty body")
    if not isinstance(root, HtmlElement):
        raise NotThePage("not an HTML page")
    if "</html>" not in text and not _END_OF_PAGE.search(text):  # the expression alone takes its time
        raise NotThePage("a page cut short: it has no </html>")
    root.getroottree().parser.set_element_class_lookup(_CLASSES)
    return root


def plain_xml(content: bytes) -> bytes:
    """*content*, an XML document. Raises NotThePage where it declares entities of its own: no sitemap or feed does."""
    if _OWN_ENTITIES.match(content):
        raise NotThePage("an XML document with declarations of its own (<!DOCTYPE … [)")
    return content


def described(root: HtmlElement) -> str:
    """What a page that isn't the wanted one seems to be, for the one who reads the verdict."""
    title = folded(root.findtext(".//title") or "")
    password = root.xpath('boolean(//input[@type="password"])')
    return f"{'a login form' if password else 'a page'} titled {title!r}"


def folded(text: str) -> str:
    """*text* with white space folded: one space between words, none around."""
    return " ".join(text.split())


def text_of(element: HtmlElement | None) -> str:
    """The folded text of an element; "" for None."""
    return "" if element is None else folded(str(element.text_content()))


def first(found: list[Any]) -> Any:
    """The first of an XPath result, or None."""
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


_META = xpath("//meta[@property=$name or @name=$name]/@content")


def meta(root: HtmlElement, name: str) -> str | None:
    """The content of ``<meta property=name>`` or ``<meta name=name>``; None where missing or empty."""
    value = first(_META(root, name=name))
    return folded(value) or None if value else None


def image_of(element: HtmlElement, base: str) -> str | None:
    """The address of an ``<img>``'s full picture; where it is loaded late, of the one to come."""
    sources = (element.get(name) for name in ("data-src", "data-lazy-src", "src"))
    return next((url for src in sources if src and (url := image(src, base))), None)
