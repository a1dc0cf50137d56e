"""Categories and tags: from the classes that WordPress gives a post, and from links to their archives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from lxml.html import HtmlElement

from engcrawl.pages.page import has, xpath
from engcrawl.text.urls import permalink, same_host

_NOT_THE_CATEGORY = re.compile(r"/(?:(?:page/\d+|feed)/?)?(?:index\.html?)?$")
_NOT_IN_A_CLASS = re.compile(r"%[0-9a-fA-F]{2}|[^A-Za-z0-9_-]")

_CATEGORY_LINKS = xpath(
    './/a/@rel[contains(concat(" ", ., " "), " category ")]/../@href'
    f"| .//li/@class[contains(., 'cat')]/parent::*[{has('menu-item-object-category')} or {has('cat-item')}]/a/@href"
    f"| .//a[@rel='tag'][ancestor::*[{has('taxonomy-category')}]]/@href"
)
_TAG_LINKS = xpath(
    './/a[@rel="tag"][not(ancestor::*[contains(concat(" ", @class), " taxonomy-")][1]'
    f"[not({has('taxonomy-post_tag')})])]/@href"
)
_FILED = xpath('//*[contains(@class, "category-")]')
_PAGED = re.compile(r"paged-\d+")
_NUMBERED = {"cat", "p", "page_id", "attachment_id"}
"""The query's keys for what plain permalinks name by its number."""
_CAT = re.compile(r"\?cat=\d+$")


def category_links(element: HtmlElement, base: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the categories that *element* links to on the site's own host: name -> its archive's first page.

    First those with a slug, then those with a number alone, by that (``?cat=4``). Takes the links that WordPress itself
    marks: a post's ``rel="category tag"``, a menu's ``menu-item-object-category``, a category list's ``cat-item``, a
    block theme's ``taxonomy-category``.
    """
    named, numbered = {}, {}
    for url in _archives(element, base):
        if slug := slug_of(url):
            named[slug] = url
        if match := _CAT.search(url):
            numbered[match[0]] = url
    return named, numbered


def _archives(element: HtmlElement, base: str) -> Iterator[str]:
    """Yield the addresses of the first pages of the categories that *element* links to on the site's own host."""
    for href in _CATEGORY_LINKS(element):
        url = permalink(href, base)
        if url and same_host(url, base):
            parts = urlsplit(url)
            query = [pair for pair in parse_qsl(parts.query) if pair[0] in ("cat", "category_name")]
            path = parts.path if query else _NOT_THE_CATEGORY.sub("/", parts.path)
            yield urlunsplit((parts.scheme, parts.netloc, path, urlencode(query), ""))


def tag_slugs(element: HtmlElement, base: str) -> list[str]:
    """Return the slugs of the tags that *element* links to (``rel="tag"``)."""
    return [slug for href in _TAG_LINKS(element) if (slug := slug_of(permalink(href, base)))]


def class_slugs(root: HtmlElement) -> list[str]:
    """Return the slugs of categories in the classes of any post on a page, and of the body of a category's archive."""
    found: set[str] = set()
    for element in _FILED(root):
        classes = element.get("class", "")
        if _is_filed(element, classes.split()):
            found.update(slugs(classes, "category"))
    return sorted(slug for slug in found if not _PAGED.fullmatch(slug))


def _is_filed(element: HtmlElement, names: list[str]) -> bool:
    if element.tag == "body":
        return "archive" in names and "category" in names
    marked = element.get("id", "").startswith("post-") or "hentry" in names
    return marked or any(name.startswith(("post-", "type-")) for name in names)


def slug_of(url: str) -> str:
    """Return the slug in a term's or a post's address: its last part, percent-encoding undone.

    In a plain one that is what ``category_name`` or ``tag`` says; "" where it has a number only (``?cat=4``, ``?p=1``).
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if query.keys() & _NUMBERED:
        return ""
    named = query.get("category_name") or query.get("tag") or unquote(parts.path)
    return named.rstrip("/").rpartition("/")[2]


def archive_slug(classes: str, url: str) -> str:
    """Return the slug of the category whose archive is at *url*, with these *classes* of its body.

    "" where neither says it: WordPress' classes have no slug that isn't ASCII.
    """
    if not _CAT.search(url):
        return slug_of(url)
    named = [slug for slug in slugs(classes, "category") if not _PAGED.fullmatch(slug)]
    return named[0] if len(named) == 1 else ""


def archive_number(url: str) -> str:
    """Return what stands for the slug of the category whose archive is at *url*: its number (``?cat=4``), or ""."""
    match = _CAT.search(url)
    return match[0] if match else ""


def slugs(classes: str, prefix: str, linked: Iterable[str] = ()) -> list[str]:
    """Return the slugs of a post's terms, sorted: of its classes ``{prefix}-SLUG``, and of the terms it links to.

    WordPress' ``sanitize_html_class`` drops from a class what isn't ASCII, and writes the term's number where
    nothing is left. Such a class stands for one of the linked terms, or names none that can be known: no whole slug
    begins or ends with a hyphen.
    """
    found = set(linked)
    as_classes = {as_class(slug) for slug in found}
    for slug in in_classes(classes, prefix):
        if slug.strip("-") == slug and not slug.isdecimal() and slug not in as_classes:
            found.add(slug)
    return sorted(found)


def numbered_slugs(classes: str, links: Iterable[str]) -> list[str]:
    """Return those of a post's *links* by number (``?cat=4``) whose slug its classes don't say: they have the number.

    WordPress writes the number where the slug has no letter or digit of ASCII.
    """
    there = numbers(classes, "category")
    return sorted(link for link in links if link.rpartition("=")[2] in there)


def in_classes(classes: str, prefix: str) -> set[str]:
    """Return what *classes* say of a post's terms (``{prefix}-…``): slugs, parts of slugs, numbers."""
    names = (name.removeprefix(f"{prefix}-") for name in classes.split() if name.startswith(f"{prefix}-"))
    return set(filter(None, names))


def as_class(slug: str) -> str:
    """Return what WordPress' ``sanitize_html_class`` leaves of a slug."""
    return _NOT_IN_A_CLASS.sub("", slug)


def numbers(classes: str, prefix: str) -> set[str]:
    """Return the terms that *classes* name by number only (``category-73``)."""
    return {name for name in in_classes(classes, prefix) if name.isdecimal()}
