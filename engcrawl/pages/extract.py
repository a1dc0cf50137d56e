"""The main text of a page on which nothing names it: an extractor's guess."""

from __future__ import annotations

import logging

from lxml import html
from lxml.html import HtmlElement

from engcrawl.pages.page import UNPRINTABLE
from engcrawl.text.fragments import fragment


def main_text(root: HtmlElement, url: str) -> HtmlElement | None:
    """Return what trafilatura takes for a page's main text, as an element of its own; None where it finds none.

    The page is left as it is.
    """
    import trafilatura  # it takes a second, and few pages need it

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it makes of a page is told by what it returns
    written = UNPRINTABLE.sub("", html.tostring(root, encoding="unicode"))
    found = trafilatura.extract(
        written,
        url=url,
        output_format="html",
        include_comments=False,
        include_formatting=True,
        include_images=True,
        include_links=True,
        include_tables=True,
    )
    return fragment(found) if found else None
