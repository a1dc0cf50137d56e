"""The older versions of posts' records. They are kept, compressed, when a record is replaced."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import nh3
import sqlalchemy as sa

from engcrawl.errors import StateError, UsageError
from engcrawl.items import Post
from engcrawl.state.database import CHUNK, Database
from engcrawl.state.tables import BLOGS, POSTS, VERSIONS
from engcrawl.text import dates
from engcrawl.text.durations import duration


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule for keeping older versions of a post.

    It keeps all of them, the last *number*, or those that were replaced less than *age* ago.
    """

    number: int | None = None
    age: timedelta | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rule of the setting ``ENGCRAWL_VERSIONS``: ``all``, ``20``, ``365d``. Raises UsageError."""
        word = text.strip()
        if word == "all":
            return cls()
        if re.fullmatch(r"0|[1-9][0-9]{0,5}", word):
            return cls(number=int(word))
        try:
            return cls(age=duration(word))
        except ValueError:
            raise UsageError(
                f"setting ENGCRAWL_VERSIONS={word}: must be all, a number (like 20), or an age (like 365d)"
            ) from None


@dataclass(frozen=True, slots=True)
class Version:
    """A post's record as the archive had it from one instant until another."""

    number: int
    """1 for the archive's first version, even if that isn't kept any more."""
    since: str
    """The instant from which the archive had it."""
    until: str | None
    """The instant at which another version replaced it; None for the current one."""
    record: Post
    edited: bool = False
    """Whether the next version is an edit: its title differs, or the text of a body from the same source."""


class Versions:
    """The older versions of one blog's records."""

    def __init__(self, db: Database, blog: str, kept: Kept | None = None) -> None:
        self._db = db
        self._blog = blog
        self._kept = kept or Kept()
        self._of_blog = VERSIONS.c.blog == blog

    def begin(self, known: str) -> None:
        """Record the earliest instant at which the archive is known."""
        self._db.execute(BLOGS.update().where(BLOGS.c.blog == self._blog).values(versions_since=known))

    @property
    def known(self) -> str | None:
        """Return the earliest instant at which the archive is known; None if its whole history is known."""
        instant: str | None = self._db.scalar(_KNOWN, {"of_blog": self._blog})
        return instant

    def keep(self, new: Post, until: str) -> int:
        """Keep the stored record of a post, which *new* replaces at the instant *until*; return the number of *new*."""
        row = self._db.one(_CURRENT, {"of_blog": self._blog, "of_post": new.id})
        assert row is not None
        values: dict[str, Any] = {"blog": self._blog, "post": new.id, "number": row.version, "since": row.since}
        values |= {"until": until, "day": row.day, "instant": row.instant}
        values |= {"edited": _edited(Post.of(row.record), new), "record": zlib.compress(row.record.encode())}
        self._db.execute(VERSIONS.insert().values(values))
        number: int = row.version + 1
        if self._kept.number is not None:
            self._drop(VERSIONS.c.post == new.id, VERSIONS.c.number < number - self._kept.number)
        return number

    def drop_old(self) -> None:
        """Drop the versions that are older than the setting allows."""
        if self._kept.age is not None:
            self._drop(VERSIONS.c.until < dates.rfc3339(datetime.fromisoformat(dates.now()) - self._kept.age))

    def of(self, post: int) -> list[Version]:
        """Return the kept versions of a post, the oldest first and the current record last; [] if there is none."""
        c = VERSIONS.c
        rows = self._db.all(sa.select(VERSIONS).where(self._of_blog, c.post == post).order_by(c.number))
        versions = [
            Version(row.number, row.since, row.until, Post.of(_unpacked(self._db, post, row.record)), row.edited)
            for row in rows
        ]
        now = self._db.one(_CURRENT, {"of_blog": self._blog, "of_post": post})
        if now is not None and now.record is not None:
            versions.append(Version(now.version, now.since, None, Post.of(now.record)))
        return versions

    def posts(self) -> Iterator[tuple[int, str | None]]:
        """Yield each post that has a record: its ID, and the instant since which it is gone (or None)."""
        c, last = POSTS.c, 0
        query = sa.select(c.id, c.gone_since).where(c.blog == self._blog, c.record.is_not(None)).order_by(c.id)
        while rows := self._db.all(query.where(c.id > last).limit(CHUNK)):
            yield from ((row.id, row.gone_since) for row in rows)
            last = rows[-1].id

    def lines(
        self, moment: str, *, since: str | None = None, post: int | None = None
    ) -> Iterator[tuple[str, str | None]]:
        """Yield the lines of `Posts.lines` as of the instant *moment*. Raises UsageError if they aren't known."""
        self.check_known(moment)
        c, v = POSTS.c, VERSIONS.c
        gone = sa.case((c.gone_since <= moment, c.gone_since)).label("gone_since")
        now = sa.select(c.id, c.day, c.instant, c.record, c.checksum, sa.null().label("packed"), gone)
        now = now.where(c.blog == self._blog, c.record.is_not(None), c.since <= moment)
        then = sa.select(v.post, v.day, v.instant, sa.null(), sa.null(), v.record, gone).select_from(
            VERSIONS.join(POSTS, sa.and_(v.blog == c.blog, v.post == c.id))
        )
        then = then.where(self._of_blog, v.since <= moment, v.until > moment)
        both = sa.union_all(now, then).subquery()
        query = sa.select(both.c.id, both.c.record, both.c.checksum, both.c.packed, both.c.gone_since)
        if since:
            query = query.where(both.c.day >= since)
        if post is not None:
            query = query.where(both.c.id == post)
        for row in self._db.stream(query.order_by(*newest_first(both.c))):
            if row.record is None:
                yield _unpacked(self._db, row.id, row.packed), row.gone_since
            elif sha256(row.record) == row.checksum:
                yield row.record, row.gone_since
            else:
                raise StateError(f"{self._db.name}: the record of post {row.id} isn't what was written")

    def check_known(self, moment: str) -> None:
        """Raise UsageError if the archive as of the instant *moment* isn't known."""
        if self.known and moment < self.known:
            raise UsageError(
                f"{self._blog}: the archive as of {moment} isn't known: the state has its versions from {self.known} on"
                " (the setting ENGCRAWL_VERSIONS says which older ones are kept)"
            )

    def _drop(self, *which: sa.ColumnElement[bool]) -> None:
        """Drop versions. Before the end of the last of them, the archive is then not known any more."""
        last: str | None = self._db.scalar(sa.select(sa.func.max(VERSIONS.c.until)).where(self._of_blog, *which))
        if last is not None:
            self._db.execute(VERSIONS.delete().where(self._of_blog, *which))
            self.begin(max(last, self.known or ""))


def sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def newest_first(columns: Any) -> tuple[Any, ...]:
    """Return the columns that sort posts as in posts.jsonl."""
    return (sa.func.coalesce(columns.day, "").desc(), sa.func.coalesce(columns.instant, "").desc(), columns.id.desc())


def _unpacked(db: Database, post: int, record: bytes) -> str:
    """Return the line of an older version. Raises StateError if its stored bytes are damaged."""
    try:
        return zlib.decompress(record).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise StateError(f"{db.name}: an older version of post {post} isn't what was written: {error}") from error


def _edited(old: Post, new: Post) -> bool:
    """Return whether the site changed the title, or the text of a body from the same source."""
    if old.title != new.title:
        return True
    same_source = old.content_source == new.content_source
    return same_source and _text(old.content_html or "") != _text(new.content_html or "")


def _text(html: str) -> str:
    """Return the text of a body without its markup and white space."""
    return "".join(nh3.clean(html, tags=set()).split())


_KNOWN = sa.select(BLOGS.c.versions_since).where(BLOGS.c.blog == sa.bindparam("of_blog"))
_OF = (POSTS.c.blog == sa.bindparam("of_blog"), POSTS.c.id == sa.bindparam("of_post"))
_CURRENT = sa.select(POSTS.c.record, POSTS.c.version, POSTS.c.since, POSTS.c.day, POSTS.c.instant).where(*_OF)
