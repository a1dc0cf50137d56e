"""Pieces of HTML as trees."""

from __future__ import annotations

import re

from lxml import etree, html
from lxml.html import HtmlComment, HtmlElement, HtmlProcessingInstruction

CLASSES = etree.ElementDefaultClassLookup(HtmlElement, HtmlComment, HtmlProcessingInstruction)
"""Which class an element has. By default lxml asks a Python function each time, for the sake of forms' classes."""
_PARSER = html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True)
_PARSER.set_element_class_lookup(CLASSES)
_DOCUMENT = re.compile(r"\s*<(?:html|!doctype)", re.IGNORECASE)


def fragment(markup: str) -> HtmlElement:
    """Return a ``div`` with what *markup* holds, without comments; of a whole document, with what its ``body`` holds.

    lxml's `fragment_fromstring` does this too, but moves every element into a second tree, of lxml's own parser.
    """
    root = etree.fromstring(markup if _DOCUMENT.match(markup) else f"<html><body>{markup}</body></html>", _PARSER)
    if root is None:  # nothing but a doctype
        return _PARSER.makeelement("div")
    bodies = root.findall("body")
    if len(bodies) != 1 or root[-1] is not bodies[0] or (bodies[0].tail or "").strip():
        # frames instead, or markup that ends its body too early
        for body in bodies:
            body.tag = "div"
        root.tag = "div"
        return root
    div = bodies[0]
    root.remove(div)
    div.tag, div.tail = "div", None
    div.attrib.clear()
    if div.text and not div.text.strip():
        div.text = None
    return div
