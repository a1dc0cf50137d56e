"""What listing pages and REST say of posts, in the state's database."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from engcrawl.inventory import Inventory
from engcrawl.items import Change, Named, Post
from engcrawl.tables import CATEGORIES, INVENTORY, POSTS, SIGHTINGS
from engcrawl.text import dates
from engcrawl.text.urls import address


@dataclass(frozen=True)
class KnownCategory:
    """A category as earlier runs left it."""

    slug: str
    url: str
    linked: bool
    pages: int | None
    walked: str | None


class Sightings(Inventory):
    """Which posts were seen where: in the listings of which categories, on which page and place; and in REST."""

    @cached_property
    def refiled(self) -> Counter[str]:
        """By how many posts REST's facts made categories larger or smaller in this run."""
        return Counter()

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
                self._db.execute(NEW_POST, new)
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

    def sight_rest(self, posts: Sequence[Post], *, again: bool = False) -> set[int]:
        """Take what REST says of posts; those of which no record takes account of it.

        One that could not be had is among them where REST says something else than then, or all of those *again*.
        """
        now = dates.now()
        named = sa.exists().where(INVENTORY.c.source == "rest", INVENTORY.c.post == POSTS.c.id).label("named")
        own = ("id", "record", "rest", "rest_told", "gone_since", "change")
        columns = (*(POSTS.c[name] for name in own), named)
        with self._errors():
            query = sa.select(*columns).where(POSTS.c.id.in_([post.id for post in posts]))
            known = {row.id: row for row in self._db.execute(query)}
            new, seen = [], []
            waiting: set[int] = set()
            for post in posts:
                facts = {"facts": post.facts(), "now": now, "post": post.id}
                row = known.get(post.id)
                self.refiled.update(post.categories)
                if row is not None and row.named and row.rest:
                    self.refiled.subtract(Post.of(row.rest).categories)
                if (
                    row is not None
                    and row.record is None
                    and row.gone_since
                    and row.rest == facts["facts"]
                    and not again
                ):
                    continue
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
        self.note(
            "rest",
            [Named(url=post.url, post=post.id, modified=post.modified_at) for post in posts],
            due=False,
            again=again,
        )
        return waiting

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


_FIRST = {
    "told": "",
    "first_seen": sa.bindparam("now"),
    "last_seen": sa.bindparam("now"),
    "due": sa.bindparam("now"),
    "address": sa.bindparam("address"),
}
"""What a post has when it is seen for the first time."""
_AGAIN: dict[str, Any] = {
    "last_seen": sa.bindparam("now"),
    "gone_since": None,
    "change": sa.bindparam("what"),
    "due": sa.case((sa.bindparam("back", type_=sa.Boolean), sa.bindparam("now")), else_=POSTS.c.due),
}
"""What another sighting changes, whoever saw it."""
NEW_POST = POSTS.insert().values(
    _FIRST | {"id": sa.bindparam("id"), "listed": sa.bindparam("listed"), "listed_run": sa.bindparam("run")}
)
_SEEN_POST = (
    POSTS.update()
    .where(POSTS.c.id == sa.bindparam("post"))
    .values(_AGAIN | {"listed": sa.bindparam("facts"), "listed_run": sa.bindparam("by")})
)
_NEW_IN_REST = POSTS.insert().values(_FIRST | {"id": sa.bindparam("post"), "listed": "", "rest": sa.bindparam("facts")})
_SEEN_IN_REST = (
    POSTS.update().where(POSTS.c.id == sa.bindparam("post")).values(_AGAIN | {"rest": sa.bindparam("facts")})
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


def _merged(post: Post, listed: str, *, same_run: bool) -> str:
    if not listed:
        return post.facts()
    before = Post.of(listed)
    if same_run:
        before.see_again(post)
        return before.facts()
    post.follow(before)
    return post.facts()
