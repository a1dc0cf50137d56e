"""WordPress' REST interface (``/wp-json/wp/v2/``): posts and categories as JSON.

What stock REST doesn't tell: a post's other authors, its language, and the word that the theme puts before the title
of a protected one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import unquote

from engcrawl.items import Kind, Post
from engcrawl.pages import body, terms, xml
from engcrawl.pages.page import NotThePage, folded, text_of
from engcrawl.text import dates
from engcrawl.text.fragments import fragment
from engcrawl.text.urls import absolute, image, permalink, same_host

FIELDS = (
    "id,link,date,date_gmt,modified_gmt,title,excerpt,format,class_list,categories,tags,content.protected,"
    "_links.author,_links.wp:term,_links.wp:featuredmedia,_embedded"
)
"""What a list of posts is asked for, without their bodies."""
EMBEDDED = "author,wp:term,wp:featuredmedia"

_NEXT_PART = re.compile(r"<!--\s*nextpage\s*-->")
_NO_DATE = ("0000", "-")
"""How a date of zeros begins, as it stands in the database and as PHP makes a date of it (``-0001-11-30``)."""
_LIST_ON_A_LINE = re.compile(r"\n[ \t]*(?=\[)")
_PAGE = re.compile(r"<html[\s>]", re.IGNORECASE)
_TAXONOMIES = {None, "category", "post_tag", "post_format"}
"""WordPress' own; terms of others are those of a type's own."""
_TRIES = 20
"""Lines that may be the list's first one."""


@dataclass(frozen=True)
class RestCategory:
    """A category as REST lists it."""

    number: int
    slug: str
    url: str
    count: int
    """Published posts that are filed in it, its children's not counted."""


def read_posts(text: str, url: str, categories: Mapping[int, str], type_: str = "post") -> list[Post]:
    """Return the posts of a type's list, in its order; *categories* are slugs by their numbers.

    Dates are whole: a day, and instants in UTC. The body is there where the list has it. Raises NotThePage.
    """
    return [_checked(_post, entry, url, categories, type_) for entry in _list(text)]


def read_bodies(text: str, url: str) -> dict[int, str | None]:
    """Return the cleaned bodies of a list's posts by their IDs; None where one is empty or needs a password.

    The list needs no more than ``_fields=id,link,content``; without ``link``, links that are relative to the post's
    own address can't be made absolute from there. Raises NotThePage.
    """
    return dict(_checked(_body, entry, url) for entry in _list(text))


def read_links(text: str, url: str) -> dict[int, str]:
    """Return the permalinks of a list's posts by their IDs. Raises NotThePage."""
    return dict(
        _checked(lambda entry, base: (int(entry["id"]), permalink(entry["link"], base)), entry, url)
        for entry in _list(text)
    )


def read_categories(text: str, url: str) -> list[RestCategory]:
    """Return the categories of a list. Raises NotThePage."""
    return [_checked(_category, entry, url) for entry in _list(text)]


def _list(text: str) -> list[Any]:
    text = text.lstrip("\ufeff \t\r\n")
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        entries = _behind_warnings(text)
        if entries is None:
            raise NotThePage(f"no JSON: {error}") from error
    if not isinstance(entries, list):
        raise NotThePage("no list, but other JSON")
    return entries


def _behind_warnings(text: str) -> list[Any] | None:
    """Return the list that *text* ends with; PHP prints its warnings before it, on lines of their own."""
    starts = [match.end() for match in _LIST_ON_A_LINE.finditer(text)]
    for start in islice(reversed(starts), _TRIES):
        try:
            entries = json.loads(text[start:])
        except (ValueError, RecursionError):
            continue
        return entries if isinstance(entries, list) and not _PAGE.search(text, 0, start) else None
    return None


def _checked(read: Any, entry: Any, *more: Any) -> Any:
    try:
        return read(entry, *more)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotThePage(f"an entry that can't be read: {error!r}") from error


def _category(entry: Any, url: str) -> RestCategory:
    address = permalink(entry["link"], url)
    slug = terms.slug_of(address) or unquote(entry["slug"])
    return RestCategory(int(entry["id"]), slug, address, int(entry["count"]))


def _post(entry: Any, base: str, categories: Mapping[int, str], type_: str) -> Post:
    url, type_ = permalink(entry["link"], base), entry.get("type") or type_
    external = not same_host(url, base)
    protected = _protected(entry)
    classes = _classes(entry)
    embedded = entry.get("_embedded") or {}
    named = [term for group in embedded.get("wp:term", ()) for term in group if isinstance(term, dict)]
    numbered = [categories[number] for number in entry.get("categories", ()) if number in categories]
    pictures = [media.get("source_url") for media in embedded.get("wp:featuredmedia", ())]
    content_html = None if external or protected else _content(_rendered(entry, "content"), url)
    return Post(
        id=int(entry["id"]),
        type=type_,
        url=url,
        title=_text(_rendered(entry, "title")),
        published_date=_day(entry["date"]),
        published_at=_instant(entry.get("date_gmt")),
        modified_at=_instant(entry.get("modified_gmt")),
        authors=[name for author in embedded.get("author", ()) if (name := _text(author.get("name") or ""))],
        categories=sorted({*_slugs(named, "category"), *_own_slugs(named, type_), *numbered}),
        tags=sorted(set(_slugs(named, "post_tag"))) or terms.slugs(classes, "tag"),
        kind=_kind(classes, entry),
        external=external,
        protected=protected,
        excerpt=None if protected else _text(_rendered(entry, "excerpt")) or None,
        image_url=next((image(url, base) for url in pictures if url), None),
        content_html=content_html,
        content_source="rest" if content_html else None,
    )


def _body(entry: Any, base: str) -> tuple[int, str | None]:
    url = permalink(entry.get("link") or "", base) or base
    content = entry["content"]["rendered"]
    return int(entry["id"]), None if _protected(entry) or not same_host(url, base) else _content(content, url)


def _protected(entry: Any) -> bool:
    """Return whether the body needs a password; False where the API is too old to say."""
    content = entry.get("content")
    return isinstance(content, dict) and bool(content.get("protected"))


def _rendered(entry: Any, name: str) -> str:
    """Return a text of the entry: ``{"rendered": …}``, or the plain text itself; "" where it isn't there."""
    value = entry.get(name) or ""
    return (value.get("rendered") or "") if isinstance(value, dict) else value


def _classes(entry: Any) -> str:
    """Return the post's classes (WordPress 6.7 and later). Where a filter left a gap, PHP writes an object."""
    listed = entry.get("class_list") or ()
    return " ".join(listed.values() if isinstance(listed, dict) else listed)


def _slugs(named: list[Any], taxonomy: str) -> list[str]:
    return [
        terms.slug_of(absolute(term["link"], "") or "") or unquote(term["slug"])
        for term in named
        if term.get("taxonomy") == taxonomy
    ]


def _own_slugs(named: list[Any], type_: str) -> list[str]:
    """Return the slugs of the terms in taxonomies of another type's own; a post's own are no categories."""
    own = {term.get("taxonomy") for term in named} - _TAXONOMIES
    return [] if type_ == "post" else [slug for taxonomy in own for slug in _slugs(named, taxonomy)]


def _kind(classes: str, entry: Any) -> Kind:
    video = entry.get("format") == "video" or "fb_content_type-video" in classes.split()
    return "video" if video else "article"


def _day(moment: str | None) -> str | None:
    return moment[:10] if moment and not moment.startswith(_NO_DATE) else None


def _instant(moment: str | None) -> str | None:
    """Return an instant that the API writes without its offset, which is that of UTC."""
    if not moment or moment.startswith(_NO_DATE):
        return None
    return moment if dates.is_instant(moment) else f"{moment}Z"


def _text(markup: str) -> str:
    if "<" not in markup and "&" not in markup:  # most titles and names: nothing to parse
        return folded(xml.characters(markup))
    return text_of(fragment(xml.characters(markup)))


def _content(rendered: str, url: str) -> str | None:
    """Return the body, cleaned; its parts, which have pages of their own, one after the other."""
    if not rendered.strip():
        return None
    parts = (body.cleaned(fragment(part), url) for part in _NEXT_PART.split(xml.characters(rendered)))
    return "\n".join(filter(None, parts)) or None
