"""The wanted posts: which ones a run has to read, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from engcrawl.items import Post, Reading
from engcrawl.state.database import CHUNK, Database, Row
from engcrawl.state.facts import Facts
from engcrawl.state.mentions import Mentions
from engcrawl.state.runs import Runs
from engcrawl.state.tables import FAILURES, MENTIONS, POSTS
from engcrawl.text import dates
from engcrawl.text.urls import address

_LAST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """A post that is to be read in this run."""

    id: int
    post: Post
    """The merged facts; where no source says anything, the record."""
    record: Post | None
    facts: str
    """Fingerprint of the merged facts."""
    changed: bool
    """Whether there is no record, or sources say something else than when it was made."""
    named: int
    """The last run in which a listing, or REST, named it."""
    listed: bool
    """Whether a listing ever did."""
    reading: Reading | None
    """The last reading of its own page, with the validators; None if it was never read."""


class Wants:
    """The posts of one blog that this run has to read."""

    def __init__(self, db: Database, blog: str, runs: Runs, mentions: Mentions) -> None:
        self._db = db
        self._blog = blog
        self._runs = runs
        self._mentions = mentions
        self._of_blog = POSTS.c.blog == blog

    def count(self, due_by: str, *, pages: bool) -> int:
        """Count the posts that `each` would yield."""
        query = sa.select(sa.func.count()).select_from(_TRIED).where(*self._wants(due_by, pages=pages))
        return self._db.scalar(query) or 0

    def each(self, due_by: str, *, pages: bool) -> Iterator[Wanted]:
        """Yield each post that is wanted and wasn't taken up in this run: those that failed first, then the newest IDs.

        Wanted are posts without a record, posts of which sources say something else than when it was made, posts whose
        page is due by *due_by*, and those that could not be read, when they may be tried again. Without *pages*, posts
        whose own page was read are left alone.
        """
        wants = self._wants(due_by, pages=pages)
        yield from self._take(*wants, FAILURES.c.address.is_not(None))
        yield from self._take(*wants)

    def unlisted(self, sweep: int) -> Iterator[Wanted]:
        """Yield each post that no listing, nor REST, has named since *sweep* began, nor was its own page read since."""
        c = POSTS.c
        unread = sa.or_(c.read_run.is_(None), c.read_run < sweep)
        here = (self._of_blog, self._runs.asked_for(), c.record.is_not(None), ~c.external, c.gone_since.is_(None))
        turn = sa.or_(c.tried.is_(None), c.tried != self._runs.number)
        yield from self._take(*here, unread, turn, ~self._named_since(sweep))

    def unlisted_elsewhere(self, sweep: int) -> list[int]:
        """Return the posts on other hosts that neither a listing nor REST has named since *sweep* began."""
        c = POSTS.c
        here = (self._of_blog, self._runs.asked_for(), c.record.is_not(None), c.gone_since.is_(None))
        return [row.id for row in self._db.all(sa.select(c.id).where(*here, c.external, ~self._named_since(sweep)))]

    def identify(self, post: int, url: str, type_: str) -> bool:
        """Record which *post* is at an unresolved address; return whether it was taken up in this run already."""
        row = self._db.one(sa.select(POSTS.c.tried).where(self._of_blog, POSTS.c.id == post))
        if row is None:
            values = {"blog": self._blog, "id": post, "address": address(url), "external": False, "type": type_}
            values |= {"facts": "", "first_run": self._runs.number, "due": dates.now()}
            self._db.execute(POSTS.insert().values(values))
        else:
            self._mentions.bring_back([post])
        self._mentions.link(url, post)
        return row is not None and bool(row.tried == self._runs.number)

    def adopt(self, post: int, url: str, type_: str) -> Wanted | None:
        """Take up a post that was found at an unresolved address; None if it was taken up in this run already."""
        return None if self.identify(post, url, type_) else next(self._take(self._of_blog, POSTS.c.id == post))

    def news(self, posts: Sequence[int]) -> dict[int, tuple[str, Post | None]]:
        """Return those of some posts of which sources say something else than their records.

        Each has its ID, the fingerprint of its facts, and its record; None where there is none.
        """
        c = POSTS.c
        news = sa.or_(c.record.is_(None), c.facts != sa.func.coalesce(c.made_from, ""))
        where = (self._of_blog, c.id.in_(posts), c.gone_since.is_(None), news)
        rows = self._db.all(sa.select(c.id, c.facts, c.record).where(*where))
        return {row.id: (row.facts, Post.of(row.record) if row.record else None) for row in rows}

    def _named_since(self, sweep: int) -> sa.ColumnElement[bool]:
        m = MENTIONS.c
        lists = m.source.in_(("listings", "rest"))
        return sa.exists().where(m.blog == POSTS.c.blog, m.post == POSTS.c.id, lists, m.run >= sweep)

    def _wants(self, due_by: str, *, pages: bool) -> tuple[sa.ColumnElement[bool], ...]:
        c, f = POSTS.c, FAILURES.c
        turn = sa.or_(c.tried.is_(None), c.tried != self._runs.number)
        may = sa.or_(f.address.is_(None), f.retry_at <= dates.now())
        news = sa.or_(c.record.is_(None), c.facts != sa.func.coalesce(c.made_from, ""))
        reasons = (
            sa.or_(news, c.due <= due_by, f.address.is_not(None)) if pages else sa.and_(news, c.read_run.is_(None))
        )
        return self._of_blog, self._runs.asked_for(), c.gone_since.is_(None), turn, may, reasons

    def _take(self, *conditions: sa.ColumnElement[bool]) -> Iterator[Wanted]:
        """Yield the posts that meet *conditions*, newest ID first; each is taken up in this run then."""
        query = sa.select(POSTS).select_from(_TRIED).where(*conditions).order_by(POSTS.c.id.desc()).limit(CHUNK)
        last = _LAST_ID
        while rows := self._db.all(query.where(POSTS.c.id < last)):
            ids = [row.id for row in rows]
            self._db.execute(POSTS.update().where(self._of_blog, POSTS.c.id.in_(ids)).values(tried=self._runs.number))
            facts = self._mentions.facts(ids)
            for row in rows:
                yield _wanted(row, facts.get(row.id))
            last = ids[-1]


def _wanted(row: Row, facts: Facts | None) -> Wanted:
    record = Post.of(row.record) if row.record else None
    post = facts.post if facts and (facts.named or record is None) else record and replace(record)
    assert post is not None  # a source names it, or it was taken in
    return Wanted(
        id=row.id,
        post=post,
        record=record,
        facts=row.facts,
        changed=record is None or row.facts != row.made_from,
        named=facts.named if facts else 0,
        listed=facts is not None and facts.listed,
        reading=None if row.read_run is None else Reading(etag=row.etag, last_modified=row.last_modified),
    )


_TRIED = POSTS.outerjoin(FAILURES, sa.and_(FAILURES.c.blog == POSTS.c.blog, FAILURES.c.post == POSTS.c.id))
