"""``python -m tests.support.hasty_worker``: ``scrapy worker`` that waits seconds where that one waits minutes.

A job's time limit is in seconds, too. It sends the digest when ENGCRAWL_TEST_DIGEST says, a time of cron, else never.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from scrapy.cmdline import execute

from engcrawl.fleet import worker

_Worker = worker.Worker


def hasty(settings: Any, queue: Any, jobs: int, limit: timedelta) -> worker.Worker:
    """Make a worker for whose jobs minutes are seconds."""
    return _Worker(settings, queue, jobs, limit / 60)


if __name__ == "__main__":
    worker.PACE = worker.Pace(
        period="* * * * * *",
        digest=os.environ.get("ENGCRAWL_TEST_DIGEST", "0 0 1 1 *"),
        heartbeat=1,
        stalled=8,
        poll=0.5,
        connect=2,
        again=0.2,
        tries=3,
        locked=1,
    )
    with patch.object(worker, "Worker", hasty):
        execute(["scrapy", "worker", *sys.argv[1:]])
