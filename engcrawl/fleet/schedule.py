"""The times for which a blog's runs are planned. All are UTC."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

NIGHTLY = "nightly"
"""The schedule of a blog that has no other: once a night, at a minute of the night that the blog's key decides."""
_NIGHT = 6 * 60
"""Minutes of the night, from 00:00 UTC on."""
_CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clocks of two machines can be apart, at most."""


def checked(schedule: str) -> str:
    """Return a schedule without needless white space. Raise ValueError, which says what is allowed."""
    found = " ".join(schedule.split())
    if found == NIGHTLY:
        return found
    from croniter import CroniterError, croniter  # every command imports this module, few need a plan

    random = re.search(r"\bR\b", found, re.IGNORECASE)  # croniter's own, another time at each look
    if random or len(found.split()) != 5 or not croniter.is_valid(found):
        raise ValueError(f"must be {NIGHTLY}, or a time of cron with five fields (UTC), like 30 4 * * 1")
    try:
        croniter(found, datetime.now(UTC)).get_next()
    except CroniterError:
        raise ValueError("must be a time that comes") from None
    return found


def last_planned(schedule: str, key: str, now: datetime) -> datetime:
    """Return the last time, not after *now*, at which the blog with this key was to run."""
    found: datetime = _cron(schedule, key, now + timedelta(microseconds=1)).get_prev(datetime)
    return found


def next_planned(schedule: str, key: str, now: datetime) -> datetime:
    """Return the first time after *now* at which the blog with this key is to run."""
    found: datetime = _cron(schedule, key, now).get_next(datetime)
    return found


def is_due(schedule: str, key: str, finished: datetime | None, now: datetime) -> bool:
    """Return whether a blog is to run: its last finished run ended before the last planned time, or there is none.

    A run that ended later than *now* went by a wrong clock, and counts for nothing.
    """
    if finished is None or finished > now + _CLOCKS_DIFFER:
        return True
    return finished < last_planned(schedule, key, now)


def _cron(schedule: str, key: str, start: datetime) -> Any:
    from croniter import croniter

    if schedule == NIGHTLY:
        minute = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % _NIGHT
        schedule = f"{minute % 60} {minute // 60} * * *"
    return croniter(schedule, start.astimezone(UTC))
