"""Mentions: which source names which post or address, and what it says of it; the facts that follow, merged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from engcrawl.items import Mention, Post, Source
from engcrawl.state.changes import Changes
from engcrawl.state.database import Database, Row
from engcrawl.state.facts import Facts, merge
from engcrawl.state.failures import Failures
from engcrawl.state.runs import Runs
from engcrawl.state.schedule import AT_ONCE
from engcrawl.state.tables import MENTIONS, PLACES, POSTS, SOURCES
from engcrawl.text import dates
from engcrawl.text.urls import address, same_host


@dataclass(slots=True)
class _Entry:
    """A mention on its way into the state."""

    key: str
    mention: Mention
    before: Row | None
    """What the source said before; None if it names this for the first time."""
    post: int | None
    facts: str | None
    address: str
    anew: bool
    """Whether the source didn't name it when it was read whole the last time."""

    @property
    def modified(self) -> bool:
        """Return whether the source gives another instant of modification than before."""
        return self.before is not None and self.before.modified != self.mention.modified

    @property
    def news(self) -> bool:
        """Return whether the source says something else than before."""
        row = self.before
        if row is None or self.modified:
            return True
        now = (self.post, self.facts, self.address, self.mention.type)
        return (row.post, row.facts, row.address, row.type) != now


class Mentions:
    """The mentions of one blog; `put` takes new ones, and keeps the posts' facts up to date."""

    def __init__(self, db: Database, blog: str, site: str, runs: Runs, changes: Changes, failures: Failures) -> None:
        self._db = db
        self._blog = blog
        self._site = site
        self._runs = runs
        self._changes = changes
        self._failures = failures
        self.refiled: Counter[str] = Counter()
        """By how many posts REST's facts made categories larger or smaller in this run."""
        self.moved = 0
        """How many posts REST named at another address than before in this run."""

    def put(self, source: Source, mentions: Iterable[Mention]) -> int:
        """Record a part of what a source names; return how many of the posts it had not named in this run.

        A post that is gone and named anew is back; what could not be read is tried again where it is modified anew.
        """
        entries = self._entries(source, mentions)
        if source == "rest":
            self._count_refiled(entries)
            self.moved += sum(entry.before is not None and entry.before.address != entry.address for entry in entries)
        for statement, rows in (
            (_SEEN, [self._row(source, entry) for entry in entries if entry.before]),
            (_NEW, [self._row(source, entry) for entry in entries if not entry.before]),
        ):
            if rows:
                self._db.execute(statement, rows)
        if modified := [entry for entry in entries if entry.modified]:
            self._failures.retry([entry.address for entry in modified], [e.post for e in modified if e.post])
        self._make_posts(entries)
        if back := [e.post for e in entries if e.post is not None and (e.anew or source in ("listings", "rest"))]:
            self.bring_back(back)
        first = {entry.post for entry in entries if entry.post and entry.before is None}
        self.refresh([entry.post for entry in entries if entry.post and entry.news], first)
        return sum(entry.before is None or entry.before.run != self._runs.number for entry in entries)

    def link(self, url: str, post: int) -> None:
        """Record which *post* is at an address that sources name."""
        if self._db.execute(_LINK, {"of_blog": self._blog, "where": address(url), "who": post}).rowcount:
            self.refresh([post], {post})

    def facts(self, posts: Sequence[int]) -> dict[int, Facts]:
        """Return what all sources together say of each of some posts."""
        said: dict[int, list[Row]] = defaultdict(list)
        rows = self._db.all(_SAID, {"of_blog": self._blog, "posts": list(posts)})
        for row in sorted(rows, key=_NAMED):  # for an order of its own SQLite reads all mentions of the blog
            said[row.post].append(row)
        listed = {row.key: row.post for rows in said.values() for row in rows if row.source == "listings"}
        filed: dict[int, set[str]] = defaultdict(set)
        for row in self._db.all(_FILED, {"of_blog": self._blog, "keys": list(listed)}) if listed else ():
            filed[listed[row.key]].add(row.category)
        return {post: merge(rows, filed[post]) for post, rows in said.items()}

    def refresh(self, posts: Sequence[int], first: Collection[int] = ()) -> None:
        """Compute the fingerprints of posts' facts anew.

        A source's *first* word on a post whose record has all that the others said is no news where the record agrees.
        """
        if not posts:
            return
        known = {row.id: row for row in self._db.all(_PRINTS, {"of_blog": self._blog, "posts": list(posts)})}
        rows = []
        for post, facts in self.facts(list(known)).items():
            row = known[post]
            if row.facts == facts.fingerprint and facts.type in (None, row.type):
                continue
            settled = post in first and row.head is not None and row.made_from in (None, row.facts)
            agrees = settled and (facts.named == 0 or facts.post.agrees(Post.of(row.head)))
            made_from = facts.fingerprint if agrees else row.made_from
            of_post = {"of_blog": self._blog, "who": post, "its_type": facts.type or row.type}
            rows.append(of_post | {"print": facts.fingerprint, "from": made_from})
        if rows:
            self._db.execute(_REFRESH, rows)

    # How a mention is taken

    def _entries(self, source: Source, mentions: Iterable[Mention]) -> list[_Entry]:
        given: dict[str, Mention] = {}
        for mention in mentions:
            if mention.url or mention.post:
                given.setdefault(key_of(mention), mention)  # a sticky post can stand on one page twice
        of_source = {"of_blog": self._blog, "of_source": source}
        whole = self._db.scalar(_WHOLE, of_source) or 0
        known = {row.key: row for row in self._db.all(_KNOWN, of_source | {"keys": list(given)})}
        unknown = [address(m.url) for key, m in given.items() if not m.facts and key not in known]
        addresses = {"of_blog": self._blog, "addresses": unknown}
        at = {row.address: row.id for row in self._db.all(_AT, addresses)} if unknown else {}
        bare = [m.post for m in given.values() if m.post and not m.facts]
        there = {row.id for row in self._db.all(_THERE, {"of_blog": self._blog, "posts": bare})} if bare else ()
        entries = []
        for key, mention in given.items():
            before, where = known.get(key), address(mention.url)
            # An ID without facts is believed of known posts alone: a feed may have its items' from another blog.
            post = mention.post if mention.facts or mention.post in there else None
            post = post or (before.post if before else None) or at.get(where)
            facts = mention.facts.facts() if mention.facts else None
            if source == "listings" and mention.facts and before and before.facts:
                facts = _listed_again(mention.facts, before.facts, same_run=before.run == self._runs.number)
            if before and before.type and not mention.type:  # a second sitemap may say less than the first
                mention = replace(mention, type=before.type)
            anew = before is None or before.run < whole
            entries.append(_Entry(key, mention, before, post, facts, where, anew))
        return entries

    def _count_refiled(self, entries: list[_Entry]) -> None:
        for entry in entries:
            if entry.mention.facts or entry.anew:
                self.refiled.update(entry.mention.categories)
            if entry.before and entry.before.facts and not entry.anew:
                self.refiled.subtract(Post.of(entry.before.facts).categories)

    def _row(self, source: Source, entry: _Entry) -> dict[str, Any]:
        row = {"of_blog": self._blog, "of_source": source, "its_key": entry.key, "who": entry.post}
        row |= {"url": entry.mention.url, "where": entry.address, "then": entry.mention.modified}
        row["its_type"] = entry.mention.type
        return row | {"said": entry.facts, "by": self._runs.number}

    def _make_posts(self, entries: list[_Entry]) -> None:
        """Make posts of those that are named for the first time."""
        named = {entry.post: entry for entry in entries if entry.post and entry.before is None}
        there = {row.id for row in self._db.all(_THERE, {"of_blog": self._blog, "posts": list(named)})} if named else ()
        new = [entry for post, entry in named.items() if post not in there]
        if not new:
            return
        rows = []
        for entry in new:
            external = bool(entry.mention.url) and not same_host(entry.mention.url, self._site)
            row = {"blog": self._blog, "id": entry.post, "address": entry.address, "external": external, "facts": ""}
            rows.append(row | {"first_run": self._runs.number, "due": None if external else dates.now()})
        self._db.execute(POSTS.insert(), rows)
        links = [{"of_blog": self._blog, "where": entry.address, "who": entry.post} for entry in new]
        self._db.execute(_LINK, links)

    def bring_back(self, posts: Sequence[int]) -> None:
        """Learn that posts are there: those that were gone are read again, and told as updated."""
        values = {"of_blog": self._blog, "posts": list(posts)}
        for row in self._db.all(_GONE, values):
            of_post = (POSTS.c.blog == self._blog, POSTS.c.id == row.id)
            self._db.execute(POSTS.update().where(*of_post).values(gone_since=None, due=AT_ONCE))
            if (untold := self._changes.of(row.id)) in (None, "gone"):
                self._changes.put(row.id, "updated", instead_of=untold, told=False)


def key_of(mention: Mention) -> str:
    """Return the key of a mention in its source: the post's ID where the source says it, else the address."""
    return str(mention.post) if mention.post is not None else address(mention.url)


def _listed_again(now: Post, before: str, *, same_run: bool) -> str:
    """Merge what a listing says *now* with what listings said *before*.

    Within a run both count. What an earlier run's said fills what this one's leaves open, but for lists.
    """
    earlier = Post.of(before)
    if same_run:
        earlier.see_again(now)
        return earlier.facts()
    now.fill_from(earlier, lists=False)
    return now.facts()


_NAMED = attrgetter("post", "source", "key")
_IDS: sa.BindParameter[Any] = sa.bindparam("posts", expanding=True)
_BLOG: sa.BindParameter[Any] = sa.bindparam("of_blog")
_WHOLE = sa.select(SOURCES.c.whole).where(SOURCES.c.blog == _BLOG, SOURCES.c.source == sa.bindparam("of_source"))
_OF_SOURCE = (MENTIONS.c.blog == _BLOG, MENTIONS.c.source == sa.bindparam("of_source"))
_KNOWN = sa.select(MENTIONS).where(*_OF_SOURCE, MENTIONS.c.key.in_(sa.bindparam("keys", expanding=True)))
_SAID = sa.select(MENTIONS).where(MENTIONS.c.blog == _BLOG, MENTIONS.c.post.in_(_IDS))
_FILED = sa.select(PLACES.c.key, PLACES.c.category).where(
    PLACES.c.blog == _BLOG, PLACES.c.key.in_(sa.bindparam("keys", expanding=True)), PLACES.c.named
)
_OF_POSTS = (POSTS.c.blog == _BLOG, POSTS.c.id.in_(_IDS))
_AT = sa.select(POSTS.c.id, POSTS.c.address).where(
    POSTS.c.blog == _BLOG, POSTS.c.address.in_(sa.bindparam("addresses", expanding=True))
)
_THERE = sa.select(POSTS.c.id).where(*_OF_POSTS)
_GONE = _THERE.where(POSTS.c.gone_since.is_not(None))
_PRINTS = sa.select(POSTS.c.id, POSTS.c.facts, POSTS.c.made_from, POSTS.c.head, POSTS.c.type).where(*_OF_POSTS)
_REFRESH = (
    POSTS.update()
    .where(POSTS.c.blog == _BLOG, POSTS.c.id == sa.bindparam("who"))
    .values(facts=sa.bindparam("print"), made_from=sa.bindparam("from"), type=sa.bindparam("its_type"))
)
_LINK = (
    MENTIONS.update()
    .where(MENTIONS.c.blog == _BLOG, MENTIONS.c.address == sa.bindparam("where"), MENTIONS.c.post.is_(None))
    .values(post=sa.bindparam("who"))
)
_VALUES: dict[str, sa.BindParameter[Any]] = {
    "post": sa.bindparam("who"),
    "url": sa.bindparam("url"),
    "address": sa.bindparam("where"),
    "modified": sa.bindparam("then"),
    "type": sa.bindparam("its_type"),
    "facts": sa.bindparam("said"),
    "run": sa.bindparam("by"),
}
_NEW = MENTIONS.insert().values(
    {"blog": _BLOG, "source": sa.bindparam("of_source"), "key": sa.bindparam("its_key")} | _VALUES
)
_SEEN = MENTIONS.update().where(*_OF_SOURCE, MENTIONS.c.key == sa.bindparam("its_key")).values(_VALUES)
