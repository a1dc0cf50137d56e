"""When a post's page is to be read again."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from engcrawl.state.schedule import next_reading


def test_an_old_page_is_read_again_in_sixty_days_at_the_latest() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    times = {next_reading(number, ["2001-01-01"], now) for number in range(1, 2000)}
    assert (min(times)[:10], max(times)[:10]) == ("2026-12-30", "2027-01-22")


def test_a_young_page_is_read_again_sooner_than_an_older_one_and_after_half_a_night_at_the_soonest() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    ages = ["2026-11-23", "2026-11-01", "2026-08-01", "2020-01-01"]
    times = [sorted(next_reading(number, [day], now) for number in range(1, 100)) for day in ages]
    assert times[0] == ["2026-11-24T12:00:00Z"] * 99
    assert [younger[-1] < older[0] for younger, older in pairwise(times)] == [True] * 3
