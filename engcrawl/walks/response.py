"""Responses, as `engcrawl.pages` read them."""

from __future__ import annotations

from parsel import Selector
from scrapy.http import Response, TextResponse

from engcrawl.pages import NotThePage


def html(response: Response) -> tuple[Selector, str, str]:
    """What `engcrawl.pages` read from: the selector, the text and the address. Raises NotThePage for binary data."""
    if not isinstance(response, TextResponse):
        kind = (response.headers.get("Content-Type") or b"no content type").decode("latin-1")
        raise NotThePage("an empty body" if not response.body else f"not an HTML page: {kind}")
    # Not `response.selector`: it and the response keep each other alive until the next full garbage collection.
    return Selector(response.text), response.text, response.url
