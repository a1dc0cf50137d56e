"""A post's own element (`.hentry`, `id="post-N"`): what it says of itself, in a listing and on its own page."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from engcrawl.items import Kind
from engcrawl.pages.page import first, has, text_of, xpath
from engcrawl.text import dates

_TITLE = xpath(f".//*[{has('entry-title')}]")
_HEADING = xpath(f".//*[self::h1 or self::h2 or self::h3 or self::h4 or {has('entry-title')}]")
_PUBLISHED = xpath(f".//time[{has('published')} or {has('entry-date')}]")
_ANY_TIME = xpath(f".//*[{has('posted-on')} or {has('wp-block-post-date')}]//time | .//time[not({has('updated')})]")
_DATE_TEXT = xpath(
    f".//*[{has('published')} or {has('entry-date')} or {has('post-date')} or {has('wp-block-post-date')}]"
    f" | .//*[{has('posted-on')}]//a"
)
_TEXT_LINKS = xpath(".//a[normalize-space()]")
_AUTHORS = xpath('.//a[contains(concat(" ", @rel, " "), " author ")]')
_BYLINES = xpath(
    f".//a[contains(@href, 'author')][ancestor-or-self::*[{has('author')} or {has('byline')} or {has('post-author')}]]"
)

_COMMENTS = re.compile(r"(?:^|\s)(?:comments?|comment-?list|comments-area|widget|related-posts)(?:\s|$)")
_CONTENT = re.compile(r"(?:^|\s)(?:entry-(?:content|summary)|post-content|wp-block-(?:post-content|embed))(?:\s|$)")
_OTHER_POST = re.compile(r"post-\d+")
_ALL_POSTS_BY = re.compile(r"^(?:view |see |show )?(?:all )?posts (?:by|of)\s+", re.IGNORECASE)
_NO_NAME = re.compile(r"(?:view |see )?(?:all posts|(?:author )?archives?)", re.IGNORECASE)
_PERMALINK_TO = re.compile(r"^(?:permalink|permanent link)(?: to)?\s*:?\s+(?=\S)", re.IGNORECASE)


def post_id(element: HtmlElement) -> int:
    """Return the ID in the element's own ``id="post-N"``; 0, which no record may have, where N is no number."""
    number = element.get("id", "").removeprefix("post-")
    return int(number) if number.isdecimal() else 0


def title(element: HtmlElement) -> str:
    """Return the title, folded; "" where the element has none."""
    return clean_title(text_of(first(_TITLE(element))))


def clean_title(text: str) -> str:
    """Return a title without the words that themes write before it for screen readers (``Permalink to``)."""
    return _PERMALINK_TO.sub("", text)


def published(element: HtmlElement) -> tuple[str | None, str | None]:
    """Return the day and the instant of publication that the post's own ``<time>`` writes; None for what it doesn't.

    They are its ``datetime``, else its text; beside an instant in UTC, whose day need not be the site's, the text alone
    tells the day. A date without ``<time>`` counts where it has the class that WordPress' themes give it. What stands
    in the post's text or in its comments is not the post's.
    """
    for query in (_PUBLISHED, _ANY_TIME):
        for time in query(element):
            if is_own(time, element) and (text := (time.get("datetime") or text_of(time)).strip()):
                shown = text_of(time) if dates.is_utc(text) else text
                day = shown if shown == text or dates.is_day(shown) else None
                return day, text if dates.is_instant(text) else None
    for date in _DATE_TEXT(element):
        link = first(_TEXT_LINKS(date))
        if is_own(date, element) and (text := date.get("title", "").strip() or text_of(date if link is None else link)):
            return text, text if dates.is_instant(text) else None
    return None, None


def is_own(part: HtmlElement, element: HtmlElement) -> bool:
    """Return whether *part* is the post's own: not in a comment, in another post, or in the text of *element*."""
    for one in part.iterancestors():
        if one is element:
            return True
        classes = one.get("class", "")
        if one.tag == "blockquote" or _COMMENTS.search(classes) or _OTHER_POST.fullmatch(one.get("id", "")):
            return False
        if _CONTENT.search(classes) and one not in first_heading(element).iterancestors():
            return False
    return True


def first_heading(element: HtmlElement) -> HtmlElement:
    """Return the post's heading; *element* itself where it has none."""
    heading = first(_HEADING(element))
    return element if heading is None else heading


def authors(element: HtmlElement) -> list[str]:
    """Return the names that the element links as authors, in its order, each once."""
    links = _AUTHORS(element) or _BYLINES(element)
    names = (_ALL_POSTS_BY.sub("", text_of(link)) for link in links if is_own(link, element))
    return list(dict.fromkeys(name for name in names if name and not _NO_NAME.fullmatch(name)))


def kind(element: HtmlElement) -> Kind:
    """Return ``video`` for WordPress' post format and for Engineering at Meta's content type, else ``article``."""
    classes = element.get("class", "").split()
    return "video" if "format-video" in classes or "fb_content_type-video" in classes else "article"


def protected(element: HtmlElement) -> bool:
    """Return whether the body needs a password."""
    return "post-password-required" in element.get("class", "").split()
