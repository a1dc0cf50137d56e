"""Listing pages: a page of a category's archive, and the posts in its main listing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from lxml.html import HtmlElement
from parsel import Selector

from engcrawl.items import Post
from engcrawl.pages import entry, terms
from engcrawl.pages.page import NotThePage, described, first, has, image_of, text_of, whole, xpath
from engcrawl.text.urls import absolute, permalink, same_host

_BESIDE = " or ".join(
    (
        "ancestor::aside or ancestor::nav or ancestor::footer",
        'ancestor::*[@role="complementary"]',
        f"ancestor::*[{has('widget')} or {has('related-articles')}]",
    )
)
_NUMBERED = 'substring-after(@id, "post-") > 0'
_POST = f"*[{_NUMBERED} and (self::article or {has('hentry')})][not({_BESIDE})]"
_NAMELESS = f"*[{has('hentry')} and not({_NUMBERED})][not({_BESIDE})]"
_COLUMNS = ('//*[self::main or @role="main" or @id="main"]', "//body")
"""Where the main listing is looked for: in the main column, else on the whole page."""
_POSTS = [xpath(f"{column}//{_POST}") for column in _COLUMNS]
_NAMELESS_POSTS = [xpath(f"{column}//{_NAMELESS}") for column in _COLUMNS]
_ANY_POST = xpath(f"//*[{_NUMBERED} or {has('hentry')}]")
_NOTHING_FOUND = xpath(f"boolean(//*[{has('no-results')}])")
_NEXT = xpath(
    f'//link[@rel="next"]/@href | //a[{has("next")} and {has("page-numbers")}]/@href'
    f" | //*[{has('nav-previous')}]//a/@href"
)
_LINKS = xpath("//a/@href")
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
class ListingPage:
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
    flaw: str | None
    """What is wrong with the listing, where it has fewer posts than it should; None where nothing is."""

    @property
    def number(self) -> int:
        """Which page of the archive this is, from 1."""
        return page_number(self.url)


def page_number(url: str) -> int:
    """The number in a listing page's address, ``…/page/N/``; 1 where there is none."""
    match = _NUMBER.search(urlsplit(url).path)
    return int(match.group(1)) if match else 1


def page_url(url: str, number: int) -> str:
    """The address of page *number* of the archive that the listing page at *url* belongs to, in WordPress' own form."""
    parts = urlsplit(url)
    path = _NUMBER.sub("/", parts.path).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/page/{number}/", "", ""))


def first_page_path(url: str) -> str:
    """The path of the archive that a listing page belongs to, without its page number."""
    return unquote(_NUMBER.sub("/", urlsplit(url).path)).rstrip("/") + "/"


def read(selector: Selector, text: str, url: str) -> ListingPage:
    """Read a listing page that was found at *url*.

    Raises NotThePage where it isn't one, and where there is no post although posts must be there.
    """
    root = whole(text, selector.root)
    own_url = _own_url(root, url)
    params = _params(root)
    pages = _pages(root, own_url, params)
    listing: list[HtmlElement] = next(filter(None, (posts(root) for posts in _POSTS)), [])
    if not listing and (pages or (pages is None and not _NOTHING_FOUND(root))):
        raise NotThePage(f"no post on {described(root)}" + (f", where the site says {pages} pages" if pages else ""))
    page = ListingPage(
        url=own_url,
        posts=[_post(element, url, root) for element in listing],
        next_url=_next_url(root, url, own_url),
        pages=pages,
        categories=read_categories(root, url),
        has_button=_BUTTON(root),
        flaw=None,
    )
    page.flaw = _flaw(page, root, params)
    return page


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


def _params(root: HtmlElement) -> dict[str, Any]:
    """The site's ``loadmore_params``; empty where it has none."""
    for script in _SCRIPTS(root):
        if match := _PARAMS.search(script):
            try:
                params: dict[str, Any] = json.JSONDecoder().raw_decode(script, match.end())[0]
                return params | {"max_page": int(params["max_page"]), "query": json.loads(params.get("posts", "{}"))}
            except (ValueError, KeyError, TypeError) as error:
                raise NotThePage(f"loadmore_params can't be read: {error!r}") from error
    return {}


def _pages(root: HtmlElement, own_url: str, params: dict[str, Any]) -> int | None:
    """The site's own statement of how many pages there are, else the highest that a link here leads to."""
    if params:
        stated: int = params["max_page"]
        return stated
    numbers = [page_number(url) for url in _links_to_this_archive(root, own_url)]
    return max((page_number(own_url), *numbers)) if any(number > 1 for number in numbers) else None


def _links_to_this_archive(root: HtmlElement, own_url: str) -> list[str]:
    path = first_page_path(own_url)
    urls = (permalink(href, own_url) for href in _LINKS(root))
    return [url for url in urls if url and first_page_path(url) == path and same_host(url, own_url)]


def _flaw(page: ListingPage, root: HtmlElement, params: dict[str, Any]) -> str | None:
    nameless: list[HtmlElement] = next(filter(None, (posts(root) for posts in _NAMELESS_POSTS)), [])
    if nameless and page.posts:
        return f"{len(nameless)} posts without an ID (no id=post-N) beside {len(page.posts)} with one"
    if page.posts and not any(post.title for post in page.posts):
        return "no post has a title (.entry-title)"
    per_page = params.get("query", {}).get("posts_per_page")
    if isinstance(per_page, int) and page.pages and page.number < page.pages and len(page.posts) < per_page:
        return f"{len(page.posts)} posts, where the site puts {per_page} on a page"
    return None


def _own_url(root: HtmlElement, url: str) -> str:
    canonical = permalink(first(_CANONICAL(root)) or "", url)
    return canonical if canonical and same_host(canonical, url) else url


def _next_url(root: HtmlElement, url: str, own_url: str) -> str | None:
    """Where the site's own link to the next page leads, else any link to this archive's page after this one."""
    for href in _NEXT(root):
        if following := absolute(href, url):
            return following
    number = page_number(own_url) + 1
    return next((link for link in _links_to_this_archive(root, own_url) if page_number(link) == number), None)


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
        image_url=next(filter(None, (image_of(img, base) for img in _IMAGE(element))), None),
    )


def _categories(classes: str, element: HtmlElement, base: str, root: HtmlElement) -> list[str]:
    """A listed post's categories; the listing's own where the post names none, or names it by its number."""
    named = terms.slugs(classes, "category", terms.category_links(element, base))
    body = first(root.xpath("//body/@class")) or ""
    if not named or terms.numbers(classes, "category") & terms.numbers(body, "category"):
        own = terms.slug_of(first_page_path(_own_url(root, base)))
        return sorted({*named, own}) if own else named
    return named
