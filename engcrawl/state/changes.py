"""The outbox: changes of the archive that no finished feed has yet."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from engcrawl.items import Change, Found, Post
from engcrawl.state.database import CHUNK, Database
from engcrawl.state.runs import Runs
from engcrawl.state.tables import CHANGES, POSTS

_UNTOLD = 0
"""The run of a change that none has written to its feed."""


class Changes:
    """The outbox of one blog. A change is put in with the record, and taken out when a finished feed has it."""

    def __init__(self, db: Database, blog: str, runs: Runs) -> None:
        self._db = db
        self._blog = blog
        self._runs = runs

    def of(self, post: int) -> Change | None:
        """Return the change of a post that waits; None if none does."""
        change: Change | None = self._db.scalar(_CHANGE, {"of_blog": self._blog, "of_post": post})
        return change

    def put(self, post: int, change: Change, *, instead_of: Change | None, told: bool = True) -> None:
        """Record the change of a post, *instead_of* the one that waits (`of`); *told*: this run's feed gets it now."""
        values = {"of_blog": self._blog, "of_post": post, "what": change, "by": self._runs.number if told else _UNTOLD}
        self._db.execute(_AGAIN if instead_of else _PUT, values)

    def untold(self) -> Iterator[Found]:
        """Yield each stored record with a change that neither a finished feed nor this run's has."""
        same = sa.and_(POSTS.c.blog == CHANGES.c.blog, POSTS.c.id == CHANGES.c.post)
        query = sa.select(CHANGES.c.post, CHANGES.c.change, POSTS.c.record).join(POSTS, same)
        query = query.where(
            CHANGES.c.blog == self._blog, CHANGES.c.run != self._runs.number, POSTS.c.record.is_not(None)
        )
        last = 0
        while rows := self._db.all(query.where(CHANGES.c.post > last).order_by(CHANGES.c.post).limit(CHUNK)):
            for row in rows:
                yield Found(post=Post.of(row.record), gone=row.change == "gone")
            last = rows[-1].post

    def delivered(self) -> None:
        """Forget the changes that this run's feeds have: they are finished."""
        self._db.execute(CHANGES.delete().where(CHANGES.c.blog == self._blog, CHANGES.c.run == self._runs.number))


_OF = (CHANGES.c.blog == sa.bindparam("of_blog"), CHANGES.c.post == sa.bindparam("of_post"))
_CHANGE = sa.select(CHANGES.c.change).where(*_OF)
_AGAIN = CHANGES.update().where(*_OF).values(change=sa.bindparam("what"), run=sa.bindparam("by"))
_PUT = CHANGES.insert().values(
    blog=sa.bindparam("of_blog"), post=sa.bindparam("of_post"), change=sa.bindparam("what"), run=sa.bindparam("by")
)
