"""`Retry-After` as RFC 9110 writes it; what it does to a crawl is in tests/crawl/test_faults.py."""

from __future__ import annotations

import pytest

from engcrawl.http.retry_after import retry_after

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10.0),
        ("Sun Nov  6 08:49:57 1994", 20.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_seconds_and_all_three_forms_of_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, DATE) == seconds


def test_a_date_without_the_answers_own_date_is_held_against_the_clock() -> None:
    seconds = retry_after("Fri, 31 Dec 2100 23:59:59 GMT", "")
    assert seconds is not None
    assert seconds > 0
