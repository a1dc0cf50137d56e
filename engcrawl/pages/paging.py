"""Paging: which page of its archive a listing page is, how many there are, and where the next one is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from lxml.html import HtmlElement

from engcrawl.pages.page import text_of, xpath
from engcrawl.text.urls import absolute, same_host

_NUMBER = re.compile(r"/page/(\d{1,9})(?:/(?:index\.html?)?)?$")
_INDEX = re.compile(r"/index\.html?$")
_NUMBER_KEY = re.compile(r"paged|query(?:-\d+)?-page|e-page-\w+")
"""The query's key for a page's number: WordPress' own, that of its query block, and Elementor's."""
_ARCHIVE_KEYS = ("cat", "category_name", "tag", "author", "m", "year", "monthnum", "day", "s", "post_type", "lang")
"""What tells one archive from another in plain permalinks: WordPress' public query variables."""

_PAGED_CLASS = re.compile(r"(?:[a-z]+-)*paged-(\d{1,9})")
_KINDS = frozenset(("archive", "blog", "search"))
"""Classes of the body, one of which WordPress gives to every page that lists posts."""
_PAGE_IN_TITLE = re.compile(r"\b(?:page|seite|página|pagina|strona|страница)\s+(\d{1,9})\b", re.IGNORECASE)
_ONE_OF_MANY = re.compile(r"(?:^|\D)(\d{1,7})\s*(?:/|of|von|de|di|sur|van|av|af|z|из|su|din)\s*(\d{1,7})(?=\D|$)")

_PAGINATION = re.compile(r"pagi|pagenav|page-?nav|page-numbers|nav-links|pages")
_BACK = re.compile(r"pagi|page-numbers|pagenav|page-?nav|nav-links|nav-next|prev|newer|alignright")

_BODY_CLASS = xpath("string(//body/@class)")
_TITLE = xpath("string(//head/title)")
_CANONICAL = xpath('//link[@rel="canonical"]/@href')
_CURRENT = xpath('//body//*[contains(@class, "current") or @aria-current="page"]')
_HEAD_NEXT = xpath('//link[@rel="next"]/@href')
_HEAD_PREV = xpath('//link[@rel="prev"]/@href')
_BODY_NEXT = xpath('//a[contains(@class, "next")][@href]')
_NEXT_CLASSES = (frozenset(("next", "page-numbers")), frozenset(("wp-block-query-pagination-next",)))
_LINKS = xpath("//a/@href")
_ANCHORS = xpath("//a[@href]")
_STATEMENTS = xpath('//body//*[contains(@class, "pag")][not(*)]')


@dataclass(frozen=True, slots=True)
class Paging:
    """A listing page's place in its archive, as the page itself states it."""

    url: str
    """The page's own address: the canonical one of its archive, where it names one on its own host."""
    number: int
    """Which page this is, from 1."""
    pages: int | None
    """How many pages there are by its links and texts; None where they don't tell."""
    next_url: str | None


def page_number(url: str) -> int:
    """Return the number in a listing page's address, ``…/page/N/`` or ``…?paged=N``; 1 where there is none."""
    parts = urlsplit(url)
    if match := _NUMBER.search(parts.path):
        return max(int(match.group(1)), 1)
    for key, value in parse_qsl(parts.query):
        if _NUMBER_KEY.fullmatch(key) and value.isascii() and value.isdecimal() and len(value) < 10:
            return max(int(value), 1)
    return 1


def page_url(url: str, number: int) -> str:
    """Return the address of page *number* of the archive that *url* belongs to, in WordPress' own form."""
    parts = urlsplit(url)
    path = _first(parts.path).rstrip("/")
    query = [(key, value) for key, value in parse_qsl(parts.query) if key in _ARCHIVE_KEYS]
    if query or "paged=" in parts.query:
        query += [("paged", str(number))]
        return urlunsplit((parts.scheme, parts.netloc, f"{path}/", urlencode(query), ""))
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/page/{number}/", "", ""))


def first_page_path(url: str) -> str:
    """Return the path of the archive that a listing page belongs to, without its page number."""
    return unquote(_first(urlsplit(url).path)).rstrip("/") + "/"


def archive_of(url: str) -> str:
    """Return what all pages of an archive share: path and query, without the number of the page."""
    query = urlencode([pair for pair in _query(url) if pair[0] != "lang"])  # not every link of a site has that
    return first_page_path(url) + (f"?{query}" if query else "")


def same_archive(url: str, other: str) -> bool:
    """Return whether two addresses are of one archive, whatever their page numbers."""
    return first_page_path(url) == first_page_path(other) and _query(url) == _query(other) and same_host(url, other)


def read(root: HtmlElement, url: str) -> Paging:
    """Read the paging of a listing page that was found at *url*."""
    canonical = next((link for link in _clean(_CANONICAL(root), url) if same_host(link, url)), None)
    classes = frozenset(_BODY_CLASS(root).split())
    if canonical and first_page_path(canonical) == "/" and not _query(canonical) and "archive" in classes:
        canonical = None  # an archive that names the front page as its canonical address
    if canonical and first_page_path(canonical) == f"{first_page_path(url)}{page_number(url)}/":
        canonical = url  # Yoast's canonical of a front page's later pages: /2/ for /page/2/
    hrefs = filter(_may_be_page, (*_HEAD_NEXT(root), *_HEAD_PREV(root), *_LINKS(root)))
    linked = list(_clean(hrefs, url))
    number = _own_number(root, classes, url, canonical)
    own = canonical or url
    if page_number(own) != number:
        own = _first_page(own) if number == 1 else page_url(own, number)
    pages = [link for link in linked if same_archive(link, own)]
    others = {*map(page_number, pages), *_stated(root, number)} - {1, number}
    following = _next_url(root, url, own, number, pages)
    if number > 1 and not others and following is None and _leads_back(root, url, own, number):
        others = {number}
    return Paging(own, number, max(number, *others) if others else None, following)


def _first(path: str) -> str:
    return _INDEX.sub("/", _NUMBER.sub("/", path))


def _query(url: str) -> list[tuple[str, str]]:
    query = urlsplit(url).query
    return sorted(pair for pair in parse_qsl(query) if pair[0] in _ARCHIVE_KEYS) if query else []


def _first_page(url: str) -> str:
    parts = urlsplit(url)
    query = urlencode([pair for pair in parse_qsl(parts.query) if not _NUMBER_KEY.fullmatch(pair[0])])
    return urlunsplit((parts.scheme, parts.netloc, _NUMBER.sub("/", parts.path), query, ""))


def _clean(hrefs: Iterable[str], base: str) -> Iterator[str]:
    """Give the http(s) addresses among *hrefs*: absolute, without fragment; a query only where it tells an archive."""
    for href in hrefs:
        if link := absolute(href.partition("#")[0], base):
            bare, _, query = link.partition("?")
            yield link if query and (_query(link) or page_number(link) > 1) else bare


def _may_be_page(href: str) -> bool:
    return "page" in href or href.startswith(".")


def _own_number(root: HtmlElement, classes: frozenset[str], url: str, canonical: str | None) -> int:
    """Tell which page this is: as it says itself, its canonical address last; else as it was asked for."""
    asked = page_number(url)
    if match := next(filter(None, map(_PAGED_CLASS.fullmatch, classes)), None):
        return max(int(match.group(1)), 1)
    unpaged = bool(_KINDS & classes) and "paged" not in classes
    if unpaged and asked == 1 and (canonical is None or page_number(canonical) == 1):
        return 1
    if current := next(filter(None, map(_only_number, filter(_is_current, _CURRENT(root)))), None):
        return current
    if match := _PAGE_IN_TITLE.search(_TITLE(root)):
        return max(int(match.group(1)), 1)
    if canonical and page_number(canonical) > 1:
        return page_number(canonical)
    for hrefs, step in ((_HEAD_NEXT(root), -1), (_HEAD_PREV(root), 1)):
        neighbour = next((link for link in _clean(hrefs, url) if same_archive(link, url)), None)
        if neighbour and (step == 1 or page_number(neighbour) > 1):
            return page_number(neighbour) + step
    return 1 if unpaged and "-page" not in urlsplit(url).query else asked


def _is_current(element: HtmlElement) -> bool:
    """Return whether an element is a pagination's current page: ``.page-numbers.current``, or so named in one."""
    names = element.get("class", "")
    if "menu" in names or not (element.get("aria-current") == "page" or "current" in names.split()):
        return False
    around = (one.get("class", "") for one in itertools.islice(element.iterancestors(), 3))
    return any(map(_PAGINATION.search, (names, *around)))


def _only_number(element: HtmlElement) -> int | None:
    """Return the number that a pagination's current page shows (``7``, ``Page 7``, ``1.100``); None for other texts."""
    text = text_of(element)
    digits = re.sub(r"(?<=\d)[.,\s](?=\d{3}\b)", "", text).split()[-1:]
    found = digits[0] if digits and len(text) < 20 else ""
    return int(found) or None if found.isascii() and found.isdecimal() and len(found) < 10 else None


def _stated(root: HtmlElement, number: int) -> list[int]:
    """Return how many pages the pagination's texts and the title state beside this page's number (``Page 2 of 13``)."""
    title = _TITLE(root)
    texts = [text_of(element) for element in _STATEMENTS(root)]
    texts += [title[match.start() :] for match in [_PAGE_IN_TITLE.search(title)] if match]
    found = (_ONE_OF_MANY.search(text) for text in texts if len(text) < 200)
    pairs = [(int(match.group(1)), int(match.group(2))) for match in found if match]
    return [pages for this, pages in pairs if this == number and pages >= number]


def _next_url(root: HtmlElement, url: str, own: str, number: int, pages: list[str]) -> str | None:
    """Return where this archive's next page is; where no link leads there, what the site states as the next page."""
    marked = [link.get("href") for link in _BODY_NEXT(root) if _is_next(link)]
    stated = [link for href in (*_HEAD_NEXT(root), *marked) if (link := absolute(href, url))]
    for link in (*stated, *pages):
        if page_number(link) == number + 1 and same_archive(link, own):
            return link
    return next(iter(stated), None)


def _leads_back(root: HtmlElement, url: str, own: str, number: int) -> bool:
    """Return whether a pagination's link leads to the page before, where none leads on: then this is the last page."""
    links = (link for link in _ANCHORS(root) if _in_pagination(link))
    found = _clean((*_HEAD_PREV(root), *(link.get("href") for link in links)), url)
    return any(page_number(link) == number - 1 and same_archive(link, own) for link in found)


def _in_pagination(link: HtmlElement) -> bool:
    around = (link, *itertools.islice(link.iterancestors(), 3))
    names = " ".join(one.get("class", "") for one in around if one.tag != "body")
    return "menu" not in names and bool(_BACK.search(names))


def _is_next(link: HtmlElement) -> bool:
    names = set(link.get("class", "").split())
    return any(classes <= names for classes in _NEXT_CLASSES)
