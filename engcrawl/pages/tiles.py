"""The elements of a page's main listing, a post each: those that are marked as posts, else what repeats."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from lxml.html import HtmlElement

from engcrawl.pages.beside import Beside
from engcrawl.pages.headings import Group, is_main, is_post, main_group
from engcrawl.pages.marks import Marks, marked
from engcrawl.pages.page import xpath
from engcrawl.text.urls import permalink

_BODY_CLASS = xpath("string(//body/@class)")
_LINKS = xpath("//body//a[@href]")
_LOADERS = xpath("boolean(//body//*[contains(@class, 'load-more') or contains(@class, 'loadmore') or self::time])")
_MENU = re.compile(r"menu|nav|breadcrumb|page_item|footer|header")
_PAGE_ID = re.compile(r"(?:^|\s)page-id-(\d{1,18})(?=\s|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tiles:
    """A page's main listing."""

    elements: list[HtmlElement]
    """The posts' own elements, in the page's order."""
    marked: bool
    """Whether WordPress' own marks show them; else only what repeats does."""
    dated: bool = True
    """Whether most of them look like posts: with a date, a category, an author or a link to more."""


def find(root: HtmlElement, base: str) -> Tiles:
    """Find the main listing of the page at *base*; without any element where there is none."""
    beside = Beside()
    found = _listing(_posts(root, beside))
    if found and not _only_wraps(found):
        return Tiles([marks.element for marks in found], marked=True)
    group = main_group(root, base, beside)
    if found and (group is None or not _inside(group, found[0].element)):
        return Tiles([found[0].element], marked=True)
    return Tiles([], marked=False) if group is None else Tiles(group.elements, marked=False, dated=group.dated)


def nothing_in(root: HtmlElement, base: str) -> bool:
    """Return whether a page without a listing shows nothing that could be one: a link to a post, a date, a loader."""
    if _LOADERS(root):
        return False
    beside = Beside()
    links = (link for link in _LINKS(root) if is_post(permalink(link.get("href"), base), base))
    return all(beside.holds(link) or _in_menu(link) for link in links)


def _in_menu(link: HtmlElement) -> bool:
    around = (one for one in link.iterancestors() if one.tag not in ("body", "html"))
    return any(_MENU.search(f"{one.get('class', '')} {one.get('id', '')}") for one in around)


def _posts(root: HtmlElement, beside: Beside) -> list[Marks]:
    """Return what is marked as a post, neither beside the listing nor a part of another; in the main column, if any."""
    found = [marks for marks in marked(root) if not beside.holds(marks.element)]
    outer = _around(found)
    page = _PAGE_ID.search(_BODY_CLASS(root))
    inside: dict[int, list[Marks]] = defaultdict(list)
    for marks in found:
        inside[id(outer[id(marks)])].append(marks)
    posts = [marks for marks in found if not _is_wrapper(marks, inside[id(marks)], page and page.group(1))]
    if len(posts) < len(found):
        found, outer = posts, _around(posts)
    return _in_main_column([marks for marks in found if _stands_alone(marks, outer[id(marks)])])


def _stands_alone(marks: Marks, around: Marks | None) -> bool:
    """Return whether an element is no part of the post around it; in broken markup, its own ``id`` says so."""
    return around is None or (marks.by_id is not None and marks.by_id not in {around.by_id, *around.by_class})


def _in_main_column(found: list[Marks]) -> list[Marks]:
    """Keep the marks in the page's main column, where it says which that is; in the inner one of two."""
    columns: dict[HtmlElement, list[Marks]] = defaultdict(list)
    for marks in found:
        column = next(filter(is_main, marks.element.iterancestors()), None)
        if column is not None:
            columns[column].append(marks)
    return max(
        columns.values(), key=lambda column: (sum(bool(one.by_id) for one in column), len(column)), default=found
    )


def _around(found: list[Marks]) -> dict[int, Marks | None]:
    """Return for each mark the one whose element is next around its own."""
    by_element = {marks.element: marks for marks in found}
    return {
        id(marks): next((by_element[one] for one in marks.element.iterancestors() if one in by_element), None)
        for marks in found
    }


def _is_wrapper(marks: Marks, inside: list[Marks], page_id: str | None) -> bool:
    """Return whether an element isn't a listed post's but holds the listing, as a page that lists posts does."""
    numbers = {marks.by_id, *marks.by_class} - {None}
    if page_id and numbers == {int(page_id)}:
        return True
    within = {number for one in inside for number in (one.by_id, *one.by_class) if number}
    return len(inside) > 1 and (marks.type == "page" or not numbers or bool(len(within) > 1 and numbers & within))


def _listing(posts: list[Marks]) -> list[Marks]:
    """Keep of *posts* those with an ``id``, else those with a number; and what stands beside them or looks alike."""
    sure = [m for m in posts if m.by_id] or [m for m in posts if m.by_class]
    if not sure or len(sure) == len(posts):
        return posts
    parents = {marks.element.getparent() for marks in sure}
    forms = {_form(marks.element) for marks in sure}
    numbered = {id(marks) for marks in sure}
    return [m for m in posts if id(m) in numbered or m.element.getparent() in parents or _form(m.element) in forms]


def _form(element: HtmlElement) -> tuple[object, ...]:
    parent = element.getparent()
    return element.tag, sum(1 for _ in element.iterancestors()), parent.tag, parent.get("class")


def _only_wraps(found: list[Marks]) -> bool:
    """Return whether the only element is one without a number, which may hold the whole listing."""
    return len(found) == 1 and not found[0].numbered


def _inside(group: Group, element: HtmlElement) -> bool:
    return len(group.elements) > 1 and all(element in one.iterancestors() for one in group.elements)
