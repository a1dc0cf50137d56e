"""The times for which a blog's runs are planned. All are UTC."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

NIGHTLY = "nightly"
"""The default schedule: once a night, at a minute that is computed from the blog's key."""
_NIGHT = 6 * 60
"""The length of the night in minutes, from 00:00 UTC on."""
_CLOCKS_DIFFER = timedelta(hours=1)
"""The largest difference between two machines' clocks that is still believed."""


def checked(schedule: str) -> str:
    """Return a schedule with single spaces. Raise ValueError, which says what is allowed, for a wrong one."""
    found = " ".join(schedule.split())
    if found == NIGHTLY:
        return found
    from croniter import CroniterError, croniter  # slow to import, and few commands need it

    random = re.search(
        r"\bR\b", found, re.IGNORECASE
    )  # croniter's own extension: a random time, different at each call
    if random or len(found.split()) != 5 or not croniter.is_valid(found):
        raise ValueError(f"must be {NIGHTLY}, or a cron expression with five fields (UTC), like 30 4 * * 1")
    try:
        croniter(found, datetime.now(UTC)).get_next()
    except CroniterError:
        raise ValueError("must be a time that exists in the calendar") from None
    return found


def last_planned(schedule: str, key: str, now: datetime) -> datetime:
    """Return the blog's last planned time that is not after *now*."""
    found: datetime = _cron(schedule, key, now + timedelta(microseconds=1)).get_prev(datetime)
    return found


def next_planned(schedule: str, key: str, now: datetime) -> datetime:
    """Return the blog's first planned time after *now*."""
    found: datetime = _cron(schedule, key, now).get_next(datetime)
    return found


def is_due(schedule: str, key: str, finished: datetime | None, now: datetime) -> bool:
    """Return whether a blog is due: it has no finished run, or the last one ended before the last planned time.

    A run that ended more than an hour after *now* was timed by a wrong clock, and doesn't count.
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
