"""What a site writes as a date -> a day in its calendar, an instant in UTC. Never one from the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from babel import Locale
from dateutil import parser

LANGUAGES = ("en", "de", "fr", "es", "ru")
"""The languages whose month names are read (names and abbreviations as CLDR and WordPress write them)."""

_PERMALINK_DAY = re.compile(r"/(\d{4})/(\d\d)/(\d\d)/")


class _SiteWords(parser.parserinfo):
    """dateutil's reading of words, with month names from CLDR in all of `LANGUAGES`."""

    JUMP = [*parser.parserinfo.JUMP, "de", "del", "er", "г"]  # noqa: RUF012 - how dateutil is told

    def __init__(self) -> None:
        super().__init__()
        months: dict[str, set[int]] = {}
        for language in LANGUAGES:
            for context in Locale(language).months.values():
                for width in ("wide", "abbreviated"):
                    for month, name in context[width].items():
                        for length in range(3, len(name) + 1):
                            months.setdefault(name.casefold()[:length], set()).add(month)
        self._months = {word: found.pop() for word, found in months.items() if len(found) == 1}

    def month(self, name: str) -> int | None:
        """1 to 12 where *name* is a month's name or the beginning (three letters or more) of one, else None."""
        return self._months.get(name.casefold().rstrip("."))


_WORDS = _SiteWords()
_ONE_DEFAULT = datetime(2000, 1, 1)  # noqa: DTZ001 - only the day is used
_OTHER_DEFAULT = datetime(1999, 2, 2)  # noqa: DTZ001


@lru_cache(maxsize=4096)
def day(text: str) -> date:
    """The day that *text* names, as a reader of the site sees it.

    Takes ISO 8601 (``2025-02-05``, ``2026-06-25T15:30:51-07:00``: the day as written, in the site's own offset)
    and the forms of stock WordPress themes in `LANGUAGES`, in any case (``AUG 5, 2024``, ``5. Februar 2025``,
    ``1er février 2025``, ``5 de febrero de 2025``, ``5 февраля 2025``, ``05.02.2025``).

    Raises ValueError for anything else, also for a date that lacks a part or can be read in two ways
    (``02/05/2025``): a day is never guessed.
    """
    text = text.strip()
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        pass  # not ISO 8601: the words of a theme
    dotted = re.fullmatch(r"\d{1,2}\.\s?\d{1,2}\.\s?\d{4}", text) is not None
    try:
        readings = {
            parser.parse(text, _WORDS, default=_ONE_DEFAULT, dayfirst=True).date(),
            parser.parse(text, _WORDS, default=_OTHER_DEFAULT, dayfirst=dotted).date(),
        }
    except (parser.ParserError, OverflowError) as error:
        raise ValueError(f"not a date: {text!r}") from error
    if len(readings) > 1:
        raise ValueError(f"not a whole date, or one that can be read in two ways: {text!r}")
    return readings.pop()


def instant(text: str) -> datetime | None:
    """The instant that *text*, ISO 8601, names, in UTC; None where it names no offset (then it is no instant).

    Raises ValueError where it isn't ISO 8601.
    """
    moment = datetime.fromisoformat(text.strip())
    try:
        return moment.astimezone(UTC) if moment.tzinfo else None
    except OverflowError as error:
        raise ValueError(f"not an instant of the calendar: {text!r}") from error


def is_instant(text: str) -> bool:
    """Whether *text* names an instant: ISO 8601 with an offset."""
    try:
        return instant(text) is not None
    except ValueError:
        return False


def first_instant(*texts: str | None) -> str | None:
    """Of several statements of one instant, the first that names one; else the first there is."""
    return _first(is_instant, texts)


def first_day(*texts: str | None) -> str | None:
    """Of several statements of one day, the first that can be read; else the first there is."""
    return _first(_is_day, texts)


def _first(good: Callable[[str], bool], texts: Iterable[str | None]) -> str | None:
    given = [text for text in texts if text]
    return next(filter(good, given), given[0] if given else None)


def _is_day(text: str) -> bool:
    try:
        day(text)
    except ValueError:
        return False
    return True


def permalink_day(url: str) -> date | None:
    """The day in a permalink of WordPress's "day and name" form, ``/2024/10/03/…``; None for any other form."""
    match = _PERMALINK_DAY.search(url)
    if match is None:
        return None
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        return None  # numbers that only look like a day


def rfc3339(moment: datetime) -> str:
    """*moment* (aware) as RFC 3339 in UTC, whole seconds: ``2025-02-05T18:30:51Z``."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def now() -> str:
    """This moment, likewise."""
    return rfc3339(datetime.now(UTC))


def earlier(text: str, **time: float) -> str:
    """The instant that lies that much *time* (as for `datetime.timedelta`) before the one that *text* names, in UTC."""
    moment = instant(text)
    assert moment is not None
    return rfc3339(moment - timedelta(**time))
