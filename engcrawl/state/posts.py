"""The posts of a blog: their records, and what they were made from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from engcrawl.errors import StateError
from engcrawl.items import Change, Found, Mention, Post, Reading
from engcrawl.state.changes import Changes
from engcrawl.state.database import Database
from engcrawl.state.failures import Failures
from engcrawl.state.mentions import Mentions
from engcrawl.state.runs import Runs
from engcrawl.state.schedule import next_reading
from engcrawl.state.tables import CHANGES, POSTS, VERSIONS
from engcrawl.state.versions import Versions, newest_first, sha256
from engcrawl.state.wants import Wanted
from engcrawl.text import dates
from engcrawl.text.urls import address

_NO_NEWS = ("content_html", "content_markdown", "content_source", "crawled_at")
"""Keys that aren't in a record's head: its body, and what may be another without the post being changed."""


class Posts:
    """The posts of one blog."""

    def __init__(
        self,
        db: Database,
        blog: str,
        runs: Runs,
        changes: Changes,
        failures: Failures,
        mentions: Mentions,
        versions: Versions,
    ) -> None:
        self._db = db
        self._blog = blog
        self._runs = runs
        self._changes = changes
        self._failures = failures
        self._mentions = mentions
        self._versions = versions
        self._of_blog = POSTS.c.blog == blog

    # The archive

    def empty(self) -> bool:
        """Return whether no post is known."""
        return self._db.scalar(sa.select(POSTS.c.id).where(self._of_blog).limit(1)) is None

    def take_in(self, posts: Iterator[Post]) -> int:
        """Store the records of an archive without a state; return how many. What sources say first is no news then."""
        count = 0
        for post in posts:
            assert post.id is not None
            values: dict[str, Any] = {"blog": self._blog, "id": post.id, "facts": "", "first_run": 0}
            values |= {"last_changed": post.crawled_at, "since": post.crawled_at or dates.now(), "version": 1}
            if not post.external:
                read = dates.instant(post.crawled_at) if post.crawled_at and post.content_html else None
                changes = [post.published_at or post.published_date, post.modified_at]
                values["due"] = next_reading(post.id, changes, read) if read else dates.now()
                values["read_run"] = 0 if read else None
            self._db.execute(POSTS.insert().values(values | _columns(post)))
            count += 1
        if count:
            self._versions.begin(dates.now())
        return count

    def lines(
        self,
        *,
        since: str | None = None,
        changed_since: str | None = None,
        edited_since: str | None = None,
        post: int | None = None,
    ) -> Iterator[tuple[str, str | None]]:
        """Yield each record's line (without its end), newest first, with the instant since when it is gone, or None.

        Those of day *since* or later, those that changed at *changed_since* (an instant) or later, those whose title or
        text the site edited then or later, the one whose ID is *post*. Raises StateError where a record isn't what was
        written.
        """
        c, v = POSTS.c, VERSIONS.c
        if edited_since:
            self._versions.check_known(edited_since)
        query = sa.select(c.id, c.record, c.checksum, c.gone_since).where(self._of_blog, c.record.is_not(None))
        if since:
            query = query.where(c.day >= since)
        if changed_since:
            query = query.where(c.last_changed >= changed_since)
        if edited_since:
            edits = sa.select(v.post).where(v.blog == self._blog, v.edited, v.until >= edited_since)
            query = query.where(c.id.in_(edits))
        if post is not None:
            query = query.where(c.id == post)
        for row in self._db.stream(query.order_by(*newest_first(c))):
            if sha256(row.record) != row.checksum:
                raise StateError(f"{self._db.name}: the record of post {row.id} isn't what was written")
            yield row.record, row.gone_since

    def checksums(self) -> Iterator[str]:
        """Yield the SHA-256 of each record's line (without its end), hexadecimal, newest first."""
        c = POSTS.c
        query = sa.select(c.checksum).where(self._of_blog, c.record.is_not(None))
        for row in self._db.stream(query.order_by(*newest_first(c))):
            yield row.checksum

    def has_all(self, mentions: Sequence[Mention]) -> bool:
        """Return whether there is a record of each post that some mentions name."""
        ids = {mention.post for mention in mentions if mention.post}
        at = {address(mention.url) for mention in mentions if not mention.post}
        return self._has(POSTS.c.id, ids) and self._has(POSTS.c.address, at)

    def _has(self, column: sa.ColumnElement[Any], values: Set[Any]) -> bool:
        """Return whether there is a record with each of *values*; by one column, whose index serves."""
        query = sa.select(sa.func.count(column.distinct()))
        query = query.where(self._of_blog, column.in_(values), POSTS.c.record.is_not(None))
        return not values or self._db.scalar(query) == len(values)

    def record(self, post: int) -> Post | None:
        """Return the record of a post; None if there is none."""
        line = self._db.scalar(sa.select(POSTS.c.record).where(self._of_blog, POSTS.c.id == post))
        return Post.of(line) if line else None

    def flawed(self) -> Iterator[tuple[int, str, list[str]]]:
        """Yield each post that is there with whose record something is wrong: ID, address and what that is."""
        c = POSTS.c
        query = sa.select(c.id, c.record, c.problems).where(self._of_blog, c.problems.is_not(None))
        for row in self._db.stream(query.where(c.gone_since.is_(None)).order_by(c.id)):
            yield row.id, Post.of(row.record).url, row.problems.splitlines()

    def measure(self) -> tuple[int, int]:
        """Return how many records there are, and their size in a file, in bytes."""
        c = POSTS.c
        sums = (sa.func.count(), sa.func.coalesce(sa.func.sum(c.size), 0))
        row = self._db.one(sa.select(*sums).where(self._of_blog, c.size.is_not(None)))
        assert row is not None
        return row[0], int(row[1])

    def coverage(self) -> dict[str, int]:
        """Count the records, and those that say what.

        ``posts``, of which ``gone``; ``own``, those that live on the blog's host, and how many of them have
        ``published_date``, ``published_at`` and ``authors``; ``open``, those of them that need no password, and how
        many have ``content_html``.
        """
        c = POSTS.c
        own, open_ = ~c.external, sa.and_(~c.external, ~c.protected)
        counts = {
            "gone": c.gone_since.is_not(None),
            "own": own,
            "published_date": sa.and_(own, c.day.is_not(None)),
            "published_at": sa.and_(own, c.instant.is_not(None)),
            "authors": sa.and_(own, c.credited),
            "open": open_,
            "content_html": sa.and_(open_, c.bodied),
        }
        sums = (sa.func.coalesce(sa.func.sum(sa.case((which, 1), else_=0)), 0) for which in counts.values())
        row = self._db.one(sa.select(sa.func.count(), *sums).where(self._of_blog, c.record.is_not(None)))
        assert row is not None
        return dict(zip(("posts", *counts), map(int, row), strict=True))

    # What this run found

    def store(self, found: Found) -> Change | None:
        """Store a record that is whole; return what it changes in the archive, None for nothing.

        A change that an earlier run stored, and then died before its feed was finished, is told again. Markdown that
        is written differently by another version of this program is stored, but is no change of the post.
        """
        post = found.post
        assert post.id is not None
        of_post = {"of_blog": self._blog, "of_post": post.id}
        row = self._db.one(_STORED, of_post)
        if row is None:
            own = {"blog": self._blog, "id": post.id, "facts": "", "first_run": self._runs.number}
            self._db.execute(POSTS.insert().values(own | {"address": address(post.url), "external": post.external}))
        values = _columns(post)
        untold: Change | None = row.change if row else None
        change: Change | None
        if row is None or (row.content != values["content"] and not self._is_told(post, row.head, values["head"])):
            new = row is None or row.content is None or untold == "new"
            change = "new" if new else "updated"
            values["last_changed"] = dates.now()
        else:
            change = untold
            values["last_changed"] = row.last_changed
        if change:
            self._changes.put(post.id, change, instead_of=untold)
        if row is not None and row.content == values["content"] and row.content_source == post.content_source:
            values = {}
        else:
            values["since"] = dates.now()
            replaces = row is not None and row.content is not None
            values["version"] = self._versions.keep(post, values["since"]) if replaces else 1
        if values and (row is None or row.address != values["address"]):
            self._db.execute(_STORE, values | of_post)
            self._mentions.link(post.url, post.id)
            values = {}
        self._remember(found, changed=change == "updated", columns=values)
        return change

    def _is_told(self, post: Post, stored_head: str | None, head: str) -> bool:
        """Return whether the stored record says the same, but for what it was made into."""
        assert post.id is not None
        stored = self.record(post.id) if stored_head == head else None
        return stored is not None and stored.content_html == post.content_html

    def settle(self, post: int, facts: str) -> None:
        """Record that what sources say of a post needs no other record."""
        self._update(post, made_from=facts)

    def confirm(self, wanted: Wanted, reading: Reading) -> None:
        """Record that a post's own page is the one that was read before."""
        assert wanted.record is not None
        self._remember(Found(post=wanted.record, facts=wanted.facts, reading=reading), changed=False)

    def put_off(self, post: int) -> None:
        """Make a post whose own page isn't there wait for the next sweep, or for a source's word."""
        self._update(post, due=None)

    def mark_gone(self, post: int) -> Change:
        """Record that the site took a post down: it stays in the archive, and isn't looked for any more."""
        gone, now = POSTS.c.gone_since, dates.now()
        changed = sa.case((gone.is_(None), now), else_=POSTS.c.last_changed)  # it may be told again
        self._update(post, gone_since=sa.func.coalesce(gone, now), last_changed=changed)
        self._changes.put(post, "gone", instead_of=self._changes.of(post))
        self._failures.clear_of(post)
        return "gone"

    def remake_flawed(self) -> None:
        """Have the records with which something is wrong made anew: the site, or this program, may be mended."""
        self._db.execute(POSTS.update().where(self._of_blog, POSTS.c.problems.is_not(None)).values(made_from=None))

    def _remember(self, found: Found, *, changed: bool, columns: dict[str, Any] | None = None) -> None:
        """Remember what the record was made from, and when its page is due again, beside other *columns*."""
        post = found.post
        values = dict(columns or {})
        assert post.id is not None
        if found.problems or found.facts is not None or found.reading:  # else the record is told again as it was
            values["problems"] = "\n".join(found.problems) or None
        if found.facts is not None:
            values["made_from"] = found.facts
        if post.external:
            values["due"] = None
        elif found.reading:
            now = datetime.now(UTC)
            changes = [post.published_at or post.published_date, post.modified_at]
            values["due"] = next_reading(post.id, [*changes, dates.rfc3339(now) if changed else None], now)
            reading = Reading() if found.problems else found.reading  # a page with problems is never "unchanged"
            values |= {"etag": reading.etag, "last_modified": reading.last_modified}
            values["read_run"] = self._runs.number
            self._failures.clear(post.url, post.id)
        if values:
            self._db.execute(_STORE, values | {"of_blog": self._blog, "of_post": post.id})

    def _update(self, post: int, **values: Any) -> None:
        self._db.execute(POSTS.update().where(self._of_blog, POSTS.c.id == post).values(values))


def _columns(post: Post) -> dict[str, Any]:
    """Return what the table has of a record."""
    line, record = post.line(), post.record()
    head = json.dumps({name: value for name, value in record.items() if name not in _NO_NEWS}, ensure_ascii=False)
    return {
        "record": line,
        "checksum": sha256(line),
        "size": len(line.encode()) + 1,
        "head": head,
        "content": sha256(f"{head}\0{post.content_html}\0{post.content_markdown}"),
        "address": address(post.url),
        "external": post.external,
        "type": post.type,
        "day": post.published_date,
        "instant": post.published_at,
        "protected": post.protected,
        "credited": bool(post.authors),
        "content_source": post.content_source,
        "bodied": post.content_html is not None,
    }


_OF = (POSTS.c.blog == sa.bindparam("of_blog"), POSTS.c.id == sa.bindparam("of_post"))
_COMPARED = ("content", "head", "content_source", "last_changed", "address")
_STORED = (
    sa.select(*(POSTS.c[name] for name in _COMPARED), CHANGES.c.change)
    .outerjoin(CHANGES, sa.and_(CHANGES.c.blog == POSTS.c.blog, CHANGES.c.post == POSTS.c.id))
    .where(*_OF)
)
_STORE = POSTS.update().where(*_OF)
