"""The times at which a post's own page is read again: young posts often, old ones rarely, failed ones ever later."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from engcrawl.text import dates

SHORTEST = timedelta(hours=12)
"""Half a day, so that each nightly run reads a young post, even if it starts at another time."""
LONGEST = timedelta(days=60)
"""The longest time of all; before the random quarter is added it is a fifth shorter."""
AT_ONCE = ""
"""When a page is due that is to be read in the next run, whatever night it is."""
NEVER = "9999"
"""The time of the next try for an address that no run can read."""
_SHARE = 0.1
"""Of the time since the last change: what HTTP caches take for fresh where the server doesn't say (RFC 9111, 4.2.2)."""
_LONGEST_DELAY = timedelta(days=30)
_TRIES_AT_ONCE = 2


def next_reading(post_id: int, changes: list[str | None], now: datetime) -> str:
    """Return when to read post *post_id* again, as an instant in UTC.

    *changes* are the days and instants at which it was published or changed, as far as they are known. Posts that were
    read in one night come back in different ones: the time is up to a quarter longer or shorter, by the ID.
    """
    last = max(filter(None, map(_moment, changes)), default=None)
    share = _SHARE * (now - last) if last else LONGEST
    spread = 0.75 + 0.5 * (post_id * 2_654_435_761 % 1000) / 1000  # Knuth's multiplicative hash
    return dates.rfc3339(now + max(SHORTEST, min(share, LONGEST / 1.25) * spread))


def next_try(count: int, now: datetime) -> str:
    """Return when to try an address again that failed in *count* runs in a row, as an instant in UTC.

    The next two runs try it at once; then half a day goes by, and twice as long after each further failure.
    """
    if count <= _TRIES_AT_ONCE:
        return AT_ONCE
    return dates.rfc3339(now + min(SHORTEST * 2 ** min(count - _TRIES_AT_ONCE - 1, 10), _LONGEST_DELAY))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = dates.instant(text)
    return moment or datetime.combine(dates.day(text), time(), UTC)
