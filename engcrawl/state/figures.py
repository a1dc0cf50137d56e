"""The figures of a blog's posts: what a report counts, read once."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from engcrawl.state.database import Database, Row
from engcrawl.state.tables import POSTS


class Figures:
    """The posts of one blog, as a report counts them."""

    def __init__(self, db: Database, blog: str) -> None:
        self._db = db
        self._of_blog = POSTS.c.blog == blog

    def posts(self) -> Iterator[Row]:
        """Yield each post with a record, in no order.

        ``id``, ``record`` (a line of posts.jsonl), ``version``, ``since``, ``due``, ``gone_since``, ``last_changed``.
        """
        names = ("id", "record", "version", "since", "due", "gone_since", "last_changed")
        query = sa.select(*(POSTS.c[name] for name in names)).where(self._of_blog, POSTS.c.record.is_not(None))
        yield from self._db.stream(query)
