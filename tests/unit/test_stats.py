"""Turn Scrapy's stats into JSON."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engcrawl.report.stats import plain


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"b": 1, "a": {"x": None}}, {"a": {"x": None}, "b": 1}),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05Z"),  # noqa: DTZ001 - it is about those
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(minutes=1.5), 90.0),
        ([True, 1.5, float("nan"), float("inf"), (1, 2)], [True, 1.5, None, None, [1, 2]]),
        ({"b", "a"}, ["a", "b"]),
        ({"ftp://me:sesame@h/": "http://me:sesame@h/?token=sesame"}, {"ftp://me:***@h/": "http://me:***@h/?token=***"}),
        (deque([1]), "<collections.deque>"),
    ],
)
def test_stats_become_json_by_rule(value: Any, wanted: Any) -> None:
    assert plain(value) == wanted
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == wanted
