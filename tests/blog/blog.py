"""The blog's posts and listings, made from a seed number.

A post's facts and body are made anew whenever they are asked for; what stays in memory are a few numbers a post.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, lru_cache
from operator import neg
from random import Random
from typing import Any
from urllib.parse import quote

from tests.blog import blocks, facts, truth
from tests.blog.facts import BEGIN, CATEGORIES, EDITED, END, PER_PAGE, ZONE, Category, Edit, Post
from tests.blog.languages import ENGLISH, Language
from tests.blog.permalinks import OWN
from tests.blog.themes import Theme

__all__ = ["BEGIN", "CATEGORIES", "EDITED", "PER_PAGE", "ZONE", "Blog", "Category", "Post"]


class Blog:
    """*posts* posts made from *seed*, served at *base*; with *ties*, two by two of the same instant."""

    def __init__(
        self, posts: int = 500, seed: int = 1, base: str = "", *, ties: bool = False, theme: Theme = "classic"
    ) -> None:
        self.size = posts
        self.ties = ties
        self._step = (END - BEGIN) / max(posts, 500)
        self.seed = seed
        self.base = base
        self.theme = theme
        """How its pages look, and so what they tell: the ground truth follows."""
        self._language = ENGLISH
        self.permalinks = OWN
        """Which form its addresses have; the ground truth follows."""
        self._full = {(n * posts) // (2 * PER_PAGE) for n in range(2 * PER_PAGE)} if posts >= 4 * PER_PAGE else set()
        self._listings: dict[str, array[int]] = {slug: array("L") for slug in CATEGORIES}
        self.whole = array("L")
        self.counts: Counter[str] = Counter()
        """How many published posts are filed in each category itself, hidden ones too."""
        self._changed = array("q")
        self._extra: dict[int, tuple[str, ...]] = {}
        self._edits: dict[int, Edit] = {}
        self.further: dict[str, list[Post]] = {}
        """Posts of other types (`tests.blog.further`)."""
        self.removed: dict[int, bool] = {}
        """The posts that were taken down, and whether listings had them."""
        for index in range(posts - 1, -1, -1):
            self._list(index)

    @property
    def language(self) -> Language:
        """The language of its pages; the ground truth follows."""
        return self._language

    @language.setter
    def language(self, language: Language) -> None:
        self._language = language
        self.post.cache_clear()

    def _list(self, index: int) -> None:
        self.counts.update(self.categories_of(index))
        if self.hidden(index):
            return
        self.whole.append(index)
        for slug in self._in_listings(index):
            self._listings[slug].append(index)

    def _unlist(self, index: int) -> None:
        for listing in (self.whole, *map(self._listings.get, self._in_listings(index))):
            if listing is not None and index in listing:
                listing.remove(index)

    def _in_listings(self, index: int) -> set[str]:
        own = self.categories_of(index)
        return {*own, *(parent for slug in own if (parent := CATEGORIES[slug].parent))}

    def publish(self, categories: tuple[str, ...]) -> Post:
        """Publish one more post, the newest, in *categories*."""
        index = self.size
        self.size += 1
        self._extra[index] = categories
        self.counts.update(categories)
        self.whole.insert(0, index)
        for slug in self._in_listings(index):
            self._listings[slug].insert(0, index)
        return self.post(index)

    def edit(
        self, index: int, title: str | None = None, tags: tuple[str, ...] | None = None, body: bool = True
    ) -> Post:
        """An editor gives a post another *body*, and another title or other tags; it is then modified later."""
        before = self._edits.get(index, Edit())
        self._edits[index] = Edit(
            version=before.version + 1,
            bodies=before.bodies + body,
            title=title or before.title,
            tags=before.tags if tags is None else tags,
        )
        self.post.cache_clear()
        post = self.post(index)
        if index < len(self._changed):
            self._changed[index] = int(post.changed.timestamp())
        return post

    def remove(self, index: int) -> Post:
        """Take a post down: no list names it, and its permalink is not found; gives the post as it was."""
        if index not in self.removed:
            self.removed[index] = index in self.whole
            self.counts.subtract(self.categories_of(index))
        self._unlist(index)
        return self.post(index)

    def restore(self, index: int) -> None:
        """Put a post that was taken down back in its place."""
        self.counts.update(self.categories_of(index))
        if self.removed.pop(index):
            for listing in (self.whole, *(self._listings[slug] for slug in self._in_listings(index))):
                listing.insert(_place(listing, index), index)

    def refile(self, index: int, categories: tuple[str, ...]) -> Post:
        """File a post in other *categories*, which is no modification; most permalinks name the first of them."""
        listed = index in self.whole
        self.counts.subtract(self.categories_of(index))
        self._unlist(index)
        self._extra[index] = categories
        self.counts.update(categories)
        if listed:
            for listing in (self.whole, *(self._listings[slug] for slug in self._in_listings(index))):
                listing.insert(_place(listing, index), index)
        self.post.cache_clear()
        return self.post(index)

    def hide(self, index: int) -> None:
        """Keep a post out of listings from now on."""
        self._unlist(index)

    # Facts of post number *index*, from 0, the oldest

    @staticmethod
    def hidden(index: int) -> bool:
        """Whether the site keeps the post out of its listings (``post__not_in``)."""
        return index % 31 == 9

    @staticmethod
    def external(index: int) -> bool:
        """Whether the post's permalink leads to another site."""
        return index % 23 == 5

    def categories_of(self, index: int) -> tuple[str, ...]:
        """The slugs of the categories that the post is filed in."""
        if index in self._extra:
            return self._extra[index]
        if index % 61 == 3:
            return ("uncategorized",)
        rng = Random(self.seed * 1_000_003 + index)
        chosen = set(rng.sample(facts.USUAL, rng.choice((1, 1, 2, 3))))
        if self._full and index in self._visible_full:
            chosen.add("release-notes")
        return tuple(sorted(chosen))

    @cached_property
    def _visible_full(self) -> set[int]:
        """Posts of the category whose pages are exactly full: next to the evenly spaced ones, all listed."""
        chosen: set[int] = set()
        for start in sorted(self._full):
            index = start
            while self.hidden(index) or index in chosen or index % 61 == 3:
                index += 1
            chosen.add(index)
        return chosen

    def id_of(self, index: int) -> int:
        """WordPress IDs: unique, with gaps, not quite in the order of the dates."""
        return 400 + 4 * index + (index * 7919) % 4 + (8 if index % 9 == 2 else 0) * (index % 2 == 0)

    def index_of(self, post_id: int) -> int | None:
        """The post with this ID; None where there is none."""
        near = (post_id - 400) // 4
        there = (i for i in range(near - 3, near + 2) if 0 <= i < self.size and i not in self.removed)
        return next((i for i in there if self.id_of(i) == post_id), None)

    @lru_cache(maxsize=2048)  # noqa: B019 - a blog lives as long as its process
    def post(self, index: int) -> Post:
        """The facts of a post."""
        rng = Random(self.seed * 2_000_003 + index)
        post_id = self.id_of(index)
        nouns = rng.sample(blocks._NOUNS, 2)
        slug = f"{'-'.join(nouns)}-{post_id}"
        if self.language.slug and index % 4 == 1:
            slug = quote(f"{self.language.slug}-{slug}").lower()
        tied = index % 50 == 7 or (self.ties and index % 2 == 1)  # the same second as the post before
        published = (BEGIN + self._step * (index - tied)).replace(microsecond=0)
        published += timedelta(hours=(index - tied) % 5)  # some in the evening of the site, the next day in UTC
        categories = self.categories_of(index)
        in_path = categories[0] if index % 5 else rng.choice(facts.USUAL)
        external = self.external(index)
        day = published.astimezone(self.language.zone)
        path = f"/{day:%Y/%m/%d}/{in_path}/{slug}/"
        if external:
            path = f"{facts.EXTERNAL[index % 2]}/{slug}/?{f'v={post_id}&' if index % 2 else ''}ref=blog"
        earlier = timedelta(minutes=-40) if index % 7 == 0 else timedelta(days=rng.randint(1, 90))
        post = Post(
            index=index,
            id=post_id,
            title=facts.TITLES[index % len(facts.TITLES)].format(*nouns),
            slug=slug,
            published=published,
            modified=None if index % 6 == 1 else published + earlier,
            categories=categories,
            tags=tuple(sorted(rng.sample(facts.TAGS, rng.choice((0, 1, 2))))),
            authors=tuple(f"{f} {rng.choice(facts.LAST)}" for f in rng.sample(facts.FIRST, rng.randint(1, 4))),
            path=path,
            external=external,
            protected=not external and index % 101 == 17,
            kinds=(("article",), ("article",), ("video",), ("article", "video"), ())[rng.choice((0, 0, 0, 1, 2, 3, 4))],
            image=f"/wp-content/uploads/2021/{index % 12 + 1:02}/hero-{post_id}.{('png', 'webp', 'jpg')[index % 3]}",
            parts=3 if not external and index % 89 == 11 else 1,
            zone=self.language.zone,
        )
        edit = self._edits.get(index)
        if edit is None:
            return post
        return replace(
            post,
            title=edit.title or post.title,
            tags=post.tags if edit.tags is None else tuple(sorted(edit.tags)),
            modified=max(post.modified or EDITED, post.published, EDITED) + timedelta(hours=edit.version),
        )

    def bodies(self, post: Post) -> list[list[blocks.Block]]:
        """The blocks of each page of the post's body."""
        version = self._edits.get(post.index, Edit()).bodies
        rng = Random(self.seed * 3_000_017 + post.index + version * 5_000_011)
        return [blocks.body(rng, self.base) for _ in range(post.parts)]

    def excerpt(self, post: Post) -> str:
        """What ``og:description`` says."""
        return blocks.words(Random(self.seed * 4_000_037 + post.index), 2) + " It’s R&D […]"

    def changed(self, index: int) -> int:
        """When the post was last modified, in seconds since 1970."""
        for number in range(len(self._changed), index + 1):
            self._changed.append(int(self.post(number).changed.timestamp()))
        return self._changed[index]

    def link(self, post: Post) -> str:
        """The post's permalink."""
        return post.path if post.external else self.base + self.permalinks.path(post)

    def guid(self, post: Post) -> str:
        """The address that feeds and REST know it by."""
        return f"{self.base}/?p={post.id}"

    def beside(self, post: Post) -> list[tuple[str, Post]]:
        """The posts before and after this one, those that listings hide too, with their ``rel``."""
        before = next((i for i in range(post.index - 1, -1, -1) if i not in self.removed), None)
        after = next((i for i in range(post.index + 1, self.size) if i not in self.removed), None)
        return [(rel, self.post(i)) for rel, i in (("prev", before), ("next", after)) if i is not None]

    # Listings

    def listing(self, slug: str | None) -> array[int]:
        """Post numbers in the archive of a category, newest first; of the whole blog for None."""
        return self.whole if slug is None else self._listings[slug]

    def pages(self, slug: str | None) -> int:
        """How many pages the archive of a category has: 0 for an empty one."""
        return -(-len(self.listing(slug)) // PER_PAGE)

    def page(self, slug: str | None, number: int) -> list[Post]:
        """The posts of page *number*, from 1."""
        return [self.post(index) for index in self.cut(self.listing(slug), number)]

    def cut(self, listing: Sequence[int], number: int, size: int = PER_PAGE) -> list[int]:
        """Page *number* of a listing in pages of *size* posts, from 1.

        With ties it is sorted for each page anew, and those of the same instant in no certain order, as MySQL does:
        where two of them stand on both sides of a page's end, the next page has the first of them again.
        """
        start = (number - 1) * size
        page = list(listing[start : start + size])
        if self.ties and start and page and self.post(listing[start - 1]).published == self.post(page[0]).published:
            page[0] = listing[start - 1]
        return page

    def lost_in_ties(self) -> set[int]:
        """The listed posts that no category page names, since each was lost between two of them."""
        named: set[int] = set()
        for slug in CATEGORIES:
            for number in range(1, self.pages(slug) + 1):
                named.update(self.cut(self.listing(slug), number))
        return set(self.whole) - named

    @cached_property
    def not_in(self) -> list[int]:
        """IDs that the site keeps out of its listings."""
        return [self.id_of(i) for i in range(self.size) if self.hidden(i)]

    # Ground truth: what `tests.blog.truth` says

    def truth(self, *, articles: bool = True, rest: bool = False) -> Iterator[dict[str, Any]]:
        """What an archive of the category listings must hold, record by record; all keys but ``crawled_at``.

        With *rest*, one of the listings and REST: that has the posts that listings hide, too. `theme` says what the
        pages tell (`tests.blog.truth` lists it); in which charset they come makes no difference.
        """
        return truth.records(self, articles=articles, rest=rest)

    def record(self, post: Post, *, article: bool = True, rest: bool = False) -> dict[str, Any]:
        """A post's record; without *article*, of what its listings say; with *rest*, also of what only REST says."""
        return truth.record(self, post, article=article, rest=rest)

    def rest_record(self, post: Post) -> dict[str, Any]:
        """A post's record in an archive of REST alone: it names one author, and no language."""
        return truth.rest_record(self, post)

    def dated(self, index: int) -> bool:
        """Whether a listing shows the post's date (or would): in every place but the first of a page."""
        return any(_place(self._listings[slug], index) % PER_PAGE for slug in self._in_listings(index))


def _place(listing: array[int], index: int) -> int:
    """Where a post stands in a listing, or would."""
    return bisect_left(listing, -index, key=neg)
