"""When blogs are due: nightly ones spread over the night, others as cron has it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

from engcrawl.fleet.schedule import NIGHTLY, is_due, last_planned, next_planned

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_thousand_nightly_blogs_are_spread_over_six_hours() -> None:
    times = [next_planned(NIGHTLY, f"blog{number}.example", NOON) for number in range(1000)]
    night = datetime(2026, 11, 25, tzinfo=UTC)
    assert all(night <= time < night + timedelta(hours=6) for time in times)
    assert max(Counter(times).values()) <= 12
    assert all(count > 120 for count in Counter(time.hour for time in times).values())


def test_a_blog_keeps_its_minute() -> None:
    assert next_planned(NIGHTLY, "engineering.fb.com", NOON) == datetime(2026, 11, 25, 0, 18, tzinfo=UTC)
    assert last_planned(NIGHTLY, "engineering.fb.com", NOON) == datetime(2026, 11, 24, 0, 18, tzinfo=UTC)


def test_cron_is_read_in_utc() -> None:
    monday = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
    weekly = "30 4 * * 1"
    assert last_planned(weekly, "x", monday) == monday
    assert last_planned(weekly, "x", monday - timedelta(seconds=1)) == monday - timedelta(days=7)
    assert next_planned(weekly, "x", monday) == monday + timedelta(days=7)
    elsewhere = monday.astimezone(timezone(timedelta(hours=9)))
    assert last_planned(weekly, "x", elsewhere) == monday


def test_a_blog_is_due_once_for_each_planned_time() -> None:
    planned = last_planned(NIGHTLY, "engineering.fb.com", NOON)
    assert is_due(NIGHTLY, "engineering.fb.com", None, NOON)
    assert is_due(NIGHTLY, "engineering.fb.com", planned - timedelta(seconds=1), NOON)
    assert not is_due(NIGHTLY, "engineering.fb.com", planned, NOON)
    assert not is_due(NIGHTLY, "engineering.fb.com", planned + timedelta(hours=3), planned + timedelta(hours=23))


def test_a_run_that_ended_in_the_future_counts_for_nothing() -> None:
    assert is_due(NIGHTLY, "engineering.fb.com", NOON + timedelta(days=365), NOON)
    assert not is_due(NIGHTLY, "engineering.fb.com", NOON + timedelta(minutes=10), NOON)
