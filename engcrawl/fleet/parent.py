"""The tie between a crawl and the process that runs it as one of many."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from engcrawl.errors import EngcrawlError
from engcrawl.report.verdict import Outcome

_SET_PDEATHSIG = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""


class OrphanedError(EngcrawlError):
    """The process that started the crawl ended before the crawl could begin."""

    exit_status = Outcome.STOPPED


def end_with(parent: int) -> None:
    """Have this process stopped (SIGTERM) when *parent*, which started it, ends in any way; Linux alone can.

    Raises OrphanedError where it has ended already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise OrphanedError(f"the process that started this crawl, {parent}, has ended")
