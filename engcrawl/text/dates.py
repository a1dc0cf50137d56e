"""Dates: a day in the site's calendar, or an instant in UTC, as the site writes it. Neither is made from the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from dateutil import parser

from engcrawl.text import date_words
from engcrawl.text.date_words import MONTHS, UnknownWordError, Words

LANGUAGES = ("en", "de", "fr", "es", "ru")
"""Languages of which no month has another's name elsewhere; `date_words.LANGUAGES` has all that are read."""

_PERMALINK_DAY = re.compile(r"/(\d{4})/(\d\d)/(\d\d)/[^/?#]")  # without a name behind, that is one: a number

_LONGEST = 200
"""Characters that a date has at most."""
_FIRST_YEAR = 1583
"""The Gregorian calendar's first whole one: years of other calendars lie before it, or in the future."""

_OFFSET = r"(?:\s?(?:gmt|utc)?\s?[+-]\d\d:?\d\d)?"
_CLOCK = r"(?:\b[ap]\.?m\.?\s?)?(?<!\d)\d{1,2}\s?:\s?\d\d(?:\s?:\s?\d\d(?:[.,]\d+)?)?"
_TIMES = tuple(
    map(
        re.compile,
        (
            _CLOCK + _OFFSET,  # 20:50:59.5 +0200
            r"(?<!\d)\d{1,2}(?:\.\d\d)?\s?[ap]\.?\s?m\b",  # 8 p.m.
            r"(?<!\d)\d{1,2}(?:\.\d\d)?\s?(?:h|uhr|uur)\s?(?:\d\d(?:\s?min)?(?:\s?\d\d\s?s)?)?\b",  # 20h50
            r"\d{1,2}\s?[時时点點시]\s?(?:\d{1,2}\s?[分분]\s?)?(?:\d{1,2}\s?[秒초])?",  # 20時50分
            r"(?<![\d.])(?:[01]?\d|2[0-3])\.[0-5]\d(?:\.[0-5]\d)?(?![\d.])",  # 20.50: a day has its year behind it
        ),
    )
)
_EAST = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号號]?")  # 2018年9月18日
_EAST_YEAR = re.compile(r"\d\s?[年년]")
_NUMBERED_MONTH = re.compile(
    r"\bt(?:háng|hg|h)\.?\s?(\d{1,2})\b|(\d{1,2})(?:\s?[月월]|(?:-?р|дугаар|дүгээр) сар\w*)"
)  # tháng 9, 9月, 9-р сар
_ORDINAL = re.compile(r"(?<=\d)[.:'’-]?(?:st|nd|rd|th|er|re|[eè]me|ste|de|[aenortúη]|го|[ейя])(?![^\W\d_])")  # 5th, 1er
_YEAR_FIRST = re.compile(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})")
_THREE_PARTS = re.compile(
    r"\d{1,2}[./ -]\d{1,2}[./ -]\d{4}|\d{1,2} [A-Z][a-z]+ (?:\d\d|\d{4})|\d{4} [A-Z][a-z]+ \d{1,2}"
)
_NUMBERS = re.compile(r"(\d+)")
_BETWEEN_NUMBERS = re.compile(r"\s?([./-])\s?")

_ONE_DEFAULT = datetime(2000, 1, 1)  # noqa: DTZ001 - only the day is used
_OTHER_DEFAULT = datetime(1999, 2, 2)  # noqa: DTZ001


def day(text: str, language: str | None = None) -> date:
    """Return the day that *text* names, as a reader of the site sees it.

    Takes ISO 8601 (``2025-02-05``, ``2026-06-25T15:30:51-07:00``: the day as written, in the site's own offset)
    and what WordPress and its themes write in any language of `date_words`: ``AUG 5, 2024``, ``1er février 2025``,
    ``5 de febrero de 2025``, ``05.02.2025``, ``2018年9月18日``. Weekdays and times of day are read over.

    *language*, the BCP 47 tag that the page states, decides where the name of a month means two (``listopad``).

    Raises ValueError for anything else, also for a date that lacks a part or can be read in two ways
    (``02/05/2025``), and for a year of another calendar: a day is never guessed.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise ValueError(f"not a date: {text[:_LONGEST]!r} and more")
    found = _day(text, (language or "").replace("_", "-").partition("-")[0].lower())
    if not _FIRST_YEAR <= found.year <= datetime.now(UTC).year + 1:
        raise ValueError(f"not a date of this calendar, or one of the future: {text!r}")
    return found


@lru_cache(maxsize=4096)
def _day(text: str, language: str) -> date:
    plain = date_words.folded(text)
    for iso in (text, plain.upper()):
        try:
            return datetime.fromisoformat(iso).date()
        except ValueError:
            pass  # not ISO 8601: the words of a theme
    try:
        return _first_reading(_without_times(plain), language)
    except ValueError as error:
        raise ValueError(f"{error}: {text!r}") from error


def _first_reading(text: str, language: str) -> date:
    failed = ValueError("not a date")
    for known in _vocabularies(language):
        try:
            return _read(text, known.months_in(text))
        except UnknownWordError:
            pass  # another language may have it
        except ValueError as error:
            failed = error
            if not any(map(str.isalpha, text)):
                break
    raise failed


def _vocabularies(language: str) -> Iterator[Words]:
    if language not in ("", "en"):
        yield date_words.of_language(language)
    yield date_words.english()
    yield date_words.of_all()


def _without_times(text: str) -> str:
    """Return a folded *text* without times of day and ordinals' endings, its numbered months in English."""
    for pattern in _TIMES:
        text = pattern.sub(" ", text)
    text = _EAST.sub(r"\1-\2-\3, ", text)
    if _EAST_YEAR.search(text):
        raise ValueError("not a date: a year of an era, or of two digits")
    return _ORDINAL.sub("", _NUMBERED_MONTH.sub(_in_words, text))


def _in_words(match: re.Match[str]) -> str:
    number = int(match[1] or match[2])
    if not 1 <= number <= len(MONTHS):
        raise ValueError("not a date: no such month")
    return f" {MONTHS[number - 1]} ".lower()


def _read(text: str, months: set[int]) -> date:
    """Return the day of the numbers in a folded *text* and the one month that it names, if it names one."""
    if len(months) > 1:
        raise ValueError("not a date, or one that can be read in two ways")
    english = _in_english(text, months)
    if match := _YEAR_FIRST.fullmatch(english):
        return date(*map(int, match.groups()))
    if not _THREE_PARTS.fullmatch(english):
        raise ValueError("not a whole date")
    try:
        readings = {
            parser.parse(english, default=_ONE_DEFAULT, dayfirst=True).date(),
            parser.parse(english, default=_OTHER_DEFAULT, dayfirst="." in english).date(),
        }
    except (parser.ParserError, OverflowError) as error:
        raise ValueError("not a date") from error
    if len(readings) > 1:
        raise ValueError("not a whole date, or one that can be read in two ways")
    return readings.pop()


def _in_english(text: str, months: set[int]) -> str:
    """Return the numbers of *text*, around the month if it has one, else with the signs between them."""
    parts = _NUMBERS.split(text)
    if months:
        return f" {MONTHS[min(months) - 1]} ".join(parts[1::2])
    for index in range(0, len(parts), 2):
        between = _BETWEEN_NUMBERS.fullmatch(parts[index])
        parts[index] = between[1] if between else " "
    return "".join(parts).strip(" ./-")


def instant(text: str) -> datetime | None:
    """Return the instant that *text*, ISO 8601, names, in UTC; None where it names no offset (then it is no instant).

    Raises ValueError where it isn't ISO 8601.
    """
    moment = datetime.fromisoformat(text.strip())
    try:
        return moment.astimezone(UTC) if moment.tzinfo else None
    except OverflowError as error:
        raise ValueError(f"not an instant of the calendar: {text!r}") from error


def is_instant(text: str) -> bool:
    """Return whether *text* names an instant: ISO 8601 with an offset."""
    try:
        return instant(text) is not None
    except ValueError:
        return False


def is_utc(text: str) -> bool:
    """Return whether *text* names an instant by the clock of UTC: its day need not be the site's."""
    return is_instant(text) and not datetime.fromisoformat(text.strip()).utcoffset()


def first_instant(*texts: str | None) -> str | None:
    """Return the first of several statements of one instant that names one; else the first there is."""
    return _first(is_instant, texts)


def first_day(*texts: str | None) -> str | None:
    """Return the first of several statements of one day that can be read; else the first there is."""
    return _first(is_day, texts)


def _first(good: Callable[[str], bool], texts: Iterable[str | None]) -> str | None:
    given = [text for text in texts if text]
    return next(filter(good, given), given[0] if given else None)


def is_day(text: str) -> bool:
    """Return whether *text* names a day that `day` reads."""
    try:
        day(text)
    except ValueError:
        return False
    return True


def permalink_day(url: str) -> date | None:
    """Return the day in a permalink of WordPress' form "day and name" (``/2024/10/03/…``); None for any other form."""
    match = _PERMALINK_DAY.search(url)
    if match is None:
        return None
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        return None  # numbers that only look like a day


def contradicts(day: str, instant: str) -> bool:
    """Return whether *day* (``YYYY-MM-DD``), a site's own, is none of the days that *instant* (RFC 3339) has on Earth.

    Local times lie between UTC-12 and UTC+14. Raises ValueError for a text of another form.
    """
    moment = datetime.fromisoformat(instant)
    if moment.tzinfo is None:
        raise ValueError(f"no instant: {instant!r}")
    since = moment - datetime.combine(date.fromisoformat(day), time(), UTC)
    return not -timedelta(hours=14) <= since < timedelta(days=1, hours=12)


def rfc3339(moment: datetime) -> str:
    """Return *moment* (aware) as RFC 3339 in UTC, in whole seconds: ``2025-02-05T18:30:51Z``."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def now() -> str:
    """Return the current UTC time as RFC 3339."""
    return rfc3339(datetime.now(UTC))


def earlier(text: str, **time: float) -> str:
    """Return the instant, in UTC, that is *time* (as for `datetime.timedelta`) before the one that *text* names."""
    moment = instant(text)
    assert moment is not None
    return rfc3339(moment - timedelta(**time))
