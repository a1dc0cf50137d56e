"""The sources beside listings: a class each, which yields the mentions of all that it names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Protocol

from engcrawl.http.fetch import Unavailable
from engcrawl.items import Answer, Mention, Source, Status


class NamingSource(Protocol):
    """A source that can be asked for all posts that it names."""

    name: Source
    answer: Answer
    """What came of asking it, once `mentions` has come to its end."""

    def mentions(self) -> AsyncIterator[list[Mention]]:
        """Yield the mentions, a page of them at a time; trouble is no exception, but in the answer."""


def closed(error: Unavailable) -> Literal["missing", "forbidden", "failed"]:
    """Return what the failure of a source's first request says of the source."""
    if error.cause in ("gone", "external"):
        return "missing"
    return "forbidden" if error.cause == "forbidden" else "failed"


def broken_off(error: Unavailable, *, begun: bool) -> Answer:
    """Return the answer of a source that broke off; *begun*: after it had named posts."""
    status: Status = "part" if begun else closed(error)
    return Answer(status=status, detail=str(error), again=status in ("part", "failed"))
