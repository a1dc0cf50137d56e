"""The marks that WordPress gives a post's element: ``id="post-N"``, the classes of ``post_class()``."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from engcrawl.pages.page import xpath

_ID = re.compile(r"post-(\d{1,18})", re.ASCII)
_HOLDERS = frozenset(("article", "div", "li", "section", "tr", "td", "dl", "ul", "ol", "table", "figure", "main"))
"""Elements that can hold a post: ``<h2 id="post-N">`` or ``<a id="post-N">`` are only parts of one."""
_BESIDE_NUMBER = frozenset(("hentry", "post", "wp-block-post"))
"""Classes beside which ``post-N`` is ``post_class()``'s; so are ``type-…`` and ``status-…``."""

_CANDIDATES = xpath('//body//*[contains(@class, "hentry") or contains(@class, "post-") or starts-with(@id, "post-")]')
_NUMBERED_PARTS = xpath(
    './/*[starts-with(@id, "post-")][self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::a or self::span]'
)


class Marks:
    """The marks of an element, its ``id`` and classes, which say whether it is a post's, and which post's."""

    __slots__ = ("by_class", "by_id", "element", "hentry", "type")

    def __init__(self, element: HtmlElement) -> None:
        self.element = element
        names = element.get("class", "").split()
        self.by_id = number_of(element.get("id", ""))
        """The number in ``id="post-N"``, else None."""
        self.hentry = "hentry" in names
        post_class = not _BESIDE_NUMBER.isdisjoint(names) or any(n.startswith(("type-", "status-")) for n in names)
        numbers = {n for name in names if (n := number_of(name))} if post_class else set()
        self.by_class = {n for n in numbers if self.by_id or _goes_with(n, element.get("id"))}
        """The numbers in the classes ``post-N`` of ``post_class()``; none where an ``id`` says something else."""
        self.type = type_of(names)

    @property
    def numbered(self) -> bool:
        """Return whether the element names an ID."""
        return bool(self.by_id or self.by_class)


def _goes_with(number: int, name: str | None) -> bool:
    """Return whether an element's ``id`` leaves its class to speak: it has none, or one that ends in that number."""
    return not name or re.search(rf"(?:^|[^0-9]){number}$", name) is not None


def type_of(names: list[str]) -> str:
    """Return the post type that the classes of ``post_class()`` name (``type-…``); ``post`` where they name none."""
    return next((name[5:] for name in names if name.startswith("type-") and name[5:]), "post")


def number_of(name: str) -> int | None:
    """Return the post ID in ``post-N``; None for any other name (``post-5-12``, ``post-12-title``, ``post-0``)."""
    match = _ID.fullmatch(name)
    return int(match.group(1)) or None if match else None


def marked(root: HtmlElement) -> list[Marks]:
    """Return the marks of every element on the page that is marked as a post's, in the page's order."""
    found = [Marks(element) for element in _CANDIDATES(root) if element.tag in _HOLDERS]
    return [marks for marks in found if marks.numbered or marks.hentry]


def ids(element: HtmlElement) -> tuple[set[int], set[int]]:
    """Return the IDs that a post's own element names, one where all is well; and the IDs that only a class names.

    An ``id`` beats a class: that of the element, else that of its heading; classes count where there is no such id.
    """
    marks = Marks(element)
    parts = () if marks.by_id else (element, *_NUMBERED_PARTS(element))
    by_id = {marks.by_id} if marks.by_id else {n for part in parts if (n := number_of(part.get("id", "")))}
    return by_id or marks.by_class, marks.by_class - by_id if by_id else set()
