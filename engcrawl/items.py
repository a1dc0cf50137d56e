"""The one record, a post of the archive; and what is said of posts, and of sources, on the way there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from engcrawl.text import dates

Kind = Literal["article", "video"]
Change = Literal["new", "updated", "gone"]
Source = Literal["listings", "rest", "sitemap", "feed"]
"""A list that names posts: the categories' listings, or one that is asked beside them."""
ASKED: tuple[Source, ...] = ("rest", "sitemap", "feed")
SOURCES: tuple[Source, ...] = ("listings", *ASKED)
PROVING: tuple[Source, ...] = ("rest", "sitemap")
"""Sources that should have all posts; listings may hide some, and a feed has only the newest."""
Status = Literal["whole", "part", "missing", "forbidden", "failed"]
"""How much of a source was read: all, a part, or nothing, because it isn't there, is forbidden, or failed."""
_TOLD: dict[Status, str] = {
    "whole": "was read whole",
    "part": "was read in part",
    "missing": "isn't there",
    "forbidden": "is forbidden",
    "failed": "failed",
}
ContentSource = Literal["page", "rest", "extracted"]


def _sorted_and_unique(values: list[str]) -> list[str]:
    if values != sorted(set(values)):
        raise ValueError("must be sorted, each value once")
    return values


def _known(value: int | None) -> int:
    if value is None or value < 1:
        raise ValueError("must be a whole number from 1")
    return value


Url = Annotated[str, Field(pattern=r"^https?://[^/?#\s]+[^#\s]*$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
Instant = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Slugs = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    AfterValidator(_sorted_and_unique),
    Field(json_schema_extra={"uniqueItems": True}),
]


@dataclass(slots=True, kw_only=True)
class Post:
    """One post, as it stands in the archive; the fields are the keys of a line, in their order.

    ``None`` means that the site doesn't say. While a post is on its way (from a page through the spider), the
    three ``published_…``/``modified_…`` fields hold what the site wrote; the pipelines turn that into the
    forms declared here, which are what pydantic checks.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(revalidate_instances="always", strict=True)

    id: Annotated[int | None, AfterValidator(_known), WithJsonSchema({"type": "integer", "minimum": 1})] = None
    """WordPress post ID, which is unique in a blog's archive."""
    type: Annotated[str, Field(min_length=1)] = "post"
    """WordPress post type: ``post``, or another that was asked for."""
    url: Url
    """Permalink: absolute, without fragment, with its query except for tracking parameters."""
    title: str
    """Plain text: entities decoded, white space folded. Empty if the post has no title, which WordPress allows."""
    published_date: Day | None = None
    """The day in the site's own calendar, ``YYYY-MM-DD``."""
    published_at: Instant | None = None
    """The instant of publication, RFC 3339 in UTC, if the site says it."""
    modified_at: Instant | None = None
    """The instant of the last change, RFC 3339 in UTC. On some sites it is before the publication."""
    authors: list[str] = field(default_factory=list)
    """Names, in the site's order. Only the first one if they come from REST (external posts, ``source=rest``)."""
    categories: Slugs = field(default_factory=list)
    """Slugs of every category that the post is filed in, sorted; ``?cat=N`` where the site tells no slug."""
    tags: Slugs = field(default_factory=list)
    """Slugs of every tag, sorted."""
    kind: Kind = "article"
    """``video`` if the site marks the post as a video, otherwise ``article``."""
    external: bool = False
    """Whether the post's own page is on another host; then the record has no body."""
    protected: bool = False
    """Whether the body needs a password; then the record has none."""
    excerpt: str | None = None
    """The summary that the site gives, as plain text."""
    image_url: str | None = None
    """Address of the post's picture in full size, without the query that asks for a smaller one."""
    language: str | None = None
    """BCP 47 tag, as the page states it (``en-US``)."""
    content_html: str | None = None
    """The body alone: with absolute links, without share buttons, scripts and the like."""
    content_markdown: str | None = None
    """The same body as Markdown, with fenced code blocks."""
    content_source: ContentSource | None = None
    """Where the body comes from: ``page`` (the body element of the post's own page), ``rest`` (REST), or ``extracted``
    (a guess at the page's main text). None if there is no body."""
    crawled_at: Instant | None = None
    """The instant of the last reading that changed this record, RFC 3339 in UTC."""

    def see_again(self, other: Post) -> None:
        """Merge a second mention by the same source in: what this one lacks, and every category and tag."""
        self.fill_from(other)
        self.categories = sorted({*self.categories, *other.categories})
        self.tags = sorted({*self.tags, *other.tags})
        if other.kind == "video":
            self.kind = "video"
        self.protected = self.protected or other.protected

    def fill_from(self, other: Post, *, lists: bool = True) -> None:
        """Fill what this one lacks from *other*; lists too if *lists* is set."""
        for name in _NAMES:
            if getattr(self, name) in (None, "", []) and (lists or name not in _LISTS):
                setattr(self, name, getattr(other, name))

    def take_page(self, page: Post) -> None:
        """Merge the post's own page in: where the two differ, the page's own facts win.

        The day is the exception: what other sources say stands, and the page's is used only where they say none that
        can be read. What the page says of an instant counts where it is one. A post that either marks as a video is
        one. A post that either says is of another type than ``post`` is of that type: not every page says its own; and
        its categories are the sources', if they have any: a page doesn't name those of a type's own taxonomy.
        """
        type_ = page.type if page.type != "post" else self.type
        categories = self.categories if self.categories and type_ != "post" else page.categories or self.categories
        day = dates.first_day(self.published_date, page.published_date)
        published = dates.first_instant(page.published_at, self.published_at)
        modified = dates.first_instant(page.modified_at, self.modified_at)
        kind: Kind = "video" if "video" in (self.kind, page.kind) else "article"
        for name in _NAMES:
            value = getattr(page, name)
            if value not in (None, [], ""):
                setattr(self, name, value)
        self.published_date, self.published_at, self.modified_at, self.kind = day, published, modified, kind
        self.type, self.categories = type_, categories

    def keep(self, record: Post) -> None:
        """Keep of an earlier *record* what stock REST, which this post is from, doesn't tell."""
        if set(self.authors) <= set(record.authors):
            self.authors = record.authors
        if record.protected and record.title.endswith(self.title):
            self.title = record.title
        self.excerpt = self.excerpt or record.excerpt
        self.language = self.language or record.language

    def agrees(self, record: Post) -> bool:
        """Return whether *record* has all that these facts say, though it may say it in other words.

        Excerpts, pictures, authors and languages differ from source to source: that the record has any is enough.
        """
        for name in ("excerpt", "image_url", "authors", "language", "published_at"):
            if getattr(self, name) and not getattr(record, name):
                return False
        if self.published_date and _day(self.published_date) != record.published_date:
            return False
        if not {*self.categories} <= {*record.categories} or not {*self.tags} <= {*record.tags}:
            return False
        if self.modified_at and self.modified_at > (record.modified_at or ""):
            return False
        same = ("type", "kind", "external", "protected")
        titled = not self.title or record.title.endswith(self.title)  # a theme writes "Protected: " before it
        return titled and self.url in ("", record.url) and all(getattr(self, n) == getattr(record, n) for n in same)

    def facts(self) -> str:
        """Return the known facts as JSON; `Post.of` reads it."""
        return json.dumps({name: value for name in _NAMES if (value := getattr(self, name)) not in (None, [], False)})

    def line(self) -> str:
        """Return the record as a line of JSON Lines has it, as Scrapy's exporter writes it too."""
        return json.dumps(self.record(), ensure_ascii=False)

    def record(self) -> dict[str, Any]:
        """Return the record, key by key."""
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the post that `facts` or `line` wrote."""
        return cls(**json.loads(text))


def _day(text: str) -> str:
    try:
        return dates.day(text).isoformat()
    except ValueError:
        return text  # the pipelines report it


_NAMES = tuple(f.name for f in fields(Post))
_LISTS = ("authors", "categories", "tags")


def merged(listings: Post | None, rest: Post | None) -> Post:
    """Return what sources say of a post, by fixed precedence; *listings* and REST, one of which is there.

    REST's word stands where it has one: its categories and tags are all of the post's, its day is the site's. Authors
    are the exception: it names the first alone. A day comes from REST, else listings, else the permalink. What one
    source leaves open the other fills; a post that either marks as a video is one.
    """
    given = [replace(facts) for facts in (rest, listings) if facts is not None]
    post, *others = given
    if rest is None or listings is None:
        _settle_day(post, None if rest is None else rest.published_date)
        return post
    authors, video = listings.authors or rest.authors, "video" in (listings.kind, rest.kind)
    categories = rest.categories or listings.categories
    post.fill_from(others[0], lists=False)
    post.authors, post.categories, post.kind = authors, categories, "video" if video else "article"
    _settle_day(post, rest.published_date)
    return post


def _settle_day(post: Post, of_rest: str | None) -> None:
    """Write the day in one form, so that the same day in another form doesn't count as a change."""
    day = None if post.external else dates.permalink_day(post.url)
    text = of_rest or dates.first_day(post.published_date, day.isoformat() if day else None)
    post.published_date = _day(text) if text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One source naming one post or address."""

    url: str
    """Permalink, or the other host's address of an external post: absolute; "" where it has none."""
    post: int | None = None
    """The post's ID; None where the source doesn't say."""
    modified: str | None = None
    """When the post was last changed, as the source writes it."""
    type: str | None = None
    """Its post type, where REST or a sitemap's name says it; "" where it may be no post at all."""
    facts: Post | None = None
    """What the source says of the post; None where it says no more than this, or its word isn't taken."""
    categories: tuple[str, ...] = ()
    """Slugs of the post's categories, for the source's own counts of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of asking a source."""

    status: Status
    detail: str = ""
    """Why it isn't whole."""
    claimed: int | None = None
    """Posts that it says it has; None where it doesn't say."""
    again: bool = False
    """Whether the next run must ask again, because it failed or broke off."""
    more: dict[str, Any] = field(default_factory=dict)
    """Kept for later runs: REST's categories with their counts, the sitemaps' addresses."""

    @property
    def told(self) -> str:
        """Return in words how much of the source was read, and why not all: ``failed: HTTP 500``."""
        return _TOLD[self.status] + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reading of a post's own page, with the validators that the site sent (RFC 9110, 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(slots=True, kw_only=True)
class Found:
    """A post on its way from a phase, through the pipelines, to the state and the feed."""

    post: Post
    facts: str | None = None
    """Fingerprint of the merged facts that the record takes account of; None where it can't."""
    reading: Reading | None = None
    """That its own page is in the record; None where the record has only what sources say."""
    lost: bool = False
    """Its own page, or a part of it, could not be read."""
    gone: bool = False
    """The site took it down."""
    problems: list[str] = field(default_factory=list)
    """What is wrong with it, found on the way."""
