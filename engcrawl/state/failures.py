"""Failures: each address that could not be read, with the reason, and when it is tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engcrawl.state.database import Database, Row
from engcrawl.state.runs import Runs
from engcrawl.state.schedule import AT_ONCE, NEVER, next_try
from engcrawl.state.tables import FAILURES, POSTS
from engcrawl.text.urls import address

if TYPE_CHECKING:
    from engcrawl.http.refused import Cause

RULED_OUT = 3
"""Runs in a row that must find a page forbidden."""


class Failures:
    """The addresses of one blog that could not be read: posts' own pages, and unresolved addresses."""

    def __init__(self, db: Database, blog: str, runs: Runs) -> None:
        self._db = db
        self._runs = runs
        self._blog = blog
        self._of_blog = FAILURES.c.blog == blog
        self._any: bool | None = None
        """Whether there is any, or was in this run; None where nobody asked yet."""

    def put(
        self, url: str, reason: str, *, post: int | None = None, cause: Cause | None = None, final: bool = False
    ) -> bool:
        """Record that the page at *url* could not be read; return whether it is ruled out until the next sweep.

        *cause* is why none may help; *final*: what is there isn't a post. A firewall's 403 passes: `RULED_OUT` runs in
        a row must find a page forbidden.
        """
        where = (self._of_blog, FAILURES.c.address == address(url))
        tries, before = self._db.one(sa.select(FAILURES.c.count, FAILURES.c.reason).where(*where)) or (0, "")
        reason = f"{cause}: {reason}" if cause else reason
        count = tries + 1 if cause in (None, before.partition(":")[0]) else 1
        self._any = True
        final = final or (cause is not None and (cause != "forbidden" or count >= RULED_OUT))
        values = {"url": url, "post": post, "run": self._runs.number, "count": count, "reason": reason, "final": final}
        values["retry_at"] = NEVER if final else next_try(count, datetime.now(UTC))
        if post is not None:  # it may have moved
            self._db.execute(
                FAILURES.delete().where(self._of_blog, FAILURES.c.post == post, FAILURES.c.address != address(url))
            )
        if not self._db.execute(FAILURES.update().where(*where).values(values)).rowcount:
            self._db.execute(FAILURES.insert().values(values | {"blog": self._blog, "address": address(url)}))
        return final

    def has(self, url: str) -> bool:
        """Return whether the page at *url* could not be read when it was tried last."""
        query = sa.select(FAILURES.c.address).where(self._of_blog, FAILURES.c.address == address(url))
        return self._db.one(query) is not None

    def clear(self, url: str, post: int | None = None) -> None:
        """Forget the failure of the page at *url*, of *post*: it was read."""
        if self._any is None:
            self._any = self._db.scalar(sa.select(FAILURES.c.address).where(self._of_blog).limit(1)) is not None
        if self._any:  # on most runs there is none, and each post is cleared
            self._db.execute(_CLEAR, {"of_blog": self._blog, "at": address(url), "of_post": post})

    def clear_of(self, post: int) -> None:
        """Forget the failure of the page of *post*: it isn't needed any more."""
        self._db.execute(FAILURES.delete().where(self._of_blog, FAILURES.c.post == post))

    def retry(self, addresses: Sequence[str] | None = None, posts: Sequence[int] = ()) -> None:
        """Make the next run try these addresses and posts, or all that failed, at once."""
        these = sa.or_(FAILURES.c.address.in_(addresses or ()), FAILURES.c.post.in_(posts))
        where = (self._of_blog,) if addresses is None else (self._of_blog, these)
        self._db.execute(FAILURES.update().where(*where).values(retry_at=AT_ONCE))

    def put_off(self) -> Iterator[Row]:
        """Yield what another try may help and this run didn't try: url, post, reason, count, retry_at."""
        c = FAILURES.c
        others = sa.exists().where(POSTS.c.blog == c.blog, POSTS.c.id == c.post, ~self._runs.asked_for())
        waiting = (self._of_blog, ~c.final, c.run != self._runs.number, ~others)
        yield from self._db.stream(sa.select(c.url, c.post, c.reason, c.count, c.retry_at).where(*waiting))


_CLEAR = FAILURES.delete().where(
    FAILURES.c.blog == sa.bindparam("of_blog"),
    sa.or_(FAILURES.c.address == sa.bindparam("at"), FAILURES.c.post == sa.bindparam("of_post")),
)
