"""What the site's own lists of its posts say, beside listing pages: REST, sitemaps, feeds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from engcrawl.items import Named
from engcrawl.runs import Runs
from engcrawl.schedule import AT_ONCE
from engcrawl.tables import INVENTORY, POSTS, RUNS, SIGHTINGS, SOURCES
from engcrawl.text import dates
from engcrawl.text.urls import address

Source = Literal["pages", "rest", "sitemap", "feed"]
"""A list of the site's posts: its listing pages, or one that is asked beside them."""
SOURCES_ASKED: tuple[Source, ...] = ("rest", "sitemap", "feed")

Status = Literal["whole", "part", "missing", "forbidden", "failed"]
"""How much of a source could be read: all of it, a part, nothing: it isn't there, is forbidden, or answers nonsense."""

_CHUNK = 50


@dataclass
class Asked:
    """What came of asking a source."""

    status: Status
    detail: str = ""
    """Why it isn't whole."""
    claimed: int | None = None
    """Posts that it says it has; None where it doesn't say."""
    more: dict[str, Any] = field(default_factory=dict)
    """What later runs want to know: REST's categories with their counts, the sitemaps' addresses."""
    asked: str = ""
    """When it had answered."""
    until: str = ""
    """When the run that asked ended; a post first seen later may not have been there then."""


class Inventory(Runs):
    """The posts that sources name, in the state's database."""

    def note(self, source: Source, named: Sequence[Named], *, due: bool = True, again: bool = False) -> None:
        """Take a part of what a source names.

        A known post that is modified anew is *due* at once; a gone one that is named anew is back. What could not be
        had is tried once more where it is modified anew, or all of that *again*.
        """
        rows = {_key(entry): entry for entry in named if entry.url}
        c = INVENTORY.c
        with self._errors():
            query = sa.select(c.key, c.modified, c.post).where(c.source == source, c.key.in_(list(rows)))
            known = {row.key: row for row in self._db.execute(query)}
            new = [
                {"source": source, "key": key, "post": e.post, "url": e.url, "address": address(e.url)}
                | {"modified": e.modified, "run": self.run}
                for key, e in rows.items()
                if key not in known
            ]
            if new:
                self._db.execute(INVENTORY.insert(), new)
                self._back([address(entry.url) for key, entry in rows.items() if key not in known])
            if known:
                seen = [
                    {"its_key": key, "at": rows[key].url, "where": address(rows[key].url), "then": rows[key].modified}
                    | {"afresh": again or rows[key].modified != known[key].modified}
                    for key in known
                ]
                self._db.execute(_SEEN, [one | {"of": source, "by": self.run} for one in seen])
            changed = [row for row in known.values() if rows[row.key].modified != row.modified]
            posts = [row.post for row in changed if row.post is not None]
            if due and posts:
                self._db.execute(
                    POSTS.update().where(POSTS.c.id.in_(posts), POSTS.c.due.is_not(None)).values(due=AT_ONCE)
                )

    def _back(self, addresses: list[str]) -> None:
        """Posts that were gone are there again at these addresses."""
        c = POSTS.c
        change = sa.case(
            (sa.and_(c.record.is_not(None), sa.func.coalesce(c.change, "gone") == "gone"), "updated"), else_=c.change
        )
        gone = sa.and_(c.gone_since.is_not(None), c.address.in_(addresses))
        self._update(POSTS, gone, gone_since=None, last_seen=dates.now(), due=AT_ONCE, change=change)

    def unknown(self, source: Source, named: Sequence[Named]) -> int:
        """How many posts of a part of what a source names nothing else is known of."""
        self.identify()
        c = INVENTORY.c
        known = sa.exists().where(POSTS.c.id == c.post)
        query = sa.select(sa.func.count()).where(c.source == source, c.key.in_(list(map(_key, named))), ~known)
        with self._errors():
            return self._db.scalar(query) or 0

    def lacks(self, source: Source) -> bool:
        """Whether a source can't tell all that is new: it leaves out a post of the archive, or (a sitemap) a date."""
        c = INVENTORY.c
        named = sa.exists().where(c.post == POSTS.c.id, c.source == source)
        should = [POSTS.c.record.is_not(None), POSTS.c.gone_since.is_(None), ~named]
        if source == "sitemap":
            should.append(POSTS.c.due.is_not(None))
        self.identify()
        with self._errors():
            undated = source == "sitemap" and self._db.scalar(
                sa.select(sa.exists().where(c.source == source, c.modified.is_(None)))
            )
            return bool(undated or self._db.scalar(sa.select(sa.exists().where(*should))))

    def start_over(self, source: Source) -> None:
        """Forget that this run has seen anything of a source."""
        self._update(INVENTORY, INVENTORY.c.source == source, run=0)

    def asked(self, source: Source, answer: Asked, *, anew: bool) -> int:
        """Keep what came of asking a source; how many posts it doesn't name any more, where all was read *anew*."""
        row: dict[str, Any] = {"status": answer.status, "detail": answer.detail, "claimed": answer.claimed}
        with self._errors():
            self._db.execute(SOURCES.delete().where(SOURCES.c.source == source))
            self._db.execute(
                SOURCES.insert().values(
                    row | {"source": source, "run": self.run, "asked": answer.asked, "more": json.dumps(answer.more)}
                )
            )
            if answer.status != "whole" or not anew:
                return 0
            old = INVENTORY.delete().where(INVENTORY.c.source == source, INVENTORY.c.run != self.run)
            return self._db.execute(old).rowcount

    def answer(self, source: Source) -> Asked | None:
        """What came of asking a source the last time; None if it never was."""
        columns = [SOURCES.c[name] for name in ("status", "detail", "claimed", "more", "asked")]
        until = sa.case((SOURCES.c.run == self.run, dates.now()), else_=sa.func.coalesce(RUNS.c.end, SOURCES.c.asked))
        query = sa.select(*columns, until.label("until")).outerjoin(RUNS, RUNS.c.id == SOURCES.c.run)
        with self._errors():
            row = self._db.execute(query.where(SOURCES.c.source == source)).one_or_none()
        return Asked(**{**row._mapping, "more": json.loads(row.more)}) if row else None

    def count(self, source: Source) -> int:
        """How many posts a source names."""
        with self._errors():
            return self._db.scalar(sa.select(sa.func.count()).where(INVENTORY.c.source == source)) or 0

    def last_modified(self, source: Source) -> str | None:
        """The latest modification that a source named."""
        with self._errors():
            latest: str | None = self._db.scalar(
                sa.select(sa.func.max(INVENTORY.c.modified)).where(INVENTORY.c.source == source)
            )
        return latest

    def strangers(self) -> Iterator[str]:
        """The address of each post that sources name and of which nothing else is known, nor why it can't be had."""
        c = INVENTORY.c
        self.identify()
        known = sa.exists().where(POSTS.c.id == c.post)
        query = sa.select(c.address, sa.func.min(c.url)).where(~known, c.reason.is_(None)).group_by(c.address)
        last = ""
        while True:
            with self._errors():
                rows = self._db.execute(query.where(c.address > last).order_by(c.address).limit(_CHUNK)).all()
            for _, url in rows:
                yield url
            if not rows:
                return
            last = rows[-1][0]

    def identify(self) -> None:
        """Find the posts at the addresses that sources name."""
        known = sa.select(sa.func.min(POSTS.c.id)).where(POSTS.c.address == INVENTORY.c.address).scalar_subquery()
        self._update(INVENTORY, INVENTORY.c.post.is_(None), post=known)

    def explain(self, url: str, *, post: int | None = None, reason: str | None = None) -> None:
        """Say which *post* is at an address that sources name, or for what *reason* it can't be in the archive."""
        at = INVENTORY.c.address == address(url)
        if post is not None:
            at = sa.or_(at, INVENTORY.c.post == post)
        values: dict[str, Any] = {"reason": reason} if post is None else {"post": post, "reason": reason}
        self._update(INVENTORY, at, **values)

    def posts_named(self) -> Iterator[Any]:
        """Each post that the archive has or that a list names, by ID.

        ``id``, ``record``, ``rest``, ``listed``, ``first_seen``, ``gone_since``, ``external``; ``in_pages`` and
        ``in_SOURCE``: whether that list names it; and the ``reason`` why it can't be had.
        """
        self.identify()
        c = POSTS.c
        of_post = INVENTORY.c.post == c.id
        lists = [sa.exists().where(of_post, INVENTORY.c.source == name).label(f"in_{name}") for name in SOURCES_ASKED]
        columns = [
            *(c.id, c.record, c.rest, c.listed, c.first_seen, c.gone_since, c.due.is_(None).label("external")),
            *(sa.exists().where(SIGHTINGS.c.post == c.id).label("in_pages"), *lists),
            sa.select(sa.func.max(INVENTORY.c.reason)).where(of_post).scalar_subquery().label("reason"),
        ]
        query = sa.select(*columns).order_by(c.id).limit(_CHUNK)
        last = 0
        while True:
            with self._errors():
                rows = self._db.execute(query.where(c.id > last)).all()
            yield from rows
            if not rows:
                return
            last = rows[-1].id

    def strange_entries(self) -> Iterator[Any]:
        """What sources name and no known post is, by address: source, post, url, address, reason."""
        c = INVENTORY.c
        known = sa.exists().where(POSTS.c.id == c.post)
        query = sa.select(c.source, c.post, c.url, c.address, c.reason).where(~known).order_by(c.address, c.source)
        with self._errors(), self._db.execute(query.execution_options(yield_per=_CHUNK)) as rows:
            yield from rows


_SEEN = (
    INVENTORY.update()
    .where(INVENTORY.c.source == sa.bindparam("of"), INVENTORY.c.key == sa.bindparam("its_key"))
    .values(
        url=sa.bindparam("at"),
        address=sa.bindparam("where"),
        modified=sa.bindparam("then"),
        run=sa.bindparam("by"),
        reason=sa.case((sa.bindparam("afresh", type_=sa.Boolean), sa.null()), else_=INVENTORY.c.reason),
    )
)


def _key(named: Named) -> str:
    return str(named.post) if named.post is not None else address(named.url)
