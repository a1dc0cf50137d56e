"""The day and the authors of a post, as its own page shows them beside the body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from lxml.html import HtmlElement

from engcrawl.pages.boxes import Box, kind
from engcrawl.pages.json_ld import Graph
from engcrawl.pages.page import folded, has, meta, text_of, xpath
from engcrawl.text import dates

_MODIFIED = (
    f"({has('updated')} or {has('modified')} or @itemprop='dateModified')"
    f" and not({has('published')} or {has('entry-date')})"
    f" or ancestor::*[{has('wp-block-post-date__modified-date')}]"
)
"""hAtom's "updated" marks the publication too, where a theme has but one date."""
_PUBLISHED = xpath(
    f".//time[{has('published')} or {has('entry-date')} or @itemprop='datePublished'"
    f" or ancestor::*[{has('wp-block-post-date')} or {has('posted-on')}]][not({_MODIFIED})]"
    f" | .//meta[@itemprop='datePublished'] | .//abbr[{has('published')}]"
)
_TIMES = xpath(f".//time[not({_MODIFIED})]")
_SHOWS_CHANGE = xpath(f"boolean(descendant-or-self::*[contains(@class, 'modified')] | .//time[{_MODIFIED}])")
_CALLED_DATE = xpath(".//*[contains(@class, 'date') or contains(@class, 'posted') or contains(@class, 'published')]")
_LINKED_AUTHORS = xpath('.//a[contains(concat(" ", @rel, " "), " author ")]')
_NAMED_AUTHORS = xpath(
    f".//*[{has('fn')} or {has('wp-block-post-author-name')} or {has('wp-block-post-author__name')}"
    f" or {has('author-name')}] | .//*[@itemprop='author']//*[@itemprop='name']"
)
_ARCHIVES_OF_AUTHORS = xpath(".//a[contains(@href, '/author/')]")

_DATE_CLASS = re.compile(r"(?:^|[-_])(?:date|datetime|published|posted[-_]?on|pubdate)$")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_MONTH_FIRST = r"[^\W\d_]+\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}"
_DAY_FIRST = r"\d{1,2}(?:\.|er|º|ª|st|nd|rd|th)?\s*(?:de\s+|of\s+)?[^\W\d_]+\.?,?\s*(?:de\s+|del\s+)?\d{4}"
_NUMBERS = (
    r"\d{4}-\d\d-\d\d|\d{4}年\s?\d{1,2}月\s?\d{1,2}日|\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{4}|\d{4}[./]\d{1,2}[./]\d{1,2}"
)
_DATE = re.compile(rf"(?<!\w)(?:{_NUMBERS}|{_DAY_FIRST}|{_MONTH_FIRST})(?!\w)")
_TWO_READINGS = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", re.ASCII)
_ONE_DAY = timedelta(days=1)
_LONG = 60
"""Characters: a text that is a date, with a word or two, is shorter."""
_BY = re.compile(r"^(?:by|von|par|por|di|door|af|av)[:\s]\s*", re.IGNORECASE)
_NO_NAME = re.compile(r"\b(?:posts?|articles?|archives?|beiträge|artikel|entradas|articoli)\b", re.IGNORECASE)
_WORDS_OF_A_NAME = 6


class Byline:
    """A post's element, but for its body: the day and the names there."""

    def __init__(self, scope: HtmlElement, body: HtmlElement | None, headline: HtmlElement | None) -> None:
        self._scope = scope
        self._body = body
        self._headline = headline
        kept = [element for element in (body, headline) if element is not None]
        self._own = {outer for element in kept for outer in (element, *element.iterancestors())}

    def published(self, instants: Iterable[str | None], permalink_day: date | None = None) -> str | None:
        """Return the day of publication as the page shows it, in its own words; None where that isn't sure.

        *instants* are what the page's head says, *permalink_day* what its address says: a day that is far from them is
        another one's, and of the two that ``02/05/2025`` can mean, it is the near one. Where no day is shown, an
        instant with the site's own offset from UTC tells the day.
        """
        said = [text for text in instants if text and dates.is_instant(text) and _day(text)]
        known = [day for day in (permalink_day, *map(_day, said[:1])) if day is not None]
        for found in (self._times(_PUBLISHED), self._times(_TIMES), self._texts(), self._lines()):
            near = [text for text in dict.fromkeys(_read(text, known) for text in found) if _is_near(text, known)]
            if len({_day(text) or text for text in near}) == 1:
                return near[0]
        return next((text for text in said if not dates.is_utc(text)), None)

    def published_at(self) -> str | None:
        """Return the instant of publication that a ``<time>`` of the post names; None where none or several do."""
        for ask in (_PUBLISHED, _TIMES):
            found = {text for time in self._outside(ask) if (text := _stamp(time)) and dates.is_instant(text)}
            if len(found) == 1:
                return found.pop()
        return None

    def authors(self, root: HtmlElement, graph: Graph) -> list[str]:
        """Return the names of the post's authors: as it links them, as JSON-LD has them, as it shows them."""
        known = graph.authors()
        return (
            _names(map(text_of, self._outside(_LINKED_AUTHORS)), known)
            or known
            or _names(map(text_of, self._outside(_NAMED_AUTHORS)))
            or _names(map(text_of, self._outside(_ARCHIVES_OF_AUTHORS)))
            or _authors_of_card(root)
            or _names(filter(_has_no_digit, [meta(root, "author") or ""]))
        )

    def _times(self, ask: Callable[..., list[HtmlElement]]) -> Iterator[str]:
        for time in self._outside(ask):
            stamp, shown = _stamp(time), text_of(time)
            seen = _date_in(shown) if shown else None
            day = _day(seen) if seen else None
            if seen and day and (not stamp or day != _day(stamp)):
                yield seen
            elif (stamp or shown) and (day or not dates.is_utc(stamp)):
                yield stamp or shown

    def _texts(self) -> Iterator[str]:
        """Yield the dates in elements that are called a date."""
        for element in self._outside(_CALLED_DATE):
            names = element.get("class", "").split()
            if any(map(_DATE_CLASS.search, names)) and not _SHOWS_CHANGE(element):
                text = text_of(element)
                if len(text) <= _LONG and len(_YEAR.findall(text)) == 1:
                    yield _date_in(text) or text

    def _lines(self) -> Iterator[str]:
        """Yield the dates in the lines of what the theme says of the post, and in those next to the title."""
        boxes = [element for element in self._scope.iter("div", "p", "ul", "small") if kind(element) is Box.ABOUT]
        for element in (*self._beside_the_title(), *boxes):
            text = text_of(element)
            if len(text) <= 5 * _LONG and self._is_outside(element) and not _SHOWS_CHANGE(element):
                yield from (found.group() for found in _DATE.finditer(text) if _day(found.group()))

    def _beside_the_title(self) -> Iterator[HtmlElement]:
        if self._headline is not None:
            for element in (self._headline.getprevious(), self._headline.getnext()):
                if element is not None and isinstance(element.tag, str):
                    yield element

    def _outside(self, ask: Callable[..., list[HtmlElement]]) -> list[HtmlElement]:
        return [element for element in ask(self._scope) if self._is_outside(element)]

    def _is_outside(self, element: HtmlElement) -> bool:
        """Return whether an element is the post's, and not in its body; a meta line in the body isn't the body's."""
        said_of_the_post = False
        for outer in (element, *element.iterancestors()):
            if outer is self._body and not said_of_the_post:
                return False
            if outer is self._scope or outer in self._own:
                return True
            box = kind(outer)
            if box in (Box.FOREIGN, Box.COMMENTS) or outer.tag in ("article", "blockquote", "iframe"):
                return False
            said_of_the_post = said_of_the_post or box is Box.ABOUT
        return True


def _stamp(time: HtmlElement) -> str:
    """Return the machine's form of a date: ``datetime``, a meta element's content, hAtom's ``title``."""
    name = {"meta": "content", "abbr": "title"}.get(str(time.tag), "datetime")
    return folded(time.get(name) or "")


def _date_in(text: str) -> str | None:
    """Return the one date in a text; None where there is none, or more than one."""
    if _day(text):
        return text
    found = [match.group() for match in _DATE.finditer(text)]
    return found[0] if len(found) == 1 else None


def _day(text: str) -> date | None:
    try:
        return dates.day(text)
    except ValueError:
        return None


def _read(text: str, known: list[date]) -> str:
    """Return a date, in ISO 8601 where it has two readings (``02/05/2025``) and one of them is a *known* day's."""
    if not known or not (match := _TWO_READINGS.fullmatch(text)):
        return text
    one, other, year = match.groups()
    readings = {day for parts in ((one, other), (other, one)) if (day := _day(f"{year}-{parts[0]:0>2}-{parts[1]:0>2}"))}
    near = [day for day in readings if abs(day - known[0]) <= _ONE_DAY]
    return near[0].isoformat() if len(near) == 1 else text


def _is_near(text: str, known: list[date]) -> bool:
    day = _day(text)
    return day is None or all(abs(day - other) <= _ONE_DAY for other in known)


def _names(texts: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Return the names among some texts: not "View all posts by" one, and none twice."""
    names = list(dict.fromkeys(name for text in texts if (name := _BY.sub("", text))))
    shorter = {name.casefold() for name in (*names, *known)}
    return [
        name
        for name in names
        if len(name.split()) <= _WORDS_OF_A_NAME
        and not _NO_NAME.search(name)
        and not any(other in name.casefold() and other != name.casefold() for other in shorter)
    ]


def _authors_of_card(root: HtmlElement) -> list[str]:
    """Return the names that Yoast writes for Twitter's card: one comma list; a number there is a reading time."""
    names = meta(root, "twitter:data1")
    if not names or not meta(root, "twitter:label1") or not _has_no_digit(names):
        return []
    return [name.strip() for name in names.split(",") if name.strip()]


def _has_no_digit(text: str) -> bool:
    return not any(sign.isdigit() for sign in text)
