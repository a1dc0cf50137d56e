"""A post's own element (`.hentry`, `id="post-N"`): what it says of itself, in a listing and on its own page."""

from __future__ import annotations

from lxml.html import HtmlElement

from engcrawl.items import Kind
from engcrawl.pages.page import first, has, text_of, xpath
from engcrawl.text import dates

_TITLE = xpath(f".//*[{has('entry-title')}]")
_PUBLISHED = xpath(f".//time[{has('published')} or {has('entry-date')}]")
_ANY_TIME = xpath(f".//time[@datetime and not({has('updated')})]")
_AUTHORS = xpath('.//a[contains(concat(" ", @rel, " "), " author ")]')


def post_id(element: HtmlElement) -> int:
    """The ID in the element's own ``id="post-N"``; 0, which no record may have, where N is no number."""
    number = element.get("id", "").removeprefix("post-")
    return int(number) if number.isdecimal() else 0


def title(element: HtmlElement) -> str:
    """The title, folded; "" where the element has none."""
    return text_of(first(_TITLE(element)))


def published(element: HtmlElement) -> str | None:
    """What ``<time>`` writes as the publication: its ``datetime``, else its text; None without either."""
    time = first(_PUBLISHED(element))
    if time is None:
        time = first(_ANY_TIME(element))
    return None if time is None else (time.get("datetime") or text_of(time)).strip() or None


def published_at(element: HtmlElement) -> str | None:
    """The same where it names an instant (ISO 8601 with an offset), else None."""
    text = published(element)
    return text if text and dates.is_instant(text) else None


def authors(element: HtmlElement) -> list[str]:
    """The names that the element links as authors, in its order, each once."""
    return list(dict.fromkeys(filter(None, map(text_of, _AUTHORS(element)))))


def kind(element: HtmlElement) -> Kind:
    """``video`` for WordPress' own post format and for Engineering at Meta's content type, else ``article``."""
    classes = element.get("class", "").split()
    return "video" if "format-video" in classes or "fb_content_type-video" in classes else "article"


def protected(element: HtmlElement) -> bool:
    """Whether the body needs a password."""
    return "post-password-required" in element.get("class", "").split()
