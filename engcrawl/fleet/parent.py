"""Stops a crawl when the process ends that started it as one of many."""

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
    """Make sure that this process gets SIGTERM when *parent*, which started it, ends in any way. Works only on Linux.

    Raises OrphanedError if *parent* has already ended.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise OrphanedError(f"the process that started this crawl, {parent}, has ended")
