"""The identity of a page: which post it shows, and which element on it is the post's own."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from urllib.parse import unquote

from lxml.html import HtmlElement

from engcrawl.pages.page import NotThePage, described, drop, first, xpath
from engcrawl.pages.prose import Prose
from engcrawl.text.urls import absolute, address, same_host

_IN_REST = xpath('//link[@rel="alternate" and @type="application/json"]/@href')
_SHORTLINK = xpath('//link[contains(concat(" ", @rel, " "), " shortlink ")]/@href')
_CANONICAL = xpath('//link[@rel="canonical"]/@href')
_BODY_CLASS = xpath("string(//body/@class)")
_NUMBERED = xpath('//@id[starts-with(., "post-")]/.. | //@class[contains(., "post-")]/..')
_TITLE = xpath("(.//h1[not(.//a[@rel='home'])] | .//*/@class[contains(., 'entry-title')]/..)[normalize-space()][1]")
_LESSER_TITLE = xpath("(.//h2|.//h3|.//h4)[normalize-space()][1]")
_LINK = xpath("string(.//a/@href | parent::a/@href)")
_WITH_ID = xpath("//@id[.=$id]/..")
_HEADING = xpath("boolean(//h1)")

_REST_OBJECT = re.compile(r"/wp/v2/([\w-]+)/(\d{1,18})(?:[/?&]|$)", re.ASCII)
_PLAIN = re.compile(r"^https?://[^?#]*\?(?:[^#]*&)?(?:p|page_id)=(\d{1,18})(?:[&#]|$)", re.ASCII)
_WP_ME = re.compile(r"https?://wp\.me/p[0-9a-zA-Z]+-([0-9a-zA-Z]{1,9})$")
_DIGITS_OF_WP_ME = string.digits + string.ascii_lowercase + string.ascii_uppercase
_OF_BODY = re.compile(r"(?:postid|page-id)-(\d{1,18})$", re.ASCII)
_ID = re.compile(r"post-(\d{1,18})$", re.ASCII)
_CLASS_OF_POST = re.compile(r"(?:^|\s)post-(\d{1,18})(?=\s|$)", re.ASCII)
_BESIDE_THE_NUMBER = re.compile(r"(?:^|\s)(?:type-|hentry\b|wp-block-post\b|status-)")
"""What else WordPress' ``post_class()`` writes."""
_A_TILE = 200
"""Characters that the tile of a post may have beside its title."""
_TITLES = ("h1", "h2", "h3", "h4")
_TEXTS_OWN_LINE = frozenset(("a", "b", "em", "h1", "h2", "h3", "h4", "h5", "h6", "i", "p", "span", "strong"))


@dataclass(slots=True)
class Own:
    """A post's own element on its page."""

    element: HtmlElement
    """All that is the post's: title, meta line, body. The whole column, where nothing marks it more closely."""
    number: int | None
    """The post's ID, if the page says it."""
    marked: bool
    """Whether the page marks the element as the post's: by its ID or class, or as the one ``article``."""
    heart: HtmlElement | None
    """What holds the text: a body by its name, else the block that has most of the paragraphs."""
    prose: Prose
    """The measure of the text in it."""


def stated(root: HtmlElement, url: str) -> int | None:
    """Return the post's ID as the page's head and body class have it; None where they have none.

    Raises NotThePage where two of these signs disagree.
    """
    signs: dict[str, int] = {}
    objects = rest_objects(root)
    if (number := objects.get("posts", objects.get("pages"))) is not None:
        signs["its link to REST"] = number
    for name in str(_BODY_CLASS(root)).split():
        if match := _OF_BODY.match(name):
            signs.setdefault(f"{name.rpartition('-')[0]}-N of its body", int(match.group(1)))
    if number := shortlink(root, url):
        signs["its shortlink"] = number
    for href in (url, *_CANONICAL(root)):
        if number := number_in(href, url):
            signs.setdefault("its address", number)
    return _agreed(signs, root)


def rest_objects(root: HtmlElement) -> dict[str, int]:
    """Return what a page's own link to REST says that it shows: the route of its kind (``posts``) and its ID."""
    matches = (_REST_OBJECT.search(unquote(href)) for href in _IN_REST(root))
    return {match.group(1): int(match.group(2)) for match in matches if match}


def shortlink(root: HtmlElement, url: str) -> int | None:
    """Return the ID in a page's shortlink; None without one. Posts have one, pages too, but no listing."""
    return next((number for href in _SHORTLINK(root) if (number := number_in(href, url))), None)


def find(root: HtmlElement, number: int | None, asked: int | None, url: str) -> Own:
    """Find the post's own element on the page at *url*, which says the ID *number*, or none; *asked* is the one wanted.

    Takes out of the tree what belongs to other posts. Raises NotThePage where two signs of the ID disagree.
    """
    prose = Prose(root)
    heart = prose.heart()
    expected = number if number is not None else asked
    own = _with_id(root, expected, heart)
    owner = None if heart is None else _owner(heart, url)
    said = None if owner is None else number_of(owner)
    if expected is None or said == expected:
        own = owner if own is None else own
    elif own is None or (said is not None and not _has_body(own, prose)):
        own = _by_class(root, expected, prose)
        if own is None and number is None and said is not None:
            raise NotThePage(f"not the page of post {asked}, but of post {said}: {described(root)}")
    number = number if number is not None or own is None else number_of(own)
    if _drop_other_posts(root, own, heart):
        prose = Prose(root)
        heart = prose.heart()
    if own is None:
        if said is not None and (heart is None or not (prose.bodies or _HEADING(root))):
            raise NotThePage(f"the page says post {number}, what holds its text says post {said}: {described(root)}")
        return _unmarked(root, number, heart, prose)
    return _marked(block_of(own), number, heart, prose)


def common(one: HtmlElement, other: HtmlElement) -> HtmlElement:
    """Return the closest element that has both in it."""
    line = {one, *one.iterancestors()}
    return next((element for element in (other, *other.iterancestors()) if element in line), one)


def links_elsewhere(element: HtmlElement, url: str) -> bool:
    """Return whether an element's title leads to another page of this site, as the title of a tile does."""
    title = first(_TITLE(element) or _LESSER_TITLE(element))
    link = None if title is None else absolute(_LINK(title), url)
    return link is not None and same_host(link, url) and _place(link, url) != _place(url, url)


def _place(link: str, url: str) -> tuple[str, int | None]:
    """Return what tells a post's address from another's: a plain one (``/?p=N``) only has its query."""
    return address(link), number_in(link, url)


def number_in(href: str, url: str) -> int | None:
    """Return the post's ID in a plain address of this site (``/?p=N``), or in one of Jetpack's short ones."""
    target = absolute(href, url) or ""
    if (match := _PLAIN.match(target)) and same_host(target, url):
        return int(match.group(1)) or None
    if match := _WP_ME.match(target):
        number = 0
        for digit in match.group(1):
            number = number * len(_DIGITS_OF_WP_ME) + _DIGITS_OF_WP_ME.index(digit)
        return number or None
    return None


def _agreed(signs: dict[str, int], root: HtmlElement) -> int | None:
    (sign, number), *others = signs.items() if signs else [("", 0)]
    for other, said in others:
        if said != number:
            raise NotThePage(f"{sign} says post {number}, {other} says post {said}: {described(root)}")
    return number or None


def number_of(element: HtmlElement) -> int | None:
    """Return the ID that an element says it is the post of; its own ``id`` beats its class, which tiles repeat."""
    if match := _ID.match(element.get("id", "")):
        return int(match.group(1)) or None
    classes = element.get("class", "")
    if (match := _CLASS_OF_POST.search(classes)) and _BESIDE_THE_NUMBER.search(classes):
        return int(match.group(1)) or None
    return None


def _with_id(root: HtmlElement, number: int | None, heart: HtmlElement | None) -> HtmlElement | None:
    """Return the element with ``id="post-N"``: of several (which HTML forbids) the one with the text, or most of it."""
    found = [] if number is None else _WITH_ID(root, id=f"post-{number}")
    found = [element for element in found if element.tag != "body"]
    if len(found) > 1 and heart is not None:
        found = [element for element in found if contains(element, heart)] or found
    return max(found, key=lambda element: len(element.text_content()), default=None)


def _owner(heart: HtmlElement, url: str) -> HtmlElement | None:
    """Return the closest element around the text that says which post it is; or the title in that one which does.

    It is no other post's: where the longest text on a page is in a tile, nothing says which post the page is of.
    """
    for element in (heart, *heart.iterancestors()):
        if element.tag == "body":
            break
        if number_of(element) is not None:
            return None if links_elsewhere(element, url) else element
        titles = [line for line in element.iterchildren(*_TITLES) for line in (line, *line.iterchildren("a"))]
        numbered = [line for line in titles if _ID.match(line.get("id", ""))]
        if len(numbered) == 1:
            return None if links_elsewhere(element, url) else numbered[0]
    return None


def _by_class(root: HtmlElement, number: int, prose: Prose) -> HtmlElement | None:
    """Return the element with the class ``post-N`` that has a text; a tile that repeats the class hasn't."""
    found = [element for element in _NUMBERED(root) if element.tag != "body" and number_of(element) == number]
    with_text = [element for element in found if _has_body(element, prose) or prose.total(element) > _A_TILE]
    return max(with_text, key=prose.total, default=None)


def _has_body(element: HtmlElement | None, prose: Prose) -> bool:
    return element is not None and any(contains(element, body) for body in prose.bodies)


def _drop_other_posts(root: HtmlElement, own: HtmlElement | None, heart: HtmlElement | None) -> bool:
    """Take other posts out of the tree, beside this one and in it; return whether there were any.

    In the post's text, only what WordPress marks as a post goes: an ``id`` alone may be its author's.
    """
    keep = set() if own is None else {own, *own.iterancestors()}
    others = [e for e in _NUMBERED(root) if e not in keep and e.tag != "body" and number_of(e) is not None]
    if own is not None and heart is not None and contains(own, heart):
        others = [e for e in others if _BESIDE_THE_NUMBER.search(e.get("class", "")) or not contains(heart, e)]
    for element in others:
        drop(element)
    return bool(others)


def _marked(own: HtmlElement, number: int | None, heart: HtmlElement | None, prose: Prose) -> Own:
    """Return a marked element; with the text beside it, where it has none of its own (a title with the post's ID)."""
    if heart is None or contains(own, heart):
        return Own(own, number, True, heart, prose)
    inner = Prose(own)
    if inner.bodies or 3 * inner.total(own) > prose.total(heart):
        return Own(own, number, True, inner.heart(), inner)
    return Own(common(own, heart), number, False, heart, prose)


def _unmarked(root: HtmlElement, number: int | None, heart: HtmlElement | None, prose: Prose) -> Own:
    """Return the closest ``article``, else the column, that has both the title and the text."""
    if heart is None:
        body = root.find("body")
        return Own(root if body is None else body, number, False, None, prose)
    for element in (heart, *heart.iterancestors()):
        if element.tag == "article":
            return Own(element, number, True, heart, prose)
    return Own(block_of(heart), number, False, heart, prose)


def block_of(element: HtmlElement) -> HtmlElement:
    """Return an element, or where it is a title or a line of text with the post's ID, the block that it heads."""
    while element.tag in _TEXTS_OWN_LINE and (parent := element.getparent()) is not None and parent.tag != "body":
        element = parent
    return element


def contains(outer: HtmlElement, inner: HtmlElement) -> bool:
    """Return whether *inner* is *outer* or in it."""
    return any(element is outer for element in (inner, *inner.iterancestors()))
