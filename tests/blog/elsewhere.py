"""Other ways in which a blog may write its addresses: relative ones, ones with tracking parameters, places renamed."""

from __future__ import annotations

import re

TRACKING = ("utm_source=rss", "fbclid=IwAR0-x_1")


def relative(text: str, base: str) -> str:
    """Return a page that has ``<base href>`` and its own addresses relative to that."""
    text = re.sub(rf'( (?:href|src)="){re.escape(base)}/', r"\1./", text)
    return text.replace("<head>", f'<head><base href="{base}/">', 1)


def tracked(text: str, amp: str) -> str:
    """Return a page or feed with tracking parameters behind its links to posts (``?p=400``)."""
    more = "".join(amp + parameter for parameter in TRACKING)
    return re.sub(r'((?:<a [^>]*?href="|<link>)[^"<]*\?p=\d+)(?=["<])', lambda match: match[1] + more, text)


def renamed(text: str, base: str, places: dict[str, str]) -> str:
    """Return a page or a list in which *places* of the blog (``/wp-json/``) have other paths."""
    for own, other in places.items():
        text = text.replace(base + own, base + other)
    return text


def asked(path: str, places: dict[str, str]) -> str | None:
    """Return the blog's own path for the one that was *asked* for; None where it was renamed."""
    for own, other in places.items():
        if path.startswith(other):
            return own + path.removeprefix(other)
        if path.startswith(own):
            return None
    return path
