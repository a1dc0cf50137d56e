"""A blog's front page: what it says of the blog (WordPress' handbook, "REST API: Discovery")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from parsel import Selector
from requests.utils import parse_header_links

from engcrawl.pages.listing import read_categories
from engcrawl.pages.page import NotThePage, described, whole, xpath
from engcrawl.text.urls import absolute, same_host

_REST = xpath('//link[contains(concat(" ", @rel, " "), " https://api.w.org/ ")]/@href')
_FEEDS = xpath(
    '//link[contains(concat(" ", @rel, " "), " alternate ")][contains(@type, "rss+xml") or contains(@type, "atom+xml")]'
    "/@href"
)
_SITEMAPS = xpath('//link[contains(concat(" ", @rel, " "), " sitemap ")]/@href')
_STATIC = xpath('contains(concat(" ", //body/@class), " page-id-")')
_GENERATORS = xpath('//meta[@name="generator"]/@content')
_STYLES = xpath('//link[@rel="stylesheet"]/@href')
_VERSION = re.compile(r"WordPress (\d[\w.-]*)")
_THEME = re.compile(r"/wp-content/themes/([^/?#]+)/")
_OF_COMMENTS = re.compile(r"/comments/|feed=comments")
_API = "https://api.w.org/"
_WORDPRESS = ("/wp-content/", "/wp-includes/")
"""Where WordPress has its files."""


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The facts that a front page states about its blog."""

    url: str
    categories: dict[str, str | None]
    """Every category that it names, as `engcrawl.pages.listing.ListingPage` has them."""
    rest: str | None
    """The root of REST, which may be on another host; None where it doesn't say."""
    feed: str | None
    """The blog's feed, on its own host; None where it doesn't say."""
    sitemaps: list[str]
    """Sitemaps that it links to."""
    plain: bool
    """Whether the blog's permalinks are plain (``?p=N``)."""
    static: bool
    """Whether it is a page by itself, not a list of the newest posts."""
    wordpress: str | None
    """The version of WordPress; None where it doesn't say."""
    theme: str | None
    """The folder of its theme, as its stylesheets' addresses have it; None where they don't."""


def read(selector: Selector, text: str, url: str, links: Iterable[str] = ()) -> FrontPage:
    """Read the front page that was found at *url*; *links* are the ``Link`` headers that came with it (RFC 8288).

    Raises NotThePage where nothing shows that it is WordPress'.
    """
    root = whole(text, selector.root, url)
    categories = read_categories(root, url)
    told = [one for link in links for one in parse_header_links(link)]
    named = [one["url"] for one in told if _API in one.get("rel", "").split()]
    rest = next((found for href in [*named, *_REST(root)] if (found := absolute(href, url))), None)
    if not (categories or rest or any(sign in text for sign in _WORDPRESS)):
        raise NotThePage(f"no WordPress archive: {described(root)} names no category")
    feeds = [found for href in _FEEDS(root) if (found := absolute(href, url))]
    feed = next((found for found in feeds if same_host(found, url) and not _OF_COMMENTS.search(found)), None)
    sitemaps = [found for href in _SITEMAPS(root) if (found := absolute(href, url))]
    plain = "rest_route=" in (rest or "") or "feed=" in urlsplit(feed or "").query
    plain = plain or any(slug.startswith("?") for slug in categories)
    return FrontPage(
        url,
        categories,
        rest,
        feed,
        sitemaps,
        plain,
        static=bool(_STATIC(root)),
        wordpress=next((match[1] for text in _GENERATORS(root) if (match := _VERSION.match(text))), None),
        theme=next((match[1] for href in _STYLES(root) if (match := _THEME.search(href))), None),
    )
