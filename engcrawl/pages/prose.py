"""The text on a page: how much of it each element holds, without links and boxes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from lxml.html import HtmlElement

from engcrawl.pages.boxes import Box, kind
from engcrawl.pages.page import has, xpath

_BODIES = xpath(
    f".//*/@class[contains(., '-content')]/parent::*[{has('entry-content')} or {has('wp-block-post-content')}]"
    " | .//*/@itemprop[.='articleBody']/.."
)
"""What WordPress' themes call a post's body by convention: hAtom, block themes, schema.org."""
has_title: Callable[[HtmlElement], bool] = xpath(
    f"boolean(.//h1 | .//*[{has('entry-title')} or {has('wp-block-post-title')}])"
)
"""Return whether a post's title is in an element, or what looks like one."""
_NAMED = re.compile(
    r"(?:^|[-_])(?:post|entry|article|story|single|blog|news|the)[-_]*(?:[a-z]+[-_]+)?(?:content|body|text|entry|copy)$"
)
_EXACTLY = frozenset(("entry", "entry-inner", "post-inner", "snap_preview", "td-post-content"))
_HOLDERS = frozenset(("article", "aside", "body", "center", "div", "footer", "header", "main", "section", "td"))
_NEVER_PROSE = "aside button footer form head iframe nav noscript option script select style svg template textarea"
_SILENT = frozenset(_NEVER_PROSE.split())
_TELLING = _HOLDERS | _SILENT | {"a"}
_A_BOX = 300
"""How many characters a body element has at least, where other text of the same post is much longer."""


class _State(NamedTuple):
    holder: HtmlElement
    """The block that the text here stands in."""
    linked: bool
    in_body: bool


@dataclass(slots=True)
class _Measure:
    """How much text there is, by element."""

    held: dict[HtmlElement, int] = field(default_factory=dict)
    total: dict[HtmlElement, int] = field(default_factory=dict)
    bodies: list[HtmlElement] = field(default_factory=list)
    """Those of the bodies by their names that stand in no box."""

    def count(self, state: _State, text: str | None) -> None:
        """Count a *text* that stands in the block of *state*."""
        if text and not state.linked and (length := len(text.strip())):
            self.held[state.holder] = self.held.get(state.holder, 0) + length


class Prose:
    """The measure of a page's text, taken when it is first asked for: most pages name their one body.

    A block (``div``, ``section``, ``td`` …) *holds* what its paragraphs, lists and lines of its own have; its *total*
    is that and what the blocks in it hold.
    """

    def __init__(self, root: HtmlElement) -> None:
        self.bodies: list[HtmlElement] = _BODIES(root)
        self._root = root

    def total(self, element: HtmlElement) -> int:
        """Return how many characters of text are in an element; 0 for one that is no block."""
        return self._measure.total.get(element, 0)

    def heart(self) -> HtmlElement | None:
        """Return the element that holds the page's main text: a body by its name, else the block that has most."""
        if len(self.bodies) == 1 and _is_plainly_the_text(self.bodies[0]):
            return self.bodies[0]
        body = self._best_body()
        held = self._measure.held
        block = max(held, key=held.__getitem__, default=None)
        if body is None or block is None:
            return body if body is not None else block if block is not None else next(iter(self.bodies), None)
        length = self.total(body)
        if length < _A_BOX and held[block] > max(_A_BOX, 3 * length) and _beside_in_one_post(body, block):
            return block
        return body

    def is_body(self, element: HtmlElement) -> bool:
        """Return whether an element is a body by what WordPress' themes call one by convention."""
        return element in self.bodies

    def _best_body(self) -> HtmlElement | None:
        bodies = self._measure.bodies
        best = max(bodies, key=self.total, default=None)
        if best is None:
            return None
        for inner in bodies:  # an outer one that has the title too is the post, not its body
            if inner is not best and 2 * self.total(inner) > self.total(best) and _within(inner, best):
                return inner if has_title(best) else best
        return best

    @cached_property
    def _measure(self) -> _Measure:
        measure, bodies = _Measure(), set(self.bodies)
        waiting: list[tuple[HtmlElement, _State | None]] = [(self._root, None)]
        while waiting:  # in the page's order
            element, around = waiting.pop()
            if around is not None:
                measure.count(around, element.tail)
            if not isinstance(element.tag, str):
                continue
            state = _state(element, around, element in bodies)
            if state is None:
                continue
            if element in bodies:
                measure.bodies.append(element)
            measure.count(state, element.text)
            waiting.extend([(child, state) for child in element.iterchildren(reversed=True)])
        for block, length in measure.held.items():
            for outer in (block, *block.iterancestors()):
                measure.total[outer] = measure.total.get(outer, 0) + length
        return measure


def named_as_body(element: HtmlElement) -> bool:
    """Return whether an element's class or ID calls it a post's text in any of the ways that themes do."""
    names = (element.get("class", "") + " " + element.get("id", "")).lower().split()
    return any(name in _EXACTLY or _NAMED.search(name) for name in names)


def _state(element: HtmlElement, parent: _State | None, is_body: bool) -> _State | None:
    """Return where the text in an element stands, which is in *parent*; None where it isn't the page's main text."""
    if parent is None:
        return _State(element, False, is_body)
    if not (element.attrib or element.tag in _TELLING):
        return parent
    holder = element if element.tag in _HOLDERS else parent.holder
    box = kind(element)
    silent = element.tag in _SILENT and not (parent.in_body and element.tag == "aside")
    silent = silent or (box is Box.BESIDE and not parent.in_body)
    silent = silent or (box not in (Box.NONE, Box.BESIDE) and not is_body)
    return None if silent else _State(holder, parent.linked or element.tag == "a", parent.in_body or is_body)


def _is_plainly_the_text(body: HtmlElement) -> bool:
    """Return whether a body has much text, and is in nothing that isn't the post's."""
    if len(body.text_content()) < 4 * _A_BOX:
        return False
    return not any(outer.tag in _SILENT or kind(outer) is not Box.NONE for outer in body.iterancestors())


def _within(inner: HtmlElement, outer: HtmlElement) -> bool:
    return any(element is outer for element in inner.iterancestors())


def _beside_in_one_post(body: HtmlElement, block: HtmlElement) -> bool:
    """Return whether both are in one ``article`` or other element with the ID of a post."""
    for element in body.iterancestors():
        if element.tag == "article" or element.get("id", "").startswith("post-"):
            return _within(block, element) or element is block
    return False
