"""The errors that end a run: the message of each is one line for a person, and each has an exit status."""

from __future__ import annotations

from typing import ClassVar


class EngcrawlError(Exception):
    """An error that is no bug: the message is one line that names the file, the URL or the argument."""

    exit_status: ClassVar[int] = 1


class UsageError(EngcrawlError, ValueError):
    """A bad argument; the message names it and says what is allowed."""

    exit_status = 2


class LockedError(EngcrawlError):
    """Another run works on the same output; the message names it."""

    exit_status = 4


class StateError(EngcrawlError):
    """The state can't be read or written."""


class NoStateError(StateError):
    """No run has been here yet: there is no state to be read."""


class OutputError(EngcrawlError, OSError):
    """The output folder can't be read or written."""
