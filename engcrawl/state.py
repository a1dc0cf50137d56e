"""What earlier runs know: posts, where listings named them, categories, runs. SQLite, or any database of SQLAlchemy's.

A run holds one connection, and with it the right to write, from its beginning to its end. What it writes is on disk
when `State.commit` returns.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engcrawl import dates
from engcrawl.errors import StateError, UsageError
from engcrawl.inventory import Inventory
from engcrawl.items import Change, FoundPost, Named, Post, Reading, address
from engcrawl.lock import HOST
from engcrawl.tables import ARCHIVE, CATEGORIES, POSTS, RUNS, SIGHTINGS

_CHUNK = 50
"""Rows in memory at a time."""
_LAST_ID = 2**63 - 1


@dataclass(frozen=True)
class KnownCategory:
    """A category as earlier runs left it."""

    slug: str
    url: str
    linked: bool
    pages: int | None
    walked: str | None


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
    listed_now: bool
    """Whether one did in this run."""
    due: bool
    """Whether its own page is to be read (again)."""
    reading: Reading | None
    """The last reading of its own page, with the validators; None if it was never read."""


class State(Inventory):
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

    # Runs

    def begin(self, name: str, spider: str, arguments: dict[str, Any], start: str) -> None:
        """A run begins; those before it that never ended are dead."""
        with self._errors():
            self._db.execute(RUNS.update().where(RUNS.c.verdict.is_(None)).values(verdict="died"))
            inserted = self._db.execute(
                RUNS.insert().values(
                    name=name,
                    spider=spider,
                    arguments=json.dumps(arguments),
                    host=HOST,
                    pid=os.getpid(),
                    start=start,
                    full_since="",
                )
            )
            assert inserted.inserted_primary_key is not None
            self.run = inserted.inserted_primary_key[0]
            self._db.commit()

    def last_full_walk(self) -> str | None:
        """When the last full walk began; None if there was none yet. This run's own doesn't count."""
        query = sa.select(sa.func.max(RUNS.c.full_since)).where(RUNS.c.id < self.run, RUNS.c.full_since != "")
        with self._errors():
            since: str | None = self._db.scalar(query)
        return since

    def part_of_full_walk(self, since: str) -> None:
        """This run is part of the full walk that began at *since*; empty for none."""
        self._update(RUNS, RUNS.c.id == self.run, full_since=since)

    def end(self, verdict: str, end: str, report: dict[str, Any], *, delivered: bool) -> None:
        """The run is over; *delivered* says whether its feeds are finished and have each of its changes."""
        with self._errors():
            if delivered:
                self._db.execute(POSTS.update().where(POSTS.c.change_run == self.run).values(change=None))
            self._db.execute(
                RUNS.update().where(RUNS.c.id == self.run).values(verdict=verdict, end=end, report=json.dumps(report))
            )
            self._db.commit()

    def runs(self, last: int) -> list[dict[str, Any]]:
        """The *last* runs, the newest first.

        Each with its name, spider, arguments, host, pid, start, end, verdict and report (None if it has none).
        """
        names = ("name", "spider", "arguments", "host", "pid", "start", "end", "verdict", "report")
        query = sa.select(*(RUNS.c[name] for name in names)).order_by(RUNS.c.id.desc()).limit(last)
        with self._errors():
            rows = self._db.execute(query).mappings()
            return [
                dict(row)
                | {
                    "arguments": json.loads(row["arguments"]),
                    "report": json.loads(row["report"]) if row["report"] else None,
                }
                for row in rows
            ]

    def last_reports(self) -> dict[str, dict[str, Any]]:
        """The report of each spider's last run that ended: spider -> report."""
        last = sa.select(sa.func.max(RUNS.c.id)).where(RUNS.c.report.is_not(None)).group_by(RUNS.c.spider)
        with self._errors():
            rows = self._db.execute(sa.select(RUNS.c.spider, RUNS.c.report).where(RUNS.c.id.in_(last)))
            return {spider: json.loads(report) for spider, report in rows}

    def last_complete(self) -> dict[str, str]:
        """When each spider's last complete run ended: spider -> instant; those alone that had one."""
        query = sa.select(RUNS.c.spider, sa.func.max(RUNS.c.end)).where(RUNS.c.verdict == "complete")
        with self._errors():
            return {row.spider: row[1] for row in self._db.execute(query.group_by(RUNS.c.spider))}

    # Listings

    def categories(self) -> list[KnownCategory]:
        """The categories whose archives were found."""
        columns = [CATEGORIES.c[name] for name in ("slug", "url", "linked", "pages", "walked")]
        with self._errors():
            return [KnownCategory(*row) for row in self._db.execute(sa.select(*columns).order_by(CATEGORIES.c.slug))]

    def listing(self, slug: str) -> array[int]:
        """The IDs in a category's archive, in its order, as far as walks have seen it.

        What a later run saw stands before what only earlier ones did: a walk begins with the newest.
        """
        newest = (SIGHTINGS.c.run.desc(), SIGHTINGS.c.page, SIGHTINGS.c.place)
        query = sa.select(SIGHTINGS.c.post).where(*_of(slug)).order_by(*newest)
        with self._errors():
            return array("q", self._db.scalars(query))

    def sight(self, posts: Sequence[Post], category: str, page: int) -> int:
        """Take what page *page* of a category's archive says; how many of the *posts* no page of this run had named.

        What pages say of one post is merged (`Post.see_again`); what earlier runs saw fills what this one's leave open.
        """
        found: dict[int, Post] = {}
        for post in posts:
            found.setdefault(post.id, post)  # a sticky post can stand on one page twice
        now = dates.now()
        first = 0
        with self._errors():
            columns = (POSTS.c.id, POSTS.c.listed, POSTS.c.listed_run, POSTS.c.gone_since, POSTS.c.change)
            known = {row.id: row for row in self._db.execute(sa.select(*columns).where(POSTS.c.id.in_(list(found))))}
            new, seen = [], []
            for post in found.values():
                row = known.get(post.id)
                first += row is None or row.listed_run != self.run
                if row is None:
                    new.append(
                        {
                            "id": post.id,
                            "listed": post.facts(),
                            "now": now,
                            "run": self.run,
                            "address": address(post.url),
                        }
                    )
                    continue
                facts = _merged(post, row.listed, same_run=row.listed_run == self.run)
                back = row.gone_since is not None
                change = _when_back(row.change, back=back)
                seen.append({"post": post.id, "facts": facts, "now": now, "by": self.run, "what": change, "back": back})
            if new:
                self._db.execute(_NEW_POST, new)
            if seen:
                self._db.execute(_SEEN_POST, seen)
            placed = {
                *self._db.scalars(sa.select(SIGHTINGS.c.post).where(*_of(category), SIGHTINGS.c.post.in_(list(found))))
            }
            places = [
                {"by": self.run, "at": page, "spot": place, "is_named": category in post.categories}
                | {"of": category, "who": post.id}
                for place, post in enumerate(found.values())
            ]
            if again := [place for place in places if place["who"] in placed]:
                self._db.execute(_SEEN_PLACE, again)
            if other := [place for place in places if place["who"] not in placed]:
                self._db.execute(_NEW_PLACE, other)
        return first

    def sight_rest(self, posts: Sequence[Post]) -> set[int]:
        """Take what REST says of posts; those of which no record takes account of it."""
        now = dates.now()
        columns = (POSTS.c.id, POSTS.c.record, POSTS.c.rest_told, POSTS.c.gone_since, POSTS.c.change)
        with self._errors():
            query = sa.select(*columns).where(POSTS.c.id.in_([post.id for post in posts]))
            known = {row.id: row for row in self._db.execute(query)}
            new, seen = [], []
            waiting: set[int] = set()
            for post in posts:
                facts = {"facts": post.facts(), "now": now, "post": post.id}
                row = known.get(post.id)
                if row is None or row.record is None or row.rest_told != facts["facts"]:
                    waiting.add(post.id)
                if row is None:
                    new.append(facts | {"address": address(post.url)})
                else:
                    back = row.gone_since is not None
                    seen.append(facts | {"what": _when_back(row.change, back=back), "back": back})
            if new:
                self._db.execute(_NEW_IN_REST, new)
            if seen:
                self._db.execute(_SEEN_IN_REST, seen)
        self.note("rest", [Named(url=post.url, post=post.id, modified=post.modified_at) for post in posts])
        return waiting

    def adopt(self, post_id: int, url: str, now: str) -> Waiting | None:
        """Take up a post that was found at an address of which nothing else was known; None where it has a record."""
        self.explain(url, post=post_id)
        with self._errors():
            row = self._db.execute(sa.select(POSTS.c.record).where(POSTS.c.id == post_id)).one_or_none()
            if row is None:
                facts = Post(id=post_id, url=url, title="").facts()
                values = {"id": post_id, "listed": facts, "now": dates.now(), "run": None, "address": address(url)}
                self._db.execute(_NEW_POST, values)
            elif row.record is not None:
                return None
        return next(self._take(POSTS.c.id == post_id, now))

    def open_category(self, slug: str) -> None:
        """A walk found something new in a category: its order isn't known until a walk comes to an end."""
        self._update(CATEGORIES, CATEGORIES.c.slug == slug, walked=None)

    def close_category(self, category: KnownCategory, vanished: Sequence[int] | None) -> None:
        """A walk came to its end; *vanished* are the posts that it found missing, None: all that it didn't name."""
        with self._errors():
            if vanished is None:
                self._db.execute(SIGHTINGS.delete().where(*_of(category.slug), SIGHTINGS.c.run != self.run))
            elif vanished:
                self._db.execute(SIGHTINGS.delete().where(*_of(category.slug), SIGHTINGS.c.post.in_(vanished)))
            self._db.execute(CATEGORIES.delete().where(CATEGORIES.c.slug == category.slug))
            self._db.execute(CATEGORIES.insert().values(category.__dict__))

    def forget_category(self, slug: str) -> None:
        """The site has no such category any more."""
        with self._errors():
            self._db.execute(SIGHTINGS.delete().where(*_of(slug)))
            self._db.execute(CATEGORIES.delete().where(CATEGORIES.c.slug == slug))

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
        if row.listed and row.rest:
            post.see_again(Post.of(row.rest))
        post.listed, post.rest, post.crawled_at = row.listed, row.rest, None
        post.categories = sorted({*post.categories, *categories})
        return Waiting(
            post=post,
            record=record,
            changed=record is None
            or _listing_changed(row.listed, row.told, record)
            or _rest_changed(row.rest, row.rest_told, record),
            last_seen=row.last_seen,
            listed=bool(row.listed),
            listed_now=row.listed_run == self.run,
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


_NEW_POST = POSTS.insert().values(
    id=sa.bindparam("id"),
    listed=sa.bindparam("listed"),
    listed_run=sa.bindparam("run"),
    told="",
    first_seen=sa.bindparam("now"),
    last_seen=sa.bindparam("now"),
    due=sa.bindparam("now"),
    address=sa.bindparam("address"),
)
_SEEN_POST = (
    POSTS.update()
    .where(POSTS.c.id == sa.bindparam("post"))
    .values(
        listed=sa.bindparam("facts"),
        listed_run=sa.bindparam("by"),
        last_seen=sa.bindparam("now"),
        gone_since=None,
        change=sa.bindparam("what"),
        due=sa.case((sa.bindparam("back", type_=sa.Boolean), sa.bindparam("now")), else_=POSTS.c.due),
    )
)
_NEW_IN_REST = POSTS.insert().values(
    id=sa.bindparam("post"),
    listed="",
    told="",
    rest=sa.bindparam("facts"),
    first_seen=sa.bindparam("now"),
    last_seen=sa.bindparam("now"),
    due=sa.bindparam("now"),
    address=sa.bindparam("address"),
)
_SEEN_IN_REST = (
    POSTS.update()
    .where(POSTS.c.id == sa.bindparam("post"))
    .values(
        rest=sa.bindparam("facts"),
        last_seen=sa.bindparam("now"),
        gone_since=None,
        change=sa.bindparam("what"),
        due=sa.case((sa.bindparam("back", type_=sa.Boolean), sa.bindparam("now")), else_=POSTS.c.due),
    )
)
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
_NEW_PLACE = SIGHTINGS.insert().values(
    source="category",
    category=sa.bindparam("of"),
    post=sa.bindparam("who"),
    run=sa.bindparam("by"),
    page=sa.bindparam("at"),
    place=sa.bindparam("spot"),
    named=sa.bindparam("is_named"),
)
_SEEN_PLACE = (
    SIGHTINGS.update()
    .where(
        SIGHTINGS.c.source == "category",
        SIGHTINGS.c.category == sa.bindparam("of"),
        SIGHTINGS.c.post == sa.bindparam("who"),
        SIGHTINGS.c.run != sa.bindparam("by"),
    )
    .values(run=sa.bindparam("by"), page=sa.bindparam("at"), place=sa.bindparam("spot"), named=sa.bindparam("is_named"))
)


def _of(slug: str) -> tuple[sa.ColumnElement[bool], ...]:
    return SIGHTINGS.c.source == "category", SIGHTINGS.c.category == slug


def _when_back(change: Change | None, *, back: bool) -> Change | None:
    """The change of a post that a list names; *back* says that it was gone."""
    return "updated" if back and change in (None, "gone") else change


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


def _merged(post: Post, listed: str, *, same_run: bool) -> str:
    if not listed:
        return post.facts()
    before = Post.of(listed)
    if same_run:
        before.see_again(post)
        return before.facts()
    post.follow(before)
    return post.facts()


def _hash(line: str) -> str:
    """Of a record without its last key, ``crawled_at``: what the site says."""
    return hashlib.sha256(line.rpartition(', "crawled_at": ')[0].encode()).hexdigest()


def _bare(site: str) -> str:
    return site.partition("://")[2].lower().removeprefix("www.")
