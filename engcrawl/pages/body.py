"""A post's body: which element it is, and its HTML, cut free from what themes and plugins put into it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import html
from lxml.html import HtmlElement
from lxml.html.defs import link_attrs

from engcrawl.pages.boxes import Box, kind
from engcrawl.pages.identity import Own
from engcrawl.pages.page import UNPRINTABLE, drop, text_of, xpath
from engcrawl.pages.prose import has_title, named_as_body
from engcrawl.text.fragments import fragment
from engcrawl.text.safe import safe
from engcrawl.text.urls import absolute, absolute_srcset, part_number

_NEVER_SHOWN = xpath(".//script | .//style | .//template | .//noscript | .//comment() | .//processing-instruction()")
_LINKS = xpath(".//a[@href]")
_SUBSTANCE = xpath("boolean(.//p|.//li|.//pre|.//table|.//blockquote|.//figure|.//img|.//iframe|.//video|.//audio)")
_TO_THE_LETTER = frozenset(("pre", "code", "blockquote", "figure", "math", "svg"))
"""In these nothing is a box, whatever its class."""
_LINES = frozenset(("hr", "br"))
_SHORT = 400
"""How many characters may go with a box even where they are much of the body."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What browsers leave out of an address, and what no XML may have."""
_NAME = re.compile(r"[\w:.-]+$", re.ASCII)
_IN_STYLE = re.compile(r"""(url\(\s*["']?)([^"'()]*)""", re.IGNORECASE)
_EITHER_WAY = re.compile(r'=""|</?tbody>|</(?:source|track|wbr)>|(<pre[^>]*>)\n')
"""What markup can have or not and mean the same (HTML Standard, 13.1.2)."""


def find(own: Own) -> HtmlElement | None:
    """Return the post's body: of the elements around its text, the outermost that is the text alone.

    That is one with a name that WordPress' conventions give a body; else one with most of the post's text that the
    theme calls its content in words of its own (one with a title in it only if there is no other); else, where the page
    marks the post's own element, the innermost one with nearly all of its text. None where all would be a guess.
    """
    if own.heart is None or own.prose.is_body(own.heart):
        return own.heart
    around = [own.heart]
    while around[-1] is not own.element and (outer := around[-1].getparent()) is not None:
        around.append(outer)
    most = own.prose.total(own.element)
    named = [element for element in around if named_as_body(element) and 2 * own.prose.total(element) > most]
    if named:  # from the inside out
        return next((element for element in reversed(named) if not has_title(element)), named[0])
    if not own.marked:
        return None
    return next(element for element in around if 5 * own.prose.total(element) >= 4 * most)


def parts(element: HtmlElement, url: str) -> int:
    """Return how many pages the post is split over: the highest N of its own links ``URL/N/``; 1 without any."""
    return max((number for link in _LINKS(element) if (number := part_number(link.get("href"), url))), default=1)


def cleaned(content: HtmlElement, base: str, post_url: str | None = None) -> str | None:
    """Return the inner HTML of *content* (which is changed): only the body, links absolute; None if nothing is left.

    *base* is the page's address, and the post's too, unless *post_url* is that.
    """
    content.attrib.clear()
    for element in _NEVER_SHOWN(content):
        drop(element)
    _drop_boxes(content, post_url or base)
    for element in content.iter("img", "source", "iframe"):
        _load_now(element)
    for element in content.iter("iframe"):
        element[:], element.text = [], None  # for browsers without frames: text for all others
    if UNPRINTABLE.search(_inside(content)):
        _make_printable(content)
    _make_absolute(content, base)
    written = _inside(content)
    harmless = safe(written)
    if harmless != written and not _same(harmless, written):
        written = harmless
    return written.strip() or None


def _drop_boxes(content: HtmlElement, post_url: str) -> None:
    """Take out of a body what is there of other posts, and of this one beside its text."""
    whole = len(content.text_content())
    dropped: Counter[HtmlElement] = Counter()
    for element in [*_boxes(content), *_lines_of_parts(content, post_url)]:
        parent = element.getparent()
        length = len(element.text_content())
        if parent is not None and (length < _SHORT or 5 * length < 2 * whole or kind(element) is Box.COMMENTS):
            drop(element)
            dropped[parent] += 1
    for parent, number in dropped.items():  # what is left of a box that is made of such boxes
        left = [child for child in parent if child.tag not in _LINES]
        is_a_box = parent is not content and parent.tag == "div" and len(left) <= number and not _SUBSTANCE(parent)
        if is_a_box and len(parent.text_content()) < _SHORT:
            drop(parent)


def _boxes(content: HtmlElement) -> Iterator[HtmlElement]:
    waiting = [content]
    while waiting:
        for child in waiting.pop():
            if not isinstance(child.tag, str) or child.tag in _TO_THE_LETTER:
                continue
            if child.tag in ("form", "footer") or kind(child) not in (Box.NONE, Box.BESIDE):
                yield child
            else:
                waiting.append(child)


def _lines_of_parts(content: HtmlElement, post_url: str) -> Iterator[HtmlElement]:
    """Yield the lines in a body that only lead to its further pages."""
    for link in _LINKS(content):
        if part_number(link.get("href"), post_url):
            line = next((element for element in link.iterancestors("p", "div")), content)
            if line is not content and len(text_of(line)) < _SHORT // 4:
                yield line


def _same(harmless: str, written: str) -> bool:
    """Return whether nothing had to go: then the body stays written as it is in archives already."""
    again = _inside(fragment(harmless))
    return _EITHER_WAY.sub(r"\1", again) == _EITHER_WAY.sub(r"\1", written)


def _make_absolute(content: HtmlElement, base: str) -> None:
    """Make the addresses in a body absolute: those of links, pictures and embeds, and of pictures in a ``style``."""
    for element in content.iter("*"):
        for name, value in element.attrib.items():
            if name in link_attrs or name == "poster":
                element.set(name, _absolute(value.strip(), base))
            elif name == "srcset":
                element.set(name, _BREAKS.sub("", absolute_srcset(value, base)))
            elif name == "style" and "url(" in value.lower():
                element.set(name, _IN_STYLE.sub(lambda match: match[1] + _absolute(match[2].strip(), base), value))


def _absolute(link: str, base: str) -> str:
    plain = _BREAKS.sub("", link)
    return absolute(plain, base) or plain


def _inside(element: HtmlElement) -> str:
    """Return the inner HTML of *element*."""
    outer: str = html.tostring(element, encoding="unicode", with_tail=False)
    return outer[outer.index(">") + 1 : outer.rindex("</")]


def _load_now(element: HtmlElement) -> None:
    """Give a picture or an embed that is loaded late, by a script, its address now."""
    for name, late in (("src", ("data-src", "data-lazy-src")), ("srcset", ("data-srcset", "data-lazy-srcset"))):
        for attribute in late:
            if value := element.attrib.pop(attribute, None):
                element.set(name, _BREAKS.sub("", value))


def _make_printable(content: HtmlElement) -> None:
    """Take out of texts and attributes what lxml refuses to write."""
    for element in content.iter():
        for name in ("text", "tail"):
            if (text := getattr(element, name)) and UNPRINTABLE.search(text):
                setattr(element, name, UNPRINTABLE.sub("", text))
        if any(UNPRINTABLE.search(part) for item in element.attrib.items() for part in item):
            kept = [(n, UNPRINTABLE.sub("", value)) for n, value in element.attrib.items() if _NAME.match(n)]
            element.attrib.clear()
            element.attrib.update(kept)
