"""Post types: which a blog says that it has, in REST (``/wp/v2/types``) and by the names of its sitemaps."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from engcrawl.pages.page import NotThePage

_INTERNAL = re.compile(r"attachment|nav_menu_item|wp_\w+")
"""WordPress' own types that aren't for readers: files, menus, the parts of themes (its prefix is reserved for it)."""
_OF_TYPES = re.compile(
    r"/wp-sitemap-posts-([\w-]+)-\d+\.xml$|[?&]sitemap=posts&sitemap-subtype=([\w-]+)(?:&paged=\d+)?$"
    r"|/sitemap-(?:pt|posttype)-([\w-]+?)(?:-p\d+)?(?:[-.]\d{4}[-.\d]*)?\.xml(?:\.gz)?$"
)
"""WordPress' own names; and those of the plugins Google XML Sitemaps and XML Sitemap & Google News, which have a file a
month: ``sitemap-pt-post-2024-01.xml``, ``sitemap-posttype-post.202401.xml``."""
_OF_PLUGINS = re.compile(r"/([\w-]+?)-sitemap\d*\.xml(?:\.gz)?$|[?&]sitemap=([\w-]+)(?:&sitemap_n=\d+)?$")
"""Yoast's names, which others use too; and those with plain permalinks."""
_OF_ALL = re.compile(r"/\w*sitemap\w*\.xml(?:\.gz)?$|/sitemap-\d+\.xml(?:\.gz)?$")
"""Names that say nothing of what is listed; the second is Jetpack's."""
ANY = ""
"""The type of what a sitemap lists whose name says nothing: posts, and all else that a blog has."""
_OF_FILES = ("addl", "attachment", "image", "kml", "local", "locations", "news", "video")
_OF_TERMS = (
    "author",
    "category",
    "date",
    "post-archive",
    "post_format",
    "post_tag",
    "product_cat",
    "product_tag",
    "tag",
)
_NO_TYPES = frozenset(("index", "wp", *_OF_FILES, *_OF_TERMS))
"""What else plugins name a sitemap of: files, people, places, archives, and the terms of WordPress and WooCommerce."""


@dataclass(frozen=True, slots=True)
class PostType:
    """A post type that a reader can see."""

    name: str
    """Its slug."""
    route: str
    """Where REST lists its posts, from REST's root (``/wp/v2/posts``)."""
    taxonomies: tuple[str, ...] = ()
    count: int | None = None
    """Its published posts; None where nobody says."""


POST = PostType("post", "/wp/v2/posts", ("category", "post_tag"))
PAGE = PostType("page", "/wp/v2/pages")


def read(text: str) -> list[PostType]:
    """Return the post types of ``/wp/v2/types``, without those that aren't for readers. Raises NotThePage."""
    try:
        listed = json.loads(text.lstrip("\ufeff \t\r\n"))
        return [_type(name, entry) for name, entry in listed.items() if not _INTERNAL.fullmatch(name)]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise NotThePage(f"no list of post types: {error!r}") from error


def in_sitemap(
    url: str, known: Collection[str] = (), others: Collection[str] = (), *, alone: bool = False
) -> str | None:
    """Return the post type that a sitemap's name says it has, as WordPress and the well-known plugins name theirs.

    `ANY` where the name says nothing of that, as in ``sitemap.xml``; where it stands *alone*, in no index, any name
    that isn't one of theirs says nothing. None where posts aren't to be expected.
    WordPress' names tell types from taxonomies; those of Yoast and its like don't: ``show-sitemap.xml`` may be either,
    unless it is among the types that are *known*, or the *others*.
    """
    if match := _OF_TYPES.search(url):
        return match[1] or match[2] or match[3]
    match = _OF_PLUGINS.search(url)
    if match is None:
        return ANY if alone or _OF_ALL.search(url) else None
    name = match[1] or match[2]
    return name if name in known or name not in _NO_TYPES.union(others) else None


def _type(name: str, entry: dict[str, Any]) -> PostType:
    namespace = entry.get("rest_namespace") or "wp/v2"  # WordPress before 5.9 doesn't say it
    route = f"/{namespace}/{entry.get('rest_base') or name}"
    return PostType(name, route, tuple(entry.get("taxonomies") or ()))
