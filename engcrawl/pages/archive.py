"""Listing pages: a page of a category's archive, and the posts in its main listing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement
from parsel import Selector

from engcrawl.items import Post
from engcrawl.pages import entry, terms
from engcrawl.pages.page import (
    NotThePage,
    described,
    first,
    has,
    image,
    permalink,
    same_host,
    text_of,
    whole,
    xpath,
)

_POST = (
    f'*[substring-after(@id, "post-") > 0 and (self::article or {has("hentry")})]'
    f'[not(ancestor::aside or ancestor::nav or ancestor::footer or ancestor::*[@role="complementary"]'
    f" or ancestor::*[{has('widget')}])]"
)
_LAYOUTS = (
    # Engineering at Meta: one hero, two beside it, a grid below.
    xpath(f"//main//*[{has('top-articles')} or {has('article-grids')}]//{_POST}"),
    # Any theme: posts in the main column, or on the page.
    xpath(f'//*[self::main or @role="main" or @id="main"]//{_POST}'),
    xpath(f"//body//{_POST}"),
)
_ANY_POST = xpath(f'//*[starts-with(@id, "post-") or {has("hentry")}]')
_NOTHING_FOUND = xpath(f"boolean(//*[{has('no-results')}])")
_NEXT = xpath(
    f'//link[@rel="next"]/@href | //a[{has("next")} and {has("page-numbers")}]/@href'
    f" | //*[{has('nav-previous')}]//a/@href"
)
_PAGE_NUMBERS = xpath(f"//*[{has('page-numbers')}]")
_BUTTON = xpath(f"boolean(//button[{has('loadmore-btn')}])")
_CANONICAL = xpath('//link[@rel="canonical"]/@href')
_SCRIPTS = xpath('//script[contains(., "loadmore_params")]/text()')

_LINK = xpath(f".//*[{has('entry-title')}]//a/@href | .//a[contains(concat(' ', @rel, ' '), ' bookmark ')]/@href")
_OUTER_LINK = xpath(f"ancestor::a/@href | .//a[.//*[{has('entry-title')}]]/@href")
_IMAGE = xpath(".//img")
_EXCERPT = xpath(f".//*[{has('entry-summary')}]")

_NUMBER = re.compile(r"/page/(\d+)/?$")
_PARAMS = re.compile(r"loadmore_params\s*=\s*")


@dataclass(slots=True)
class ArchivePage:
    """One page of a category's archive, as it says itself."""

    url: str
    """Its own address: the canonical one where it gives one on its own host, else where it was found."""
    posts: list[Post]
    """The main listing, in its order."""
    next_url: str | None
    pages: int | None
    """How many pages the site says there are; None where it doesn't say."""
    categories: dict[str, str | None]
    """Every category that the page names: slug -> address of its archive, None where only a class names it."""
    has_button: bool
    """Whether it has a "Load More" button."""

    @property
    def number(self) -> int:
        """Which page of the archive this is, from 1."""
        return page_number(self.url)


def page_number(url: str) -> int:
    """The number in a listing page's address, ``…/page/N/``; 1 where there is none."""
    match = _NUMBER.search(urlsplit(url).path)
    return int(match.group(1)) if match else 1


def first_page_path(url: str) -> str:
    """The path of the archive that a listing page belongs to, without its page number."""
    return _NUMBER.sub("/", urlsplit(url).path).rstrip("/") + "/"


def read(selector: Selector, text: str, url: str) -> ArchivePage:
    """Read a listing page that was found at *url*.

    Raises NotThePage where it isn't one, and where there is no post although posts must be there.
    """
    root = whole(text, selector.root)
    pages = _pages(root)
    listing: list[HtmlElement] = next(filter(None, (layout(root) for layout in _LAYOUTS)), [])
    if not listing and (pages or (pages is None and not _NOTHING_FOUND(root))):
        raise NotThePage(f"no post on {described(root)}" + (f", where the site says {pages} pages" if pages else ""))
    return ArchivePage(
        url=_own_url(root, url),
        posts=[_post(element, url, root) for element in listing],
        next_url=_next_url(root, url),
        pages=pages,
        categories=read_categories(root, url),
        has_button=_BUTTON(root),
    )


def read_front(selector: Selector, text: str, url: str) -> dict[str, str | None]:
    """The categories that the site's front page names: slug -> address, None where only a class names it.

    Raises NotThePage where it names none: then it is no WordPress archive.
    """
    root = whole(text, selector.root)
    categories = read_categories(root, url)
    if not categories:
        raise NotThePage(f"no WordPress archive: {described(root)} names no category")
    return categories


def read_categories(root: HtmlElement, url: str) -> dict[str, str | None]:
    """Every category that a page names: in menus, in posts' links, and in the classes of any post on it."""
    named: dict[str, str | None] = {}
    for element in _ANY_POST(root):
        named.update(dict.fromkeys(terms.slugs(element.get("class", ""), "category")))
    return named | terms.category_links(root, url)


def _pages(root: HtmlElement) -> int | None:
    for script in _SCRIPTS(root):
        if match := _PARAMS.search(script):
            return _max_page(script, match.end())
    numbers = [int(text) for e in _PAGE_NUMBERS(root) if (text := text_of(e).replace(",", "")).isdecimal()]
    return max(numbers, default=None)


def _max_page(script: str, start: int) -> int:
    try:
        params: dict[str, Any] = json.JSONDecoder().raw_decode(script, start)[0]
        return int(params["max_page"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotThePage(f"loadmore_params can't be read: {error!r}") from error


def _own_url(root: HtmlElement, url: str) -> str:
    canonical = permalink(first(_CANONICAL(root)) or "", url)
    return canonical if canonical and same_host(canonical, url) else url


def _next_url(root: HtmlElement, url: str) -> str | None:
    href = first(_NEXT(root))
    return urljoin(url, href.strip()) if href else None


def _post(element: HtmlElement, base: str, root: HtmlElement) -> Post:
    classes = element.get("class", "")
    href = first(_LINK(element)) or first(_OUTER_LINK(element))
    url = permalink(href, base) if href else ""
    return Post(
        id=entry.post_id(element),
        url=url,
        title=entry.title(element),
        published_date=entry.published(element),
        published_at=entry.published_at(element),
        authors=entry.authors(element),
        categories=_categories(classes, element, base, root),
        tags=terms.slugs(classes, "tag", terms.tag_slugs(element, base)),
        kind=entry.kind(element),
        external=bool(url) and not same_host(url, base),
        protected=entry.protected(element),
        excerpt=text_of(first(_EXCERPT(element))) or None,
        image_url=_image(element, base),
    )


def _categories(classes: str, element: HtmlElement, base: str, root: HtmlElement) -> list[str]:
    """A listed post's categories; the listing's own where the post names none, or names it by its number."""
    named = terms.slugs(classes, "category", terms.category_links(element, base))
    body = first(root.xpath("//body/@class")) or ""
    if not named or terms.numbers(classes, "category") & terms.numbers(body, "category"):
        own = terms.slug_of(first_page_path(_own_url(root, base)))
        return sorted({*named, own}) if own else named
    return named


def _image(element: HtmlElement, base: str) -> str | None:
    for img in _IMAGE(element):
        for attribute in ("data-src", "data-lazy-src", "src"):
            if (src := img.get(attribute)) and (url := image(src, base)):
                return url
    return None
