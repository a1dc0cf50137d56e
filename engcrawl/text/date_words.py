"""The words of dates in every language of WordPress: months, and what may stand beside a date without changing it.

They are CLDR's, through babel. English is written out here, so that a crawl opens CLDR only when it meets a date in
another language: one language takes some milliseconds, all together a fifth of a second.
"""

from __future__ import annotations

import pickle
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import localedata
from babel.core import get_global

_OF_WORDPRESS = """
af am an ar as ast az bal be bg bho bn bo br brx bs ca ceb ckb co cs cy da de dsb dz ee el en eo es et
eu fa fi fil fo fr fur fy ga gd gl gu ha haw he hi hr hsb ht hu hy id ig is it ja jv ka kaa kab kk kl km kn
ko ku kw ky lb lg lij lmo ln lo lt lv mai mg mi mk ml mn mr ms mt my ne nl nn no nqo oc or os pa pap pcm pl ps
pt rm ro ru rw sa sah sc scn sd si sk skr sl sn so sq sr ss su sv sw syr szl ta te tg th ti tk tr tt tzm ug
uk ur uz vec vi wo xh yo zgh zh zu
"""
LANGUAGES = frozenset(_OF_WORDPRESS.split())
"""The languages of translate.wordpress.org that CLDR has, but Fulah and Morisyen, which are read where a page states
them: their ``kor`` and ``out`` are June and August, the Albanian and the Portuguese July and October."""

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_ENGLISH = "sunday monday tuesday wednesday thursday friday saturday sun mon tue tues wed thu thur thurs fri sat"
_TIMES = "am pm noon midnight utc gmt z est edt cst cdt mst mdt pst pdt wet cet cest eet eest bst ist jst msk aest aedt"
_PARTICLES = "at on of the in and"
_ABROAD = """
a à às ás as las les los alle ao aos da das de del della den der des di do dos du e el em en gl godz
h he hr i il jam kell kello kl klo klokka klokken klukkan l la le lo lúc m o ob om ora ore ore óra
plkst pukul saat στις u uhr um uur v van vid von y à ngày năm а в во г гг год года о об р року у час
ч ժ ժամը الساعة في ساعت در بجے เวลา น ที่ ค_ศ ৰ মঙলবাৰ गुरूवार چهار_شنبه 星期天 วันพฤหัส
"""
"""Particles that CLDR's patterns lack, and weekdays as WordPress spells them."""
_MORE_MONTHS = {
    "as": "9=ছেপ্টে 9=ছেপ্টেম্বৰ",
    "bg": "1=ян",
    "bn": "1=জানুয়ারি 2=ফেব্রুয়ারি",
    "bs": "6=juna 7=jula",
    "ckb": "1=كانونی_دووه‌م 1=کانونی_دووهەم 1=کانونی_دووەم 6=حوزه‌یران 6=حوزەیران 7=ته‌مموز 7=تەممووز 9=ئه‌یلول 9=ئیلول"
    " 10=تشرینی_یه‌كه‌م 11=تشرینی_دووه‌م 11=تشرینی_دووهەم 12=كانونی_یه‌كه‌م 12=کانونی_یەکەم",
    "da": "5=majs",
    "de": "2=Feber 3=Mrz",
    "fa": "8=آگوست",
    "fil": "10=Oktobre",
    "hi": "9=सितम्बर 11=नवम्बर 12=दिसम्बर",
    "hy": "2=Փտր 9=Սպտ 10=Հկտ 11=Նյմ 12=Դկտ",
    "jv": "2=Pebruari",
    "sw": "2=Febuari",
    "vi": "1=tháng_một 2=tháng_hai 3=tháng_ba 4=tháng_tư 5=tháng_năm 6=tháng_sáu 7=tháng_bảy 8=tháng_tám 9=tháng_chín"
    " 10=tháng_mười 11=tháng_mười_một 12=tháng_mười_hai",
}
"""What WordPress' own translations write otherwise than CLDR."""
_LONGEST = 5
"""Words that a name has at most."""
_ALIKE = str.maketrans(
    {
        "ı": "i",
        "\u0307": None,
        "ʼ": "'",
        "ʻ": "'",
        "ي": "ی",
        "ى": "ی",
        "ك": "ک",
        "ـ": None,
        "أ": "ا",
        "إ": "ا",
        "\u200c": " ",
    }
)
_LITERAL = re.compile(r"'([^']+)'")
_AFFIX = r"((?:'[^'\s]+'|[^\x00-\x7f\s])*)"
_AFFIXED_MONTH = re.compile(rf"{_AFFIX}M{{3,4}}{_AFFIX}")  # MMMM'ren'


class UnknownWordError(ValueError):
    """A date holds a word that may change it."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, or of several, as `folded` and `words` leave them."""

    months: dict[str, set[int]]
    """Names and abbreviations with their months, 1 to 12: more than one where languages differ."""
    beginnings: dict[str, set[int]]
    """The beginnings, three letters or more, of names of one word."""
    ignored: set[str]
    """Weekdays, parts of the day, particles."""

    def months_in(self, text: str) -> set[int]:
        """Return the months that a folded *text* names, more than one where it can be read in two ways.

        A word that can also be a weekday (``mar.``) names a month only where no other word does.
        Raises UnknownWordError.
        """
        sure, perhaps = set[int](), set[int]()
        for run in re.split(r"\d+", text):
            left = words(run)
            while left:
                length, months, ignored = self._meaning(left)
                (perhaps if ignored else sure).update(months)
                left = left[length:]
        return sure or perhaps

    def _meaning(self, left: list[str]) -> tuple[int, set[int], bool]:
        """Return how many words the first phrase has, its months, and whether it can be read over."""
        for length in range(min(_LONGEST, len(left)), 0, -1):
            phrase = " ".join(left[:length])
            if phrase in self.ignored:
                return length, self.months.get(phrase) or self.beginnings.get(phrase, set()), True
            if phrase in self.months:
                return length, self.months[phrase], False
        word = left[0]
        if word in self.beginnings:
            return 1, self.beginnings[word], False
        if len(word) > 4 and word[:-1] in self.months:  # the ending of a case: "17. aprila", "17. februars"
            return 1, self.months[word[:-1]], False
        for cut in range(1, 0 if word.isascii() else len(word)):
            halves = word[:cut], word[cut:]
            if all(half in self.months or half in self.ignored for half in halves):  # Hebrew, Thai, Chinese
                months = [self.months.get(half, set()) for half in halves]
                return 1, months[0] | months[1], False
        raise UnknownWordError(word)


def folded(text: str) -> str:
    """Return *text* without differences that don't matter: case, width, kinds of digits, invisible signs."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_ALIKE)
    return text if text.isascii() else "".join(map(_sign, text))


def words(text: str) -> list[str]:
    """Return the words of a folded *text*: runs of letters with their marks."""
    return "".join(sign if unicodedata.category(sign)[0] in "LM" else " " for sign in text).split()


@cache
def english() -> Words:
    """Return the words of English."""
    return _collected([], [])


@lru_cache(maxsize=32)
def of_language(code: str) -> Words:
    """Return the words of a language, by its BCP 47 primary subtag; English alone where CLDR doesn't have it."""
    code = get_global("language_aliases").get(code, code).partition("_")[0]
    return _of({code, "no"} if code in ("nb", "nn") else {code})


@cache
def of_all() -> Words:
    """Return the words of all languages of WordPress together."""
    return _of(LANGUAGES)


def _sign(sign: str) -> str:
    if unicodedata.category(sign) == "Cf":
        return ""
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)


def _of(languages: Iterable[str]) -> Words:
    months: list[tuple[str, int]] = []
    ignored = _ABROAD.split()
    for language in languages:
        more = (written.split("=") for written in _MORE_MONTHS.get(language, "").split())
        months += ((name, int(number)) for number, name in more)
    for data in _cldr(frozenset(languages)):
        months += _months(data)
        ignored += _weekdays_and_more(data)
    return _collected(months, ignored)


def _cldr(languages: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Yield CLDR's data of *languages* and their regions, without what they inherit.

    Babel's own `localedata.load` keeps in memory what it loads: 140 MB for all languages.
    """
    for identifier in localedata.locale_identifiers():
        if identifier.partition("_")[0] in languages:
            yield pickle.loads(Path(localedata.resolve_locale_filename(identifier)).read_bytes())


def _months(data: dict[str, Any]) -> Iterator[tuple[str, int]]:
    affixes = {("", ""), *(_AFFIXED_MONTH.findall(" ".join(_patterns(data))))}
    for names in _widths(data.get("months")):
        for number, name in names.items():
            if not any(sign.isdigit() for sign in name):  # "9月" is no word
                yield from ((f"{before}{name}{after}".replace("'", ""), number) for before, after in affixes)


def _weekdays_and_more(data: dict[str, Any]) -> Iterator[str]:
    for kind in ("days", "day_periods"):
        for names in _widths(data.get(kind)):
            yield from names.values()
    for pattern in _patterns(data):
        yield from _LITERAL.findall(pattern)
        yield from (word for word in words(_LITERAL.sub(" ", pattern)) if not word.isascii())


def _patterns(data: dict[str, Any]) -> Iterator[str]:
    for pattern in data.get("date_formats", {}).values():
        if hasattr(pattern, "pattern"):  # no alias
            yield pattern.pattern


def _widths(contexts: Any) -> Iterator[dict[Any, str]]:
    """Yield the names of each context and width; what is an alias of another is left out, and what is one letter."""
    for widths in contexts.values() if isinstance(contexts, dict) else ():
        for width, names in widths.items() if isinstance(widths, dict) else ():
            if width != "narrow" and isinstance(names, dict):
                yield names


def _collected(months: Iterable[tuple[str, int]], ignored: Iterable[str]) -> Words:
    found = Words({}, {}, {*_ENGLISH.split(), *_TIMES.split(), *_PARTICLES.split(), "a m", "p m"})
    found.ignored.update(_key(word) for word in ignored)
    for name, number in (*zip(MONTHS, range(1, 13), strict=True), *months):
        key = _key(name)
        found.months.setdefault(key, set()).add(number)
        if " " not in key:
            for length in range(3, len(key)):
                found.beginnings.setdefault(key[:length], set()).add(number)
    found.months.pop("", None)
    found.ignored.discard("")
    return found


def _key(text: str) -> str:
    return " ".join(words(folded(text)))
