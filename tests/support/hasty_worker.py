"""``python -m tests.support.hasty_worker``: ``scrapy worker`` that waits seconds where that one waits minutes."""

from __future__ import annotations

import sys

from scrapy.cmdline import execute

from engcrawl.fleet import worker

if __name__ == "__main__":
    worker.PACE = worker.Pace(
        period="* * * * * *",
        digest="0 0 1 1 *",
        heartbeat=1,
        stalled=8,
        poll=0.5,
        again=0.2,
        tries=3,
        locked=1,
    )
    execute(["scrapy", "worker", *sys.argv[1:]])
