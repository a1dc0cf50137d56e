"""The posts of a blog, counted: each record is read once, and little of it is kept."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappush, heappushpop
from itertools import pairwise
from statistics import median
from typing import Any

from pydantic_core import from_json

from engcrawl.items import Change
from engcrawl.state import State
from engcrawl.text.dates import rfc3339

CATEGORIES = 8
"""Categories that have a colour of their own."""
CHANGES = 40
"""Changed posts that are shown."""
OTHERS = "others"
UNDATED = "no date"
_WORDS = (100, 250, 500, 1000, 2000, 4000)
_DAYS = (1, 7, 14, 30, 60)
_SPANS = (
    "now",
    "within a day",
    *(f"{a}–{b} days" for a, b in pairwise(_DAYS)),
    f"over {_DAYS[-1]} days",
)
_NEVER = "not planned"


@dataclass(frozen=True, slots=True, order=True)
class Changed:
    """A post that a run changed; the greater one is the newer post."""

    day: str
    post: int
    change: Change
    title: str
    url: str


@dataclass
class Counts:
    """The counts of a blog's posts."""

    posts: int = 0
    gone: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    """Posts that changed at the moment that was asked for, or later."""
    newest: list[Changed] = field(default_factory=list)
    """The newest of them, the newest first."""
    authors: Counter[str] = field(default_factory=Counter)
    nameless: int = 0
    """Posts of which nobody is named as the author."""
    legend: list[str] = field(default_factory=list)
    """The categories that are told apart, the largest first, and `OTHERS` if there are more."""
    years: dict[str, Counter[str]] = field(default_factory=dict)
    """By year, the newest first, how many posts each of them has; a post counts in the largest of its categories."""
    words: list[tuple[str, int]] = field(default_factory=list)
    """How many bodies have how many words."""
    median: int | None = None
    due: list[tuple[str, int]] = field(default_factory=list)
    """How many posts are due when."""


def count(state: State, since: str | None, now: datetime) -> Counts:
    """Count the posts of a blog; *since* is the instant from which on a change is shown. Raises StateError."""
    found = Counts()
    filings: Counter[str] = Counter()
    filed: Counter[tuple[str, tuple[str, ...]]] = Counter()
    lengths = array("L")
    dues: Counter[str] = Counter()
    marks = [rfc3339(now), *(rfc3339(now + timedelta(days=days)) for days in _DAYS)]
    for row in state.figures.posts():
        record: dict[str, Any] = from_json(row.record)
        found.posts += 1
        found.gone += row.gone_since is not None
        filings.update(record["categories"])
        filed[(record["published_date"] or UNDATED)[:4], tuple(record["categories"])] += 1
        found.authors.update(set(record["authors"]))
        found.nameless += not record["authors"]
        if record["content_markdown"] is not None:
            lengths.append(len(record["content_markdown"].split()))
        dues[_NEVER if row.due is None or row.gone_since else _when(row.due, marks)] += 1
        if since and row.last_changed and row.last_changed >= since:
            _keep(found, _changed(row, record, since))
    found.newest.sort(reverse=True)
    _by_year(found, filings, filed)
    found.words = _binned(lengths)
    found.median = round(median(lengths)) if lengths else None
    found.due = [(name, dues[name]) for name in (*_SPANS, _NEVER) if dues[name]]
    return found


def _changed(row: Any, record: dict[str, Any], since: str) -> Changed:
    change: Change = "new" if row.version == 1 and row.since >= since else "updated"
    if row.gone_since and row.gone_since >= since:
        change = "gone"
    return Changed(record["published_date"] or "", record["id"], change, record["title"], record["url"])


def _keep(found: Counts, changed: Changed) -> None:
    found.changes[changed.change] += 1
    if len(found.newest) < CHANGES:
        heappush(found.newest, changed)
    else:
        heappushpop(found.newest, changed)


def _by_year(found: Counts, filings: Counter[str], filed: Counter[tuple[str, tuple[str, ...]]]) -> None:
    ranked = sorted(filings, key=lambda name: (-filings[name], name))
    place = {name: at for at, name in enumerate(ranked[:CATEGORIES])}
    years: dict[str, Counter[str]] = {}
    for (year, names), posts in filed.items():
        largest = min((name for name in names if name in place), key=place.__getitem__, default=OTHERS)
        years.setdefault(UNDATED if year == UNDATED[:4] else year, Counter())[largest] += posts
    found.years = dict(sorted(years.items(), key=lambda one: "" if one[0] == UNDATED else one[0], reverse=True))
    used = {name for counts in years.values() for name in counts}
    found.legend = [name for name in (*place, OTHERS) if name in used]


def _binned(lengths: Iterable[int]) -> list[tuple[str, int]]:
    bins = Counter(bisect_right(_WORDS, length) for length in lengths)
    names = [f"under {_WORDS[0]}", *(f"{a:,}–{b - 1:,}" for a, b in pairwise(_WORDS))]
    names.append(f"{_WORDS[-1]:,} or more")
    return [(name, bins[at]) for at, name in enumerate(names[: max(bins) + 1])] if bins else []


def _when(due: str, marks: list[str]) -> str:
    return _SPANS[bisect_left(marks, due)]
