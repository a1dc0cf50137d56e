"""The sources: which posts each one names, and how much of it could be read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engcrawl.items import ASKED, Answer, Mention, Source
from engcrawl.state.categories import Categories
from engcrawl.state.database import CHUNK, Database, Row
from engcrawl.state.mentions import Mentions, key_of
from engcrawl.state.runs import Runs
from engcrawl.state.tables import FAILURES, MENTIONS, PLACES, POSTS, SOURCES
from engcrawl.text import dates
from engcrawl.text.urls import address


@dataclass(frozen=True, slots=True)
class Asked:
    """A source's last answer, and when it was given."""

    answer: Answer
    run: int
    """The run that asked."""
    whole: int
    """The last run that read all that the source names; 0 for none."""
    at: str
    """When it had answered."""


class Lists:
    """The sources of one blog; `categories` and `mentions` hold what they name."""

    def __init__(self, db: Database, blog: str, runs: Runs, mentions: Mentions) -> None:
        self._db = db
        self._blog = blog
        self._runs = runs
        self.mentions = mentions
        self.categories = Categories(db, blog, runs, mentions)

    # What came of asking

    def answered(self, source: Source, answer: Answer, *, whole: bool) -> int:
        """Record a source's answer; return how many posts it doesn't name any more, where it was read *whole*."""
        before = self.asked(source)
        row: dict[str, Any] = {"status": answer.status, "detail": answer.detail, "claimed": answer.claimed}
        row |= {"again": answer.again, "more": json.dumps(answer.more), "asked": dates.now(), "run": self._runs.number}
        row["whole"] = self._runs.number if whole else (before.whole or None) if before else None
        where = (SOURCES.c.blog == self._blog, SOURCES.c.source == source)
        if before:
            self._db.execute(SOURCES.update().where(*where).values(row))
        else:
            self._db.execute(SOURCES.insert().values(row | {"blog": self._blog, "source": source}))
        if not whole:
            return 0
        since = before.whole if before else 0
        left = (MENTIONS.c.run >= since, MENTIONS.c.run < self._runs.number)
        return self._db.scalar(sa.select(sa.func.count()).where(*self._of(source), *left)) or 0

    def asked(self, source: Source) -> Asked | None:
        """Return what came of asking a source the last time; None if it never was."""
        row = self._db.one(sa.select(SOURCES).where(SOURCES.c.blog == self._blog, SOURCES.c.source == source))
        if row is None:
            return None
        more = json.loads(row.more)
        answer = Answer(status=row.status, detail=row.detail, claimed=row.claimed, again=row.again, more=more)
        return Asked(answer, run=row.run, whole=row.whole or 0, at=row.asked)

    def start_over(self, source: Source, type_: str) -> None:
        """Forget that this run has seen any post of a type in a source."""
        seen = (*self._of(source), MENTIONS.c.type == type_, MENTIONS.c.run == self._runs.number)
        self._db.execute(MENTIONS.update().where(*seen).values(run=0))

    # Whom a source names

    def count(self, source: Source) -> Counter[str]:
        """Count the posts of each type that a source names now."""
        query = sa.select(MENTIONS.c.type, sa.func.count()).where(*self._current(source)).group_by(MENTIONS.c.type)
        return Counter({type_ or "post": count for type_, count in self._db.all(query)})

    def types_at(self, url: str) -> set[str]:
        """Return the post types that sources say are at an address: listings have posts, whatever their own type."""
        where = (MENTIONS.c.blog == self._blog, MENTIONS.c.address == address(url), self._any_current())
        rows = self._db.all(sa.select(MENTIONS.c.source, MENTIONS.c.type).where(*where))
        return {"post" if row.source == "listings" else row.type for row in rows} - {None}

    def named(self, url: str) -> bool:
        """Return whether any source names an address now."""
        where = (MENTIONS.c.blog == self._blog, MENTIONS.c.address == address(url), self._any_current())
        return bool(self._db.scalar(sa.select(sa.exists().where(*where))))

    def last_modified(self, source: Source) -> str | None:
        """Return the latest modification that a source named."""
        latest: str | None = self._db.scalar(sa.select(sa.func.max(MENTIONS.c.modified)).where(*self._of(source)))
        return latest

    def unknown(self, source: Source, mentions: Sequence[Mention]) -> int:
        """Count those of a source's mentions that match no known post."""
        keys = MENTIONS.c.key.in_(list(map(key_of, mentions)))
        return (
            self._db.scalar(sa.select(sa.func.count()).where(*self._of(source), keys, MENTIONS.c.post.is_(None))) or 0
        )

    def lacks(self, source: Source, others: Collection[str] = ()) -> bool:
        """Return whether a source leaves out a post of the archive, or (a sitemap) a date: then it can't vouch.

        Posts of the types *others* aren't expected in it.
        """
        named = sa.exists().where(*self._current(source), MENTIONS.c.post == POSTS.c.id)
        should = [POSTS.c.blog == self._blog, POSTS.c.record.is_not(None), POSTS.c.gone_since.is_(None), ~named]
        should += [self._runs.asked_for(), sa.func.coalesce(POSTS.c.type, "").not_in(others)]
        if source == "sitemap":
            should.append(~POSTS.c.external)
            undated = sa.exists().where(*self._current(source), MENTIONS.c.modified.is_(None))
            if self._db.scalar(sa.select(undated)):
                return True
        return bool(self._db.scalar(sa.select(sa.exists().where(*should))))

    def unresolved(self, sources: Sequence[Source]) -> Iterator[str]:
        """Yield each unresolved address that *sources* name and that may be tried now: those that failed come first."""
        failed = sa.and_(FAILURES.c.blog == MENTIONS.c.blog, FAILURES.c.address == MENTIONS.c.address)
        query = sa.select(MENTIONS.c.address, sa.func.min(MENTIONS.c.url)).outerjoin(FAILURES, failed)
        query = query.where(MENTIONS.c.blog == self._blog, MENTIONS.c.post.is_(None), MENTIONS.c.source.in_(sources))
        query = query.where(self._any_current()).group_by(MENTIONS.c.address).order_by(MENTIONS.c.address).limit(CHUNK)
        tried = sa.and_(FAILURES.c.retry_at <= dates.now(), FAILURES.c.run != self._runs.number)
        for part in (query.where(tried), query.where(FAILURES.c.address.is_(None))):
            last = ""
            while rows := self._db.all(part.where(MENTIONS.c.address > last)):
                for _, url in rows:
                    yield url
                last = rows[-1][0]

    # The proof

    def posts_named(self) -> Iterator[Row]:
        """Yield each post of the types asked for that the archive has or that a source names, by ID.

        ``id``, ``type``, ``url``, ``head`` (None without a record), ``first_run``, ``gone_since``, ``external``;
        ``in_SOURCE``: whether that source names it; ``rest``: REST's facts; and the ``reason`` why it can't be read.
        """
        c, m = POSTS.c, MENTIONS.c
        of_post = sa.and_(m.blog == c.blog, m.post == c.id)
        lists = [sa.exists().where(*self._current(name), of_post).label(f"in_{name}") for name in ASKED]
        placed = sa.exists().where(PLACES.c.blog == m.blog, PLACES.c.key == m.key)
        # Nested: of a join of the two SQLite would read all places of the blog for each post.
        listed = sa.exists().where(of_post, m.source == "listings", placed)
        facts = sa.select(sa.func.max(m.facts)).where(of_post, m.source == "rest").scalar_subquery()
        url = sa.select(sa.func.max(m.url)).where(of_post).scalar_subquery()
        failed = (FAILURES.c.blog == c.blog, FAILURES.c.post == c.id)
        final = sa.select(sa.func.max(FAILURES.c.reason)).where(*failed, FAILURES.c.final).scalar_subquery()
        columns = [c.id, c.type, c.head, c.first_run, c.gone_since, c.external, listed.label("in_listings"), *lists]
        columns += [facts.label("rest"), url.label("url"), final.label("reason")]
        query = sa.select(*columns).where(c.blog == self._blog, self._runs.asked_for()).order_by(c.id).limit(CHUNK)
        last = 0
        while rows := self._db.all(query.where(c.id > last)):
            yield from rows
            last = rows[-1].id

    def unresolved_named(self) -> Iterator[Row]:
        """Yield what sources name and is no known post, by address: source, url, address, reason."""
        m = MENTIONS.c
        failed = (FAILURES.c.blog == m.blog, FAILURES.c.address == m.address)
        final = sa.select(FAILURES.c.reason).where(*failed, FAILURES.c.final).scalar_subquery()
        query = sa.select(m.source, m.url, m.address, final.label("reason"))
        where = (m.blog == self._blog, m.post.is_(None), self._any_current())
        yield from self._db.stream(query.where(*where).order_by(m.address, m.source))

    def _of(self, source: Source) -> tuple[sa.ColumnElement[bool], ...]:
        return MENTIONS.c.blog == self._blog, MENTIONS.c.source == source

    def _current(self, source: Source) -> tuple[sa.ColumnElement[bool], ...]:
        """Return the condition that a source names a post still: it did when last read whole, or since."""
        asked = self.asked(source)
        return (*self._of(source), MENTIONS.c.run >= (asked.whole if asked else 0), MENTIONS.c.run > 0)

    def _any_current(self) -> sa.ColumnElement[bool]:
        placed = sa.exists().where(PLACES.c.blog == MENTIONS.c.blog, PLACES.c.key == MENTIONS.c.key)
        listed = sa.and_(MENTIONS.c.source == "listings", placed)
        return sa.or_(listed, *(sa.and_(*self._current(name)) for name in ASKED))
