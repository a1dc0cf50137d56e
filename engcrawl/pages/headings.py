"""Headings that link to posts: the repeated ones among them show where a listing's posts are."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from engcrawl.pages.beside import Beside
from engcrawl.pages.page import has, text_of, xpath
from engcrawl.pages.paging import first_page_path
from engcrawl.text.urls import permalink, same_host

_HEADINGS = xpath(
    "//body//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5"
    f" or {has('entry-title')} or {has('post-title')}][.//a[@href] or ancestor::a[@href]]"
)
_TITLES = xpath("//body//a[@href][contains(@class, 'title') or contains(concat(' ', @rel, ' '), ' bookmark ')]")
"""Links that are marked as a title, or by WordPress' themes as a post's own: for themes without headings."""
_LINKS = (xpath(".//a[@href]"), xpath("ancestor-or-self::a[1][@href]"))
_NO_POST = re.compile(r"/(?:category|tag|author|page/\d+|feed|wp-content|wp-admin|wp-login\.php)(?:/|$)|/comments?/")
_PLAIN = re.compile(r"[?&]p=(\d{1,18})(?=[&#]|$)", re.ASCII)
_TERM = re.compile(r"\b(?:category|tag|author|home)\b")

_DATED = xpath(f"boolean(.//time | .//*[contains(@class, 'date') or {has('published')} or {has('posted-on')}])")
_FILED = xpath("boolean(.//a[contains(@rel, 'tag') or contains(@rel, 'author') or contains(@class, 'more')])")
_PICTURE = xpath("boolean(.//img)")
_POST_LIKE = frozenset(("post", "hentry", "entry", "type-post"))
_HIGHEST = 7
"""So many elements around a listing's only heading, at most, can be the post's."""
_EXCERPT = 60
"""So many characters beside the title are an excerpt."""


@dataclass(slots=True)
class Group:
    """Headings of one form, and the elements that repeat around them: a post each."""

    headings: list[HtmlElement] = field(default_factory=list)
    elements: list[HtmlElement] = field(default_factory=list)
    central: bool = False
    """Whether they stand in the page's main column."""
    signs: float = 0.0
    """How many signs of a post each element has, on average: a date, an excerpt, a category or author, a picture."""
    dated: bool = False
    """Whether most of them have a date, a category, an author or a link to more."""


def plain_id(url: str) -> int | None:
    """Return the ID in a plain permalink, ``?p=N``, which is a post's shortlink too; None in any other address."""
    found = _PLAIN.search(url)
    return int(found.group(1)) or None if found else None


def is_post(url: str, base: str) -> bool:
    """Return whether *url* can be a post's permalink: on the site's own host, no archive's and no file's address."""
    if not url or not same_host(url, base):
        return False
    if "?p=" in url:
        return True
    path = first_page_path(url)
    return path != "/" and not _NO_POST.search(urlsplit(url).path) and not first_page_path(base).startswith(path)


def link_of(heading: HtmlElement, base: str) -> str:
    """Return the post's address that a heading links to, or that a link around it leads to; "" without one."""
    for links in _LINKS:
        for link in links(heading):
            if not _TERM.search(link.get("rel", "")) and (url := permalink(link.get("href"), base)):
                return url
    return ""


def is_main(element: HtmlElement) -> bool:
    """Return whether *element* is the page's main column."""
    return "main" in (element.tag, element.get("role"), element.get("id"))


def main_group(root: HtmlElement, base: str, beside: Beside) -> Group | None:
    """Return the headings of the page's main listing and the elements around them; None where nothing repeats so."""
    groups = _groups(root, base, beside)
    for group in groups:
        _find_elements(group, base)
        _judge(group)
    groups = [group for group in groups if len(group.elements) > 1 or (group.elements and group.signs)]
    return max(groups, key=lambda group: (group.central, len(group.elements) * (1 + group.signs)), default=None)


def _groups(root: HtmlElement, base: str, beside: Beside) -> list[Group]:
    return next(filter(None, (_by_form(find(root), base, beside) for find in (_HEADINGS, _TITLES))), [])


def _by_form(headings: list[HtmlElement], base: str, beside: Beside) -> list[Group]:
    """Sort headings by their form; leave out forms without a link to a post of the site's own.

    A post that lives on another host may be the only one of a listing: then it stands in an ``article``.
    """
    groups: dict[tuple[object, ...], Group] = defaultdict(Group)
    own: set[tuple[object, ...]] = set()
    for heading in headings:
        if (url := link_of(heading, base)) and text_of(heading) and not beside.holds(heading):
            form = _form(heading)
            groups[form].headings.append(heading)
            elsewhere = not same_host(url, base) and next(heading.iterancestors("article"), None) is not None
            if is_post(url, base) or elsewhere:
                own.add(form)
    return [group for form, group in groups.items() if form in own]


def _form(heading: HtmlElement) -> tuple[object, ...]:
    """Return what the headings of one listing have in common: tag, classes without numbers, depth in the page."""
    names = sorted(name for name in heading.get("class", "").split() if not any(map(str.isdigit, name)))
    ancestors = list(heading.iterancestors())
    return heading.tag, tuple(names), len(ancestors), ancestors[0].tag if ancestors else ""


def _find_elements(group: Group, base: str) -> None:
    """Find each heading's own element: the largest around it that has no other heading of the group in it."""
    urls: dict[HtmlElement, set[str]] = defaultdict(set)
    chains: list[list[HtmlElement]] = []
    seen: set[str] = set()
    for heading in group.headings:
        url = link_of(heading, base)
        chain = [heading, *heading.iterancestors()]
        for element in chain:
            urls[element].add(url)
        if url not in seen and (is_post(url, base) or not same_host(url, base)):
            seen.add(url)
            chains.append(chain)
    levels = [next((n for n, one in enumerate(chain) if len(urls[one]) > 1), 0) - 1 for chain in chains]
    usual = Counter(levels).most_common(1)[0][0] if levels else -1
    group.headings = [chain[0] for chain in chains]
    if len(chains) == 1:
        group.elements = [_lone(chains[0], base)]
    else:
        group.elements = [chain[max(0, min(level, usual))] for chain, level in zip(chains, levels, strict=True)]


def _lone(chain: list[HtmlElement], base: str) -> HtmlElement:
    """Return the element of a listing's only post: one named like a post, else all up to other posts and headings."""
    for element in chain:
        if element.tag == "article" or not _POST_LIKE.isdisjoint(element.get("class", "").split()):
            return element
    own = chain[0]
    for element in chain[1:_HIGHEST]:
        links = {permalink(link.get("href"), base) for link in element.iter("a") if link.get("href")}
        if is_main(element) or element.tag == "body" or len([url for url in links if is_post(url, base)]) > 1:
            break
        if any(heading is not chain[0] for heading in element.iter("h1", "h2", "h3", "h4", "h5")):
            break
        own = element
    return own


def _judge(group: Group) -> None:
    if not group.elements:
        return
    group.central = any(is_main(one) for one in group.headings[0].iterancestors())
    told = pictured = excerpts = 0
    for element, heading in zip(group.elements, group.headings, strict=True):
        told += bool(_DATED(element)) + bool(_FILED(element))
        pictured += bool(_PICTURE(element))
        excerpts += len(text_of(element)) - len(text_of(heading)) > _EXCERPT
    count = len(group.elements)
    group.signs = (told + excerpts + 0.5 * pictured) / count
    group.dated = 2 * told >= count
