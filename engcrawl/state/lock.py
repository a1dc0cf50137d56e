"""One run at a time: a lock file, which the kernel releases when its process ends, whatever ends it."""

from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from engcrawl.errors import LockedError, OutputError
from engcrawl.text.dates import rfc3339

HOST = socket.gethostname()
_PATIENCE = 0.2
"""Seconds to wait for a lock, because a process that only checks it holds it for a moment."""


class RunLock:
    """Holds *path* locked (``flock``) until `release`; the file says who holds it. *what* names what is locked.

    Raises LockedError where another process holds it, and OutputError where the file can't be written.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._lock = FileLock(path, timeout=_PATIENCE)
        try:
            self._lock.acquire()
            path.write_text(json.dumps({"pid": os.getpid(), "host": HOST, "start": rfc3339(datetime.now(UTC))}))
        except Timeout as error:
            raise LockedError(f"another run works on {what}: {_holder(path)}") from error
        except OSError as error:
            raise OutputError(f"{path}: {error}") from error

    def release(self) -> None:
        """Release the lock, for the next run."""
        self._lock.release()


def holder(pid: int, host: str, start: str) -> str:
    """Describe who holds a lock, for a person."""
    return f"pid {pid} on {host}, since {start}"


def _holder(path: Path) -> str:
    try:
        return holder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return "it is just beginning"  # locked, and not written yet
