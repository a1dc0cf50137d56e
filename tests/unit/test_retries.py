"""Whether and when a worker's job is tried again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from procrastinate.jobs import Job

from engcrawl.errors import OutputError
from engcrawl.fleet.worker import NotDoneError, Pace, Retries
from engcrawl.report.verdict import Outcome


def job(attempts: int, priority: int = 0) -> Job:
    kwargs: Any = {"blog": {"site": "https://example.com"}, "planned": "2026-11-24T01:00:00Z"}
    return Job(
        id=1, queue="q", lock=None, queueing_lock=None, task_name="t", task_kwargs=kwargs, attempts=attempts,
        priority=priority,
    )  # fmt: skip


def ended(outcome: Outcome, *, given_back: bool = False) -> NotDoneError:
    return NotDoneError(outcome, "why", given_back=given_back)


@pytest.mark.parametrize(
    ("error", "attempts", "seconds"),
    [
        (ended(Outcome.FAILED), 0, 60),
        (ended(Outcome.FAILED), 1, 240),
        (ended(Outcome.STOPPED), 2, 960),
        (ended(Outcome.STOPPED), 3, 3840),
        (ended(Outcome.FAILED), 4, None),
        (OutputError("/var/lib/engcrawl: no space left"), 0, 60),
        (ended(Outcome.LOCKED), 0, 300),
        (ended(Outcome.LOCKED), 100, 300),
        (ended(Outcome.USAGE), 0, None),
        (ended(Outcome.STOPPED, given_back=True), 100, 0),
        (asyncio.CancelledError(), 100, 0),
        (KeyError("a bug"), 0, None),
    ],
)
def test_a_job_is_tried_again_by_how_its_run_ended(error: BaseException, attempts: int, seconds: int | None) -> None:
    decision = Retries(Pace()).get_retry_decision(exception=error, job=job(attempts))
    if seconds is None:
        assert decision is None
        return
    assert decision is not None
    assert decision.retry_at is not None
    assert (decision.retry_at - datetime.now(UTC)).total_seconds() == pytest.approx(seconds, abs=5)


def test_a_job_that_waits_for_its_next_try_gives_way_to_its_hosts_others() -> None:
    strategy = Retries(Pace())
    for outcome in (Outcome.FAILED, Outcome.LOCKED):
        decision = strategy.get_retry_decision(exception=ended(outcome), job=job(1, priority=-1))
        assert decision is not None
        assert decision.priority == -2
    decision = strategy.get_retry_decision(exception=ended(Outcome.STOPPED, given_back=True), job=job(0))
    assert decision is not None
    assert decision.priority == 0
