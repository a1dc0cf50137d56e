"""The blog's themes: what each tells of a post, and what their templates are filled with.

``classic`` is a theme of the blog's own, with plugins: a hero, a button for more, Yoast's graph. ``blocks`` is
WordPress' stock block theme without plugins. ``no_ids`` is a classic theme with nothing but addresses in its listings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, get_args
from xml.sax.saxutils import escape

from tests.blog import blocks
from tests.blog.facts import CATEGORIES, ZONE, Category, Post

Theme = Literal["classic", "blocks", "no_ids"]
THEMES: tuple[Theme, ...] = get_args(Theme)


@dataclass(frozen=True)
class Tells:
    """What the pages of a theme tell of a post, where themes differ; `tests.blog.truth` says what all of them tell."""

    listed_ids: bool = True
    """Listings say posts' IDs; where they don't, a post on another host has no record without REST."""
    listed_instants: bool = True
    """Listings say when each post was published, to the second; else the day, and of a page's first not even that."""
    listed_excerpts: bool = False
    """Listings show excerpts, except those of protected posts."""
    listed_kinds: bool = True
    """Listings say content types, in classes."""
    kinds: bool = False
    """A post's own page says its content types."""
    all_authors: bool = True
    """A post's own page names all of its authors; else the first."""
    modified: bool = False
    """A post's own page says when it was modified, where it was."""
    excerpts: bool = False
    """A post's own page says the excerpt, also of a protected post."""


TELLS: dict[Theme, Tells] = {
    "classic": Tells(listed_instants=False, kinds=True, modified=True, excerpts=True),
    "blocks": Tells(listed_excerpts=True, all_authors=False),
    "no_ids": Tells(listed_ids=False, listed_kinds=False),
}


@dataclass(frozen=True)
class Comment:
    """A reader's comment on a post, made days after it."""

    id: int
    author: str
    day: datetime
    text: str


def comments(post: Post) -> Iterator[Comment]:
    """Give the comments below a post: always the same."""
    rng = Random(post.id)
    for number in range(2):
        when = (post.published + timedelta(days=3 + 30 * number, minutes=post.index % 50)).astimezone(ZONE)
        yield Comment(2 * post.index + 7 + number, f"Reader {number + 1}", when, blocks.words(rng, 1))


def page_numbers(number: int, pages: int) -> list[int | None]:
    """Give the numbers that the pagination of page *number* shows, as WordPress does; None where it leaves some out."""
    shown: list[int | None] = []
    for n in range(1, pages + 1):
        if n in (1, pages) or abs(n - number) <= 2:
            shown.append(n)
        elif shown[-1] is not None:
            shown.append(None)
    return shown


def label(post: Post) -> Category | None:
    """Give the one category that a classic tile shows: the first that the menu has."""
    return next((CATEGORIES[slug] for slug in post.categories if CATEGORIES[slug].in_menu), None)


def graph(post: Post, base: str) -> dict[str, Any]:
    """Give what the Yoast plugin says of a post, as JSON-LD."""
    url = base + post.path
    people = [{"@type": "Person", "@id": f"{base}/#person-{n}", "name": a} for n, a in enumerate(post.authors)]
    article = {
        "@type": "Article",
        "@id": f"{url}#article",
        "author": [{"@id": person["@id"]} for person in people],
        "headline": escape(post.title),
        "datePublished": post.published.isoformat(),
        "articleSection": [CATEGORIES[slug].name for slug in post.categories],
        "inLanguage": "en-US",
    }
    if post.modified:
        article["dateModified"] = post.modified.isoformat()
    page = {"@type": "WebPage", "@id": url, "datePublished": post.published.isoformat()}
    return {"@context": "https://schema.org", "@graph": [article, page, [], *people]}


def escaped(value: Any) -> str:
    """Write JSON as PHP does, with its slashes escaped."""
    return json.dumps(value).replace("/", "\\/")
