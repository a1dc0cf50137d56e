"""What earlier runs know: posts, where listings named them, categories, runs. SQLite, or any database of SQLAlchemy's.

A run holds one connection, and with it the right to write, from its beginning to its end. What it writes is on disk
when `State.commit` returns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engcrawl.errors import StateError, UsageError
from engcrawl.items import Change, FoundPost, Post, Reading
from engcrawl.sightings import NEW_POST, Sightings
from engcrawl.tables import ARCHIVE, INVENTORY, POSTS, SIGHTINGS
from engcrawl.text import dates
from engcrawl.text.urls import address

_CHUNK = 50
"""Rows in memory at a time."""
_LAST_ID = 2**63 - 1


@dataclass(frozen=True)
class Waiting:
    """A post whose record is to be made or looked at again."""

    post: FoundPost
    """What listings and REST say of it; of a post that none named so far, the record."""
    record: Post | None
    changed: bool
    """Whether there is no record, or they say something else than when it was made."""
    last_seen: str
    """When a listing, or REST, last named it."""
    listed: bool
    """Whether a listing ever did."""
    due: bool
    """Whether its own page is to be read (again)."""
    reading: Reading | None
    """The last reading of its own page, with the validators; None if it was never read."""


class State(Sightings):
    """What earlier runs know, and what this one adds, in an `engcrawl.database.Database`."""

    # The archive

    def belongs_to(self, site: str) -> None:
        """See that the archive, from its first post on, is that of *site*. Raises UsageError where it is another's."""
        with self._errors():
            known = self._db.scalar(sa.select(ARCHIVE.c.site))
            if known is None or self.empty():
                self._db.execute(ARCHIVE.delete())
                self._db.execute(ARCHIVE.insert().values(site=site))
            elif _bare(known) != _bare(site):
                raise UsageError(
                    f"argument site={site}: {self.name} is the archive of {known}; each site needs an ENGCRAWL_OUTPUT"
                    " (and ENGCRAWL_STATE) of its own"
                )

    def empty(self) -> bool:
        """Whether no post is known."""
        with self._errors():
            return self._db.scalar(sa.select(POSTS.c.id).limit(1)) is None

    def take_in(self, posts: Iterator[tuple[Post, str | None]]) -> int:
        """Take the records of an archive that has no state, each with the moment when it is due; how many."""
        count = 0
        with self._errors():
            for post, due in posts:
                seen = post.crawled_at or dates.now()
                moments = dict.fromkeys(("first_seen", "last_seen", "last_changed"), seen)
                own = {
                    "id": post.id,
                    "listed": "",
                    "told": "",
                    "due": due,
                    "read_at": seen if post.content_html else None,
                }
                self._db.execute(POSTS.insert().values(self._record(post) | moments | own))
                count += 1
        return count

    def posts(self, *, since: str | None = None, changed_since: str | None = None) -> Iterator[tuple[str, str | None]]:
        """Each record's line (without its end), newest first, with the instant since when it is gone, or None.

        Those of day *since* or later, those that changed at *changed_since* (an instant) or later.
        Raises StateError where a record isn't what was written.
        """
        query = sa.select(POSTS.c.id, POSTS.c.record, POSTS.c.hash, POSTS.c.gone_since).where(
            POSTS.c.record.is_not(None)
        )
        if since:
            query = query.where(POSTS.c.day >= since)
        if changed_since:
            query = query.where(POSTS.c.last_changed >= changed_since)
        newest = (sa.func.coalesce(POSTS.c.day, ""), sa.func.coalesce(POSTS.c.instant, ""), POSTS.c.id)
        query = query.order_by(*(column.desc() for column in newest)).execution_options(yield_per=_CHUNK)
        with self._errors(), self._db.execute(query) as rows:
            for post_id, line, digest, gone_since in rows:
                if _hash(line) != digest:
                    raise StateError(f"the record of post {post_id} isn't what was written")
                yield line, gone_since

    def has_all(self, ids: Sequence[int]) -> bool:
        """Whether there is a record of each of some posts."""
        query = sa.select(sa.func.count()).where(POSTS.c.id.in_(ids), POSTS.c.record.is_not(None))
        with self._errors():
            return self._db.scalar(query) == len(set(ids))

    def record(self, post_id: int) -> Post | None:
        """The record of a post; None if there is none."""
        with self._errors():
            line = self._db.scalar(sa.select(POSTS.c.record).where(POSTS.c.id == post_id))
        return Post.of(line) if line else None

    def measure(self) -> tuple[int, int, str]:
        """How many records there are, their size in a file, in bytes, and when the last one changed."""
        query = sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(POSTS.c.size), 0), sa.func.max(POSTS.c.last_changed)
        ).where(POSTS.c.size.is_not(None))
        with self._errors():
            count, size, changed = self._db.execute(query).one()
        return count, int(size), changed or ""

    def coverage(self) -> dict[str, int]:
        """How many records there are, and how many say what.

        ``posts``, of which ``gone``; ``own``, those that live on the site's host, and how many of them have
        ``published_date``, ``published_at`` and ``authors``; ``open``, those of them that need no password, and how
        many have ``content_html``. One pass in the database: a record's line has its keys in one order, and a quote in
        a value is escaped there.
        """
        says = POSTS.c.record.contains
        own = ~says(', "external": true, "protected": ')
        open_ = sa.and_(own, ~says(', "protected": true, "excerpt": '))
        counts = {
            "gone": POSTS.c.gone_since.is_not(None),
            "own": own,
            "published_date": sa.and_(own, POSTS.c.day.is_not(None)),
            "published_at": sa.and_(own, POSTS.c.instant.is_not(None)),
            "authors": sa.and_(own, ~says(', "authors": [], "categories": ')),
            "open": open_,
            "content_html": sa.and_(open_, ~says(', "content_html": null, "content_markdown": ')),
        }
        sums = (sa.func.coalesce(sa.func.sum(sa.case((which, 1), else_=0)), 0) for which in counts.values())
        query = sa.select(sa.func.count(), *sums).where(POSTS.c.record.is_not(None))
        with self._errors():
            return dict(zip(("posts", *counts), map(int, self._db.execute(query).one()), strict=True))

    def adopt(self, post_id: int, url: str, now: str) -> Waiting | None:
        """Take up a post that was found at an address of which nothing else was known; None if its turn has come."""
        self.explain(url, post=post_id)
        with self._errors():
            turn = self._db.execute(sa.select(POSTS.c.taken_run).where(POSTS.c.id == post_id)).one_or_none()
            if turn is None:
                facts = Post(id=post_id, url=url, title="").facts()
                values = {"id": post_id, "listed": facts, "now": dates.now(), "run": None, "address": address(url)}
                self._db.execute(NEW_POST, values)
            elif turn.taken_run == self.run:
                return None
            else:
                self._update(POSTS, POSTS.c.id == post_id, last_seen=dates.now(), gone_since=None)
        return next(self._take(POSTS.c.id == post_id, now))

    # Posts

    def waiting(self, now: str, *, articles: bool) -> int:
        """How many posts wait for their turn in this run: see `take`."""
        with self._errors():
            return self._db.scalar(sa.select(sa.func.count()).where(self._waits(now, articles=articles))) or 0

    def take(self, now: str, *, articles: bool) -> Iterator[Waiting]:
        """Each post whose turn hasn't come in this run, newest ID first: with this its turn has come.

        Those are posts without a record, posts of which listings say something else than when it was made, and, with
        *articles*, those whose own page is due at *now*. Without *articles*, posts whose page was read are left alone.
        """
        yield from self._take(self._waits(now, articles=articles), now)

    def unlisted(self, since: str, now: str) -> Iterator[Waiting]:
        """Each post that no listing has named since *since*, and whose own page hasn't been read since then either."""
        c = POSTS.c
        read_before = sa.or_(c.read_at.is_(None), c.read_at < since)
        has_page = sa.and_(c.record.is_not(None), c.due.is_not(None), c.gone_since.is_(None))
        turn = sa.or_(c.taken_run.is_(None), c.taken_run != self.run)
        yield from self._take(sa.and_(has_page, c.last_seen < since, read_before, turn), now)

    def unlisted_elsewhere(self, since: str) -> list[int]:
        """The posts on other hosts that neither a listing nor REST has named since *since*."""
        c = POSTS.c
        named = sa.exists().where(INVENTORY.c.post == c.id, INVENTORY.c.source == "rest")
        external = sa.and_(c.record.is_not(None), c.due.is_(None), c.gone_since.is_(None))
        with self._errors():
            return list(self._db.scalars(sa.select(c.id).where(external, c.last_seen < since, ~named)))

    def _waits(self, now: str, *, articles: bool) -> sa.ColumnElement[bool]:
        c = POSTS.c
        turn = sa.and_(c.gone_since.is_(None), sa.or_(c.taken_run.is_(None), c.taken_run != self.run))
        new = sa.or_(c.record.is_(None), c.listed != c.told, c.rest != sa.func.coalesce(c.rest_told, ""))
        return sa.and_(turn, sa.or_(new, c.due <= now) if articles else sa.and_(new, c.read_at.is_(None)))

    def _take(self, condition: sa.ColumnElement[bool], now: str) -> Iterator[Waiting]:
        query = sa.select(POSTS).where(condition).order_by(POSTS.c.id.desc()).limit(_CHUNK)
        last = _LAST_ID
        while True:
            with self._errors():
                rows = self._db.execute(query.where(POSTS.c.id < last)).all()
                ids = [row.id for row in rows]
                self._db.execute(POSTS.update().where(POSTS.c.id.in_(ids)).values(taken_run=self.run))
                filed = sa.select(SIGHTINGS.c.post, SIGHTINGS.c.category).where(
                    SIGHTINGS.c.post.in_(ids), SIGHTINGS.c.named
                )
                categories: dict[int, list[str]] = {}
                for post_id, category in self._db.execute(filed):
                    categories.setdefault(post_id, []).append(category)
            if not rows:
                return
            for row in rows:
                yield self._waiting(row, categories.get(row.id, []), now)
            last = rows[-1].id

    def _waiting(self, row: sa.Row[Any], categories: list[str], now: str) -> Waiting:
        record = Post.of(row.record) if row.record else None
        post = FoundPost.of(row.listed or row.rest or row.record)
        # Where REST alone says something else than when the record was made, it is newer than what listings said.
        news = row.listed and row.listed == row.told and row.rest_told and row.rest != row.rest_told
        if news:
            listed, post = post, FoundPost.of(row.rest)
            post.follow(listed)
        elif row.listed and row.rest:
            post.see_again(Post.of(row.rest))
        post.listed, post.rest, post.crawled_at = row.listed, row.rest, None
        if not news:
            post.categories = sorted({*post.categories, *categories})
        return Waiting(
            post=post,
            record=record,
            changed=record is None
            or _listing_changed(row.listed, row.told, record)
            or _rest_changed(row.rest, row.rest_told, record),
            last_seen=row.last_seen,
            listed=bool(row.listed),
            due=row.due is not None and row.due <= now,
            reading=Reading(etag=row.etag, last_modified=row.last_modified) if row.read_at else None,
        )

    def store(self, post: FoundPost) -> Change | None:
        """Store a record that is whole; what it changes in the archive, None for nothing.

        A change that an earlier run stored, and then died before its feed was finished, is told again.
        """
        with self._errors():
            row = self._db.execute(_STORED, {"who": post.id}).one_or_none()
            if row is None:
                values = {"id": post.id, "listed": "", "told": "", "first_seen": dates.now(), "last_seen": dates.now()}
                self._db.execute(POSTS.insert().values(values))
            change: Change | None = row.change if row else None
            record = self._record(post)
            if row is None or row.hash is None or row.hash != record["hash"]:
                new = row is None or row.hash is None or change == "new"
                change = "new" if new else "updated"
                told = post.listed if post.listed is not None else row.told if row else ""
                rest_told = post.rest if post.rest is not None else row.rest_told if row else None
                now = {"last_changed": dates.now(), "change": change, "change_run": self.run}
                now |= {"told": told, "rest_told": rest_told}
                self._db.execute(_STORE, record | now | {"who": post.id})
            else:
                if post.listed is not None:
                    self.settle(post)
                if change:
                    self._update(POSTS, POSTS.c.id == post.id, change_run=self.run)
        return change

    def settle(self, post: FoundPost) -> None:
        """What listings and REST say of a post needs no other record."""
        told = {} if post.rest is None else {"rest_told": post.rest}
        self._update(POSTS, POSTS.c.id == post.id, told=post.listed, **told)

    def visited(self, post_id: int, due: str | None, reading: Reading | None = None) -> None:
        """A post's own page was read, or found unchanged, and is *due* again then; None for a post without a page."""
        values: dict[str, Any] = {"due": due}
        if reading:
            values |= {"read_at": dates.now(), "etag": reading.etag, "last_modified": reading.last_modified}
        self._update(POSTS, POSTS.c.id == post_id, **values)

    def mark_gone(self, post_id: int) -> Change:
        """The site took a post down: it stays in the archive, and isn't looked for any more."""
        gone: Change = "gone"
        now = dates.now()
        since = sa.func.coalesce(POSTS.c.gone_since, now)
        self._update(POSTS, POSTS.c.id == post_id, gone_since=since, last_changed=now, change=gone, change_run=self.run)
        return gone

    def rule_out(self, post: Post, reason: str) -> None:
        """A post that lists name can't be had, for this *reason*; it isn't looked for until one names it again."""
        self.explain(post.url, post=post.id, reason=reason)
        self._update(POSTS, POSTS.c.id == post.id, gone_since=dates.now())

    def post(self, post_id: int, *, gone: bool) -> FoundPost:
        """The stored record of a post, which is *gone* or not."""
        with self._errors():
            found = FoundPost.of(self._db.scalars(sa.select(POSTS.c.record).where(POSTS.c.id == post_id)).one())
        found.gone = gone
        return found

    def untold(self) -> Iterator[FoundPost]:
        """Each stored record with a change that neither a finished feed nor this run's has."""
        c = POSTS.c
        turn = sa.or_(c.change_run.is_(None), c.change_run != self.run)
        query = sa.select(c.id, c.record, c.change).where(c.change.is_not(None), c.record.is_not(None), turn)
        last = 0
        while True:
            with self._errors():
                rows = self._db.execute(query.where(c.id > last).order_by(c.id).limit(_CHUNK)).all()
            if not rows:
                return
            for row in rows:
                post = FoundPost.of(row.record)
                post.gone = row.change == "gone"
                yield post
            last = rows[-1].id

    # How

    def _record(self, post: Post) -> dict[str, Any]:
        line = post.line()
        return {
            "record": line,
            "hash": _hash(line),
            "size": len(line.encode()) + 1,
            "address": address(post.url),
            "day": post.published_date,
            "instant": post.published_at,
        }


_STORED = sa.select(POSTS.c.hash, POSTS.c.change, POSTS.c.told, POSTS.c.rest_told).where(
    POSTS.c.id == sa.bindparam("who")
)
_STORE = (
    POSTS.update()
    .where(POSTS.c.id == sa.bindparam("who"))
    .values(
        {
            name: sa.bindparam(name)
            for name in (
                *("record", "hash", "size", "day", "instant", "address"),
                *("last_changed", "change", "change_run", "told", "rest_told"),
            )
        }
    )
)


def _listing_changed(now: str, told: str, record: Post) -> bool:
    """Whether listings say something else than when *record* was made."""
    return bool(now and told) and now != told and Post.of(now).contradicts(Post.of(told), record)


def _rest_changed(now: str | None, told: str | None, record: Post) -> bool:
    """Whether REST says something else than when *record* was made, or, of one made without it, more or newer."""
    if not now or now == told:
        return False
    says = Post.of(now)
    if told:
        return says.contradicts(Post.of(told), record)
    nothing = Post(id=says.id, url=says.url, title=says.title)
    return says.contradicts(nothing, record) or (says.modified_at or "") > (record.modified_at or "")


def _hash(line: str) -> str:
    """Of a record without its last key, ``crawled_at``: what the site says."""
    return hashlib.sha256(line.rpartition(', "crawled_at": ')[0].encode()).hexdigest()


def _bare(site: str) -> str:
    return site.partition("://")[2].lower().removeprefix("www.")
