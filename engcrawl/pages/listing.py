"""Listing pages: a page of a category's archive, and the posts in its main listing."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from lxml.html import HtmlElement
from parsel import Selector

from engcrawl.items import Post
from engcrawl.pages import paging, terms, tile, tiles
from engcrawl.pages.page import NotThePage, described, has, whole, xpath
from engcrawl.pages.paging import archive_of, page_number, page_url
from engcrawl.pages.tile import Tile

__all__ = ["ListingPage", "archive_of", "page_number", "page_url", "read", "read_categories"]

_NOTHING_FOUND = xpath(f"boolean(//*[{has('no-results')} or {has('wp-block-query-no-results')}])")
_BUTTON = xpath(f"boolean(//button[{has('loadmore-btn')}])")
_SCRIPTS = xpath('//script[contains(., "loadmore_params")]/text()')
_BODY_CLASS = xpath("string(//body/@class)")
_PARAMS = re.compile(r"loadmore_params\s*=\s*")

_OTHER_ARCHIVES = frozenset(("blog", "home", "page", "tag", "author", "date", "search", "post-type-archive"))
"""Classes that WordPress gives the body of a listing that is no category's."""
_LISTINGS = frozenset(("archive", "blog", "search"))


@dataclass(slots=True)
class ListingPage:
    """One page of a category's archive, as it says itself."""

    url: str
    """Its own address: the canonical one where it gives one on its own host, else where it was found."""
    slug: str
    """The category's, as its address or its body's class has it; "" where neither does."""
    posts: list[Post]
    """The main listing, in its order. A post whose ID the listing doesn't tell has None."""
    next_url: str | None
    pages: int | None
    """How many pages the site says there are; None where it doesn't say."""
    categories: dict[str, str | None]
    """Every category that the page names: slug -> address of its archive, None where only a class names it.

    Links without a slug have ``?cat=N`` for it.
    """
    has_button: bool
    """Whether it has a "Load More" button."""
    flaw: str | None
    """What is wrong with the listing, where it has fewer posts than it should; None where nothing is."""

    @property
    def number(self) -> int:
        """Return which page of the archive this is, from 1."""
        return page_number(self.url)


def read(selector: Selector, text: str, url: str) -> ListingPage:
    """Read a listing page that was found at *url*.

    Raises NotThePage where it isn't one, and where there is no post although posts must be there.
    """
    root = whole(text, selector.root, url)
    names = str(_BODY_CLASS(root))
    classes = frozenset(names.split())
    params = _params(root)
    place = paging.read(root, url)
    pages = params["max_page"] if params else place.pages
    found = tiles.find(root, url)
    if not found.marked and _NOTHING_FOUND(root):
        found = tiles.Tiles([], marked=False)
    _check(root, classes, found, pages, place)
    slug = terms.archive_slug(names, archive_of(place.url))
    listed = _listed(found, url, slug or terms.archive_number(archive_of(place.url)), classes)
    if listed and not any(one.post.url for one in listed):
        raise NotThePage(f"no link to a post on {described(root)}")
    page = ListingPage(
        url=place.url,
        slug=slug,
        posts=[one.post for one in listed],
        next_url=place.next_url,
        pages=pages,
        categories=read_categories(root, url),
        has_button=_BUTTON(root),
        flaw=None,
    )
    page.flaw = _contradiction(listed) or _flaw(page, params)
    return page


def read_categories(root: HtmlElement, url: str) -> dict[str, str | None]:
    """Return every category that a page names: in menus, in posts' links, in the classes of posts and of the page."""
    named, numbered = terms.category_links(root, url)
    return dict.fromkeys(terms.class_slugs(root)) | named | numbered


def _params(root: HtmlElement) -> dict[str, Any]:
    """Return the site's ``loadmore_params``; empty where it has none."""
    for script in _SCRIPTS(root):
        if match := _PARAMS.search(script):
            try:
                params: dict[str, Any] = json.JSONDecoder().raw_decode(script, match.end())[0]
                query = json.loads(params.get("posts", "{}"))
                return {"max_page": int(params["max_page"]), "query": query if isinstance(query, dict) else {}}
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
                raise NotThePage(f"loadmore_params can't be read: {error!r}") from error
    return {}


def _check(
    root: HtmlElement, classes: frozenset[str], found: tiles.Tiles, pages: int | None, place: paging.Paging
) -> None:
    """Raise NotThePage for a page that is no listing, and for one without posts that isn't an empty category's."""
    if "error404" in classes or ("single" in classes and any(name.startswith("postid-") for name in classes)):
        raise NotThePage(f"not a listing: {described(root)}")
    if found.elements:
        if not (found.marked or found.dated or pages or place.number > 1 or _LISTINGS & classes):
            raise NotThePage(f"no post on {described(root)}")
        return
    if pages or place.next_url:
        raise NotThePage(f"no post on {described(root)}, where the site says {pages} pages")
    empty = "archive" in classes and place.number == 1 and not _BUTTON(root) and tiles.nothing_in(root, place.url)
    if pages is None and not empty and not _NOTHING_FOUND(root):
        raise NotThePage(f"no post on {described(root)}")


def _listed(found: tiles.Tiles, url: str, slug: str, classes: frozenset[str]) -> list[Tile]:
    """Return the listed posts, each once; *slug* is their category's, or its number."""
    other = _OTHER_ARCHIVES & classes or any(name.startswith("tax-") for name in classes)
    slug = "" if other and "category" not in classes else slug
    numbers = frozenset(terms.numbers(" ".join(classes), "category"))
    place = tile.Place(url, slug, numbers)
    listed: dict[object, Tile] = {}
    for element in found.elements:
        one = tile.read(element, place)
        listed.setdefault((one.post.id, one.post.url) if one.post.url else element, one)
    return list(listed.values())


def _contradiction(listed: list[Tile]) -> str | None:
    """Take away IDs that can't be right; return what is wrong with them."""
    counts: Counter[int | None] = Counter(one.post.id for one in listed if one.post.id)
    claims = Counter(number for one in listed for number in one.claimed)
    if len(claims) < 2:
        claims.clear()  # one number at all posts: the class is that of the page, as in related tiles
    wrong = [
        one for one in listed if len(one.ids) > 1 or counts[one.post.id] > 1 or any(claims[n] == 1 for n in one.claimed)
    ]
    for one in wrong:
        one.post.id = None
    if wrong:
        return f"{len(wrong)} posts whose ID the listing contradicts: {wrong[0].post.url}"
    return None


def _flaw(page: ListingPage, params: dict[str, Any]) -> str | None:
    lost = sum(1 for post in page.posts if post.id is None and not post.url)
    if lost:
        return f"{lost} posts without an ID or an address beside {len(page.posts) - lost} with one"
    if page.posts and not any(post.title for post in page.posts):
        return "no post has a title (.entry-title)"
    per_page = params.get("query", {}).get("posts_per_page")
    if isinstance(per_page, int) and page.pages and page.number < page.pages and len(page.posts) < per_page:
        return f"{len(page.posts)} posts, where the site puts {per_page} on a page"
    return None
