"""The categories of a blog: where their archives are, and in which order these list which posts."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from engcrawl.items import Mention
from engcrawl.state.database import Database
from engcrawl.state.mentions import Mentions, key_of
from engcrawl.state.runs import Runs
from engcrawl.state.tables import CATEGORIES, MENTIONS, PLACES


@dataclass(frozen=True, slots=True)
class KnownCategory:
    """A category as earlier runs left it."""

    slug: str
    url: str
    pages: int | None
    walked: int | None
    """The last run that walked all of it; None where its order isn't known."""


class Categories:
    """The categories of one blog, with the places of mentions in their listings."""

    def __init__(self, db: Database, blog: str, runs: Runs, mentions: Mentions) -> None:
        self._db = db
        self._blog = blog
        self._runs = runs
        self._mentions = mentions
        self._of_blog = CATEGORIES.c.blog == blog

    def all(self) -> list[KnownCategory]:
        """Return the categories whose archives were found, by slug."""
        columns = [CATEGORIES.c[name] for name in KnownCategory.__slots__]
        rows = self._db.all(sa.select(*columns).where(self._of_blog).order_by(CATEGORIES.c.slug))
        return [KnownCategory(*row) for row in rows]

    def listing(self, slug: str) -> array[int]:
        """Return the signs (`sign_of`) of a category's posts in its order, as far as walks have seen it.

        What a later run saw stands before what only earlier ones did: a walk begins with the newest.
        """
        newest = (PLACES.c.run.desc(), PLACES.c.page, PLACES.c.place)
        rows = self._db.stream(sa.select(PLACES.c.key).where(*self._in(slug)).order_by(*newest))
        return array("q", (_sign(key) for (key,) in rows))

    def put_page(self, slug: str, page: int, mentions: Sequence[Mention]) -> int:
        """Record page *page* of a category's listing; return how many of its posts are new to this run."""
        named: dict[str, Mention] = {}
        for mention in mentions:
            named.setdefault(key_of(mention), mention)
        placed = {row.key for row in self._db.all(_PLACED, {"of_blog": self._blog, "of": slug, "keys": list(named)})}
        again: list[dict[str, Any]] = []
        new: list[dict[str, Any]] = []
        for place, (key, mention) in enumerate(named.items()):
            row = {
                "of_blog": self._blog,
                "of": slug,
                "its_key": key,
                "by": self._runs.number,
                "at": page,
                "spot": place,
            }
            filed = mention.facts is not None and slug in mention.facts.categories
            row["files"] = filed and not slug.startswith("?")  # a number gives way to the slug where REST says it
            (again if key in placed else new).append(row)
        for statement, rows in ((_AGAIN, again), (_NEW, new)):
            if rows:
                self._db.execute(statement, rows)
        return self._mentions.put("listings", named.values())

    def open(self, slug: str) -> None:
        """Record that a walk found something new in a category: its order isn't known until a walk comes to its end."""
        where = (self._of_blog, CATEGORIES.c.slug == slug)
        self._db.execute(CATEGORIES.update().where(*where).values(walked=None))

    def close(self, category: KnownCategory, vanished: Sequence[int] | None) -> None:
        """Record that a walk came to its end.

        *vanished* are the signs of the posts that it found missing; None stands for all that it didn't name.
        """
        left = PLACES.c.run != self._runs.number
        keys = [row.key for row in self._db.all(sa.select(PLACES.c.key).where(*self._in(category.slug), left))]
        if vanished is not None:
            keys = [key for key in keys if _sign(key) in set(vanished)]
        self._forget(category.slug, keys)
        self._db.execute(CATEGORIES.delete().where(self._of_blog, CATEGORIES.c.slug == category.slug))
        self._db.execute(CATEGORIES.insert().values(blog=self._blog, **asdict(category)))

    def rename(self, before: str, slug: str) -> None:
        """Give a category of which only the number was known its slug; what was known under that is forgotten."""
        self.forget(slug)
        self._db.execute(PLACES.update().where(*self._in(before)).values(category=slug))
        self._db.execute(CATEGORIES.update().where(self._of_blog, CATEGORIES.c.slug == before).values(slug=slug))

    def forget(self, slug: str) -> None:
        """Forget a category that the site doesn't have any more."""
        self._forget(slug, [row.key for row in self._db.all(sa.select(PLACES.c.key).where(*self._in(slug)))])
        self._db.execute(CATEGORIES.delete().where(self._of_blog, CATEGORIES.c.slug == slug))

    def _forget(self, slug: str, keys: list[str]) -> None:
        """Forget places; what categories the posts are filed in may be another fact now."""
        if keys:
            self._db.execute(_DROP, [{"of_blog": self._blog, "of": slug, "its_key": key} for key in keys])
        for first in range(0, len(keys), 500):
            values = {"of_blog": self._blog, "keys": keys[first : first + 500]}
            self._mentions.refresh([row.post for row in self._db.all(_POSTS, values)])

    def _in(self, slug: str) -> tuple[sa.ColumnElement[bool], ...]:
        return PLACES.c.blog == self._blog, PLACES.c.category == slug


def sign_of(mention: Mention) -> int:
    """Return a number that stands for a mention in a listing: the post's ID, or a hash of its address (negative)."""
    return _sign(key_of(mention))


def _sign(key: str) -> int:
    if key.isdecimal():
        return int(key)
    return -(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) >> 1) - 1


_IN = (PLACES.c.blog == sa.bindparam("of_blog"), PLACES.c.category == sa.bindparam("of"))
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
_PLACED = sa.select(PLACES.c.key).where(*_IN, PLACES.c.key.in_(_KEYS))
_VALUES: dict[str, sa.BindParameter[Any]] = {
    "run": sa.bindparam("by"),
    "page": sa.bindparam("at"),
    "place": sa.bindparam("spot"),
    "named": sa.bindparam("files"),
}
_NEW = PLACES.insert().values(
    {"blog": sa.bindparam("of_blog"), "category": sa.bindparam("of"), "key": sa.bindparam("its_key")} | _VALUES
)
# In one run the first place counts: a post that a newer one pushes to the next page is listed there once more.
_AGAIN = (
    PLACES.update()
    .where(*_IN, PLACES.c.key == sa.bindparam("its_key"), PLACES.c.run != sa.bindparam("by"))
    .values(_VALUES)
)
_DROP = PLACES.delete().where(*_IN, PLACES.c.key == sa.bindparam("its_key"))
_POSTS = sa.select(MENTIONS.c.post).where(
    MENTIONS.c.blog == sa.bindparam("of_blog"),
    MENTIONS.c.source == "listings",
    MENTIONS.c.key.in_(_KEYS),
    MENTIONS.c.post.is_not(None),
)
