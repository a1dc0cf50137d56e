"""Whatever blog it is and whichever of its lists and pages lie: what a verdict claims is true."""

from __future__ import annotations

from hypothesis import given, settings

from tests.support.claims import CASES, Case, check, crawled


@settings(max_examples=10, deadline=None, derandomize=True)
@given(CASES)
def test_what_the_verdict_claims_is_true(case: Case) -> None:
    with crawled(case) as (blog, done):
        check(case, blog, done)
