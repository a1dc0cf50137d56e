"""When a post's own page is read again: young ones often, old ones rarely."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from engcrawl.text import dates

SHORTEST = timedelta(hours=12)
"""Half a night's distance: a nightly run reads a young post each time, however its start wavers."""
LONGEST = timedelta(days=60)
AT_ONCE = ""
"""When a post is due that is to be read in the next run, whatever night it is."""
_SHARE = 0.1
"""Of the time since the last change: what HTTP caches take for fresh where the server doesn't say (RFC 9111, 4.2.2)."""


def next_reading(post_id: int, changes: list[str | None], now: datetime) -> str:
    """When to read post *post_id* again, as an instant in UTC.

    *changes* are the days and instants at which it was published or changed, as far as they are known. Posts that were
    read in one night come back in different ones: the time is up to a quarter longer or shorter, by the ID.
    """
    last = max(filter(None, map(_moment, changes)), default=None)
    share = _SHARE * (now - last) if last else LONGEST
    spread = 0.75 + 0.5 * (post_id * 2_654_435_761 % 1000) / 1000  # Knuth's multiplicative hash
    return dates.rfc3339(now + max(SHORTEST, min(share, LONGEST) * spread))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = dates.instant(text)
    return moment or datetime.combine(dates.day(text), time(), UTC)
