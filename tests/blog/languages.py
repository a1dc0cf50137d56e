"""The blog's language: the words, dates and zone of its pages, and whether slugs are written in its own letters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tests.blog.facts import ZONE

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DATE = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]* (\d{{1,2}}), (\d{{4}})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Language:
    """A language that a blog is in."""

    tag: str = "en-US"
    zone: ZoneInfo = ZONE
    months: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict, hash=False)
    """The themes' English words in this language."""
    slug: str = ""
    """What stands before some posts' slugs, in letters that an address can't have as they are."""

    def written(self, page: str) -> str:
        """Return a page of an English theme with the words and dates of this language."""
        if not self.months:
            return page
        page = page.replace('lang="en-US"', f'lang="{self.tag}"').replace('"en-US"', f'"{self.tag}"')
        for english, word in self.words.items():
            page = page.replace(english, word)
        return _DATE.sub(lambda m: f"{m[2]}. {self.months[_MONTHS.index(m[1].title())]} {m[3]}", page)


ENGLISH = Language()
GERMAN = Language(
    "de-DE",
    ZoneInfo("Europe/Berlin"),
    (
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
    {
        ">Read more": ">Weiterlesen",
        ">Next Page<": ">Ältere Beiträge<",
        ">Previous Page<": ">Neuere Beiträge<",
        ">Category: ": ">Kategorie: ",
        "<p>Posted</p>": "<p>Veröffentlicht am</p>",
        "<p>by</p>": "<p>von</p>",
        "Protected: ": "Geschützt: ",
        "There is no excerpt because this is a protected post.": "Es gibt keinen Textauszug, da dies ein geschützter"
        " Beitrag ist.",
    },
    "größe-日本語",
)
