"""WordPress' REST interface (``/wp-json/wp/v2/``): posts and categories as JSON.

What stock REST doesn't tell: a post's other authors, its language, and the word that the theme puts before the title
of a protected one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import html
from lxml.html import HtmlElement

from engcrawl.items import Kind, Post
from engcrawl.pages import body, terms
from engcrawl.pages.page import NotThePage, text_of
from engcrawl.text.urls import absolute, image, permalink, same_host

FIELDS = (
    "id,link,date,date_gmt,modified_gmt,title,excerpt,format,class_list,categories,tags,content.protected,"
    "_links.author,_links.wp:term,_links.wp:featuredmedia,_embedded"
)
"""What a list of posts is asked for, without their bodies."""
EMBEDDED = "author,wp:term,wp:featuredmedia"

_NEXT_PART = re.compile(r"<!--\s*nextpage\s*-->")
_NO_INSTANT = "0000"


@dataclass(frozen=True)
class RestCategory:
    """A category as REST lists it."""

    number: int
    slug: str
    url: str
    count: int
    """Published posts that are filed in it, its children's not counted."""


def read_posts(text: str, url: str, categories: Mapping[int, str]) -> list[Post]:
    """The posts of a list, in its order; *categories* are slugs by their numbers.

    Dates are whole: a day, and instants in UTC. The body is there where the list has it. Raises NotThePage.
    """
    return [_checked(_post, entry, url, categories) for entry in _list(text)]


def read_categories(text: str, url: str) -> list[RestCategory]:
    """The categories of a list. Raises NotThePage."""
    return [_checked(_category, entry, url) for entry in _list(text)]


def _list(text: str) -> list[Any]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotThePage(f"no JSON: {error}") from error
    if not isinstance(entries, list):
        raise NotThePage("no list, but other JSON")
    return entries


def _checked(read: Any, entry: Any, *more: Any) -> Any:
    try:
        return read(entry, *more)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotThePage(f"an entry that can't be read: {error!r}") from error


def _category(entry: Any, url: str) -> RestCategory:
    address = permalink(entry["link"], url)
    return RestCategory(int(entry["id"]), terms.slug_of(address) or entry["slug"], address, int(entry["count"]))


def _post(entry: Any, base: str, categories: Mapping[int, str]) -> Post:
    url = permalink(entry["link"], base)
    external = not same_host(url, base)
    protected = bool(entry["content"]["protected"])
    classes = _classes(entry)
    embedded = entry.get("_embedded") or {}
    named = [term for group in embedded.get("wp:term", ()) for term in group if isinstance(term, dict)]
    numbered = [categories[number] for number in entry.get("categories", ()) if number in categories]
    pictures = [media.get("source_url") for media in embedded.get("wp:featuredmedia", ())]
    content = None if external or protected else entry["content"].get("rendered")
    body_html = _content(content, url) if content else None
    return Post(
        id=int(entry["id"]),
        url=url,
        title=_text(entry["title"]["rendered"]),
        published_date=_given(entry["date"], entry["date"].partition("T")[0]),
        published_at=_given(entry["date_gmt"], f"{entry['date_gmt']}Z"),
        modified_at=_given(entry["modified_gmt"], f"{entry['modified_gmt']}Z"),
        authors=[name for author in embedded.get("author", ()) if (name := _text(author.get("name") or ""))],
        categories=sorted({*_slugs(named, "category"), *numbered}),
        tags=sorted(set(_slugs(named, "post_tag"))) or terms.slugs(classes, "tag"),
        kind=_kind(classes, entry),
        external=external,
        protected=protected,
        excerpt=None if protected else _text(entry["excerpt"]["rendered"]) or None,
        image_url=next((image(url, base) for url in pictures if url), None),
        content_html=body_html,
        content_source="rest" if body_html else None,
    )


def _classes(entry: Any) -> str:
    """The post's classes (WordPress 6.7 and later); where a filter left a gap, PHP writes the list as an object."""
    listed = entry.get("class_list") or ()
    return " ".join(listed.values() if isinstance(listed, dict) else listed)


def _slugs(named: list[Any], taxonomy: str) -> list[str]:
    return [terms.slug_of(absolute(term["link"], "") or term["slug"]) for term in named if term["taxonomy"] == taxonomy]


def _kind(classes: str, entry: Any) -> Kind:
    video = entry.get("format") == "video" or "fb_content_type-video" in classes.split()
    return "video" if video else "article"


def _given(moment: str, value: str) -> str | None:
    return None if moment.startswith(_NO_INSTANT) else value


def _text(markup: str) -> str:
    return text_of(_tree(markup))


def _tree(markup: str) -> HtmlElement:
    return html.fragment_fromstring(markup, create_parent="div")


def _content(rendered: str, url: str) -> str | None:
    """The body, cleaned; its parts, which have pages of their own, one after the other."""
    parts = (body.cleaned(_tree(part), url) for part in _NEXT_PART.split(rendered))
    return "\n".join(filter(None, parts)) or None
