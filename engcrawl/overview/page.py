"""The pages: HTML that needs no network and no script, from templates that escape all they are given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from engcrawl import __version__
from engcrawl.errors import OutputError
from engcrawl.items import SOURCES
from engcrawl.overview import advice
from engcrawl.overview.counts import OTHERS
from engcrawl.overview.facts import ROWS, Facts, Ran
from engcrawl.report.output import replacing
from engcrawl.text.dates import rfc3339
from engcrawl.text.durations import in_words

SPARK = (100, 24)
"""Width and height of a sparkline, in units of its own."""
_MOST = 50
"""Problems of one kind that are shown, and missing posts."""
_VERDICTS = {
    "complete": ("✓", "Complete"),
    "incomplete": ("!", "Incomplete"),
    "failed": ("✕", "Failed"),
    "usage": ("✕", "Wrong argument"),
    "stopped": ("■", "Stopped"),
    "died": ("✕", "Died"),
    "none": ("·", "No run is over yet"),
    "unreadable": ("✕", "Unreadable"),
}
"""By verdict: a sign, so that not colour alone tells it, and words."""


def report(facts: Facts, now: datetime) -> str:
    """Return the report of a blog."""
    return render(
        "report.html", facts=facts, made=rfc3339(now), others=OTHERS, sources=SOURCES, rows=ROWS, entries=_MOST
    )


def render(template: str, **facts: Any) -> str:
    """Return a page in HTML."""
    return _environment().get_template(template).render(facts, version=__version__, verdicts=_VERDICTS, advice=advice)


def write(path: Path, page: str) -> None:
    """Put a page in the place of an older one, in one step. Raises OutputError; the older one is then left."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(page.encode("utf-8", "replace"))
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror}") from error


def web(url: str | None) -> str | None:
    """Return *url* if a link may lead there: to a page of the web, nothing that a browser would run."""
    try:
        return url if url and urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


def moment(instant: str | None) -> str:
    """Return an instant as people read it: ``24 Nov 2026, 03:00 UTC``."""
    return f"{day(instant[:10])}, {instant[11:16]} UTC" if instant else ""


def day(text: str) -> str:
    """Return a day as people read it: ``24 Nov 2026``; one that isn't in the calendar as it is."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{found.day} {found:%b %Y}"


def length_of(seconds: float | None) -> str:
    """Return a length of time as people read it; "" where it isn't known."""
    return "" if seconds is None else in_words(seconds)


def percent(share: float) -> str:
    """Return a share of 1 as a percentage, which is 100 % only if nothing is lacking."""
    return f"{math.floor(share * 1000) / 10:g} %"


def value(found: Any) -> str:
    """Return a record's value as people read it, a long one cut."""
    if found in (None, "", []):
        return "nothing"
    if isinstance(found, bool):
        return "yes" if found else "no"
    text = ", ".join(map(str, found)) if isinstance(found, list) else str(found)
    return text if len(text) <= 200 else f"{text[:200]}…"


def height(number: float, most: float) -> float:
    """Return how high a bar is, of 1: by the logarithm, so that a quiet night shows beside a first run."""
    return math.log1p(number) / math.log1p(most) if most > 0 else 0


def spark(numbers: Sequence[float], low: float, high: float) -> str:
    """Return the points of a sparkline (SVG's ``points``), the oldest number first."""
    wide, tall = SPARK
    step = wide / max(1, len(numbers) - 1)
    room = (high - low) or 1
    return " ".join(f"{at * step:.1f},{tall - 2 - (n - low) / room * (tall - 4):.1f}" for at, n in enumerate(numbers))


def or_dash(number: int | None) -> str:
    """Return a number as people read it; a dash where it isn't known."""
    return "–" if number is None else f"{number:,}"


def _figure(run: Ran, name: str) -> float:
    """Return a figure of a run; of its changes, their sum."""
    found = getattr(run, name)
    return sum(found.values()) if isinstance(found, dict) else found or 0


def _environment() -> Environment:
    loader = PackageLoader("engcrawl.overview")
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters |= {
        one.__name__: one for one in (web, moment, day, length_of, percent, value, height, spark, or_dash)
    }
    environment.filters |= {"number": "{:,}".format, "sum_of": lambda counts: sum(counts.values()), "figure": _figure}
    return environment
