"""The one record, a post of the archive; and what it is on its way there and from there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field

from engcrawl.text import dates

Kind = Literal["article", "video"]
Change = Literal["new", "updated", "gone"]
ContentSource = Literal["page", "rest", "extracted"]


def _sorted_and_unique(values: list[str]) -> list[str]:
    if values != sorted(set(values)):
        raise ValueError("must be sorted, each value once")
    return values


def _known(value: int | None) -> int:
    if value is None or value < 1:
        raise ValueError("must be a whole number from 1")
    return value


Url = Annotated[str, Field(pattern=r"^https?://[^/?#\s]+[^?#\s]*$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
Instant = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Slugs = Annotated[list[Annotated[str, Field(min_length=1)]], AfterValidator(_sorted_and_unique)]


@dataclass(slots=True, kw_only=True)
class Post:
    """One post, as it stands in the archive; the fields are the keys of a line, in their order.

    ``None`` means that the site doesn't say. While a post is on its way (from a page through the spider), the
    three ``published_…``/``modified_…`` fields hold what the site wrote; the pipelines turn that into the
    forms declared here, which are what pydantic checks.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(revalidate_instances="always", strict=True)

    id: Annotated[int | None, AfterValidator(_known)]
    """WordPress post ID: the key of a blog's archive. A page or a listing may not say it (None); a record has one."""
    type: Annotated[str, Field(min_length=1)] = "post"
    """WordPress post type."""
    url: Url
    """Permalink: absolute, without query or fragment."""
    title: str
    """Plain text: entities decoded, white space folded; empty for a post without one, which WordPress allows."""
    published_date: Day | None = None
    """The day in the site's own calendar, ``YYYY-MM-DD``."""
    published_at: Instant | None = None
    """The instant, RFC 3339 in UTC, where the site gives one."""
    modified_at: Instant | None = None
    """The instant of the last change, RFC 3339 in UTC; some sites give one before the publication."""
    authors: list[str] = field(default_factory=list)
    """Names, in the site's order."""
    categories: Slugs = field(default_factory=list)
    """Slugs of every category that the post is filed in, sorted."""
    tags: Slugs = field(default_factory=list)
    """Slugs, sorted."""
    kind: Kind = "article"
    """``video`` where the site marks the post as one (also beside ``article``), else ``article``."""
    external: bool = False
    """The post lives on another host; then it has no content here."""
    protected: bool = False
    """Its body needs a password; then it has no content here."""
    excerpt: str | None = None
    image_url: str | None = None
    """The full picture: without the query that asks for a smaller one."""
    language: str | None = None
    """BCP 47, as the page says it (``en-US``)."""
    content_html: str | None = None
    """The body alone: links absolute, no share block, no script."""
    content_markdown: str | None = None
    """The same body as Markdown, code fenced."""
    content_source: ContentSource | None = None
    """Where the body came from: the post's own page, REST, or an extractor's guess at a page's main text."""
    crawled_at: Instant | None = None
    """When this record was read, RFC 3339 in UTC."""

    def see_again(self, other: Post) -> None:
        """Merge a second sighting of the same post in: what this one lacks, and every category and tag."""
        self._fill_from(other)
        self.categories = sorted({*self.categories, *other.categories})
        self.tags = sorted({*self.tags, *other.tags})
        if other.kind == "video":
            self.kind = "video"
        self.protected = self.protected or other.protected

    def take_article(self, article: Post) -> None:
        """Merge the post's own page in: where the two differ, the article's own facts win.

        The day is the exception: the listing's stands, and the article's is used only where that says none; and a
        post that either marks as a video is one.
        """
        day = dates.first_day(self.published_date, article.published_date)
        kind: Kind = "video" if "video" in (self.kind, article.kind) else "article"
        for name in _NAMES:
            value = getattr(article, name)
            if value is not None and value != []:
                setattr(self, name, value)
        self.published_date, self.kind = day, kind

    def follow(self, earlier: Post) -> None:
        """Keep of what *earlier* runs' listings said what this run's leave open; but lists are this run's alone."""
        lists = self.authors, self.categories, self.tags
        self._fill_from(earlier)
        self.authors, self.categories, self.tags = lists

    def keep(self, record: Post) -> None:
        """Keep of an earlier *record* what stock REST, which this post is from, doesn't tell."""
        if set(self.authors) <= set(record.authors):
            self.authors = record.authors
        if record.protected and record.title.endswith(self.title):
            self.title = record.title
        self._fill_from(Post(id=self.id, url=self.url, title="", excerpt=record.excerpt, language=record.language))

    def contradicts(self, before: Post, record: Post) -> bool:
        """Whether listings, now, say something else than they said *before*, when *record* was made.

        What they leave open now is no contradiction; what they left open before is one where *record* has no such
        fact, or another day. (A post that a newer one moves out of the hero's place shows its date for the first time.)
        """
        if self.published_date not in (None, before.published_date) and _day(self.published_date) != (
            record.published_date
        ):
            return True
        for name in _NAMES:
            now, then = getattr(self, name), getattr(before, name)
            if now == then or name in ("published_date", "crawled_at"):
                continue
            if isinstance(now, list):
                gained = set(now) - set(then) - set(getattr(record, name))
                if gained or (now and set(then) - set(now)):
                    return True
            elif now not in (None, "") and (then not in (None, "") or getattr(record, name) in (None, "")):
                return True
        return False

    def facts(self) -> str:
        """What is known, as JSON without what isn't; `Post.of` reads it."""
        return json.dumps({name: value for name in _NAMES if (value := getattr(self, name)) not in (None, [], False)})

    def line(self) -> str:
        """The record as a line of JSON Lines has it, as Scrapy's exporter writes it too."""
        return json.dumps(self.record(), ensure_ascii=False)

    def record(self) -> dict[str, Any]:
        """The record alone, whatever else a post on its way carries."""
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def of(cls, text: str) -> Self:
        """The post that `facts` or `line` wrote."""
        return cls(**json.loads(text))

    def _fill_from(self, other: Post) -> None:
        for name in _NAMES:
            if getattr(self, name) in (None, [], ""):
                setattr(self, name, getattr(other, name))


_NAMES = tuple(f.name for f in fields(Post))


@dataclass(slots=True, kw_only=True)
class Reading:
    """That a post's own page was read."""

    etag: str | None = None
    """The page's validators, where the site sent them (RFC 9110, 8.8)."""
    last_modified: str | None = None


@dataclass(slots=True, kw_only=True)
class FoundPost(Post):
    """A post on its way from the spider to the state."""

    listed: str | None = None
    """What listings said of it (`Post.facts`), where the record takes account of that; None where it can't."""
    rest: str | None = None
    """What REST said of it, likewise."""
    reading: Reading | None = None
    """That its own page is in the record; None where the record has only what listings say."""
    lost: bool = False
    """Its own page, or a part of it, could not be had."""
    gone: bool = False
    """The site took it down."""


@dataclass(slots=True, kw_only=True)
class ChangedPost(Post):
    """A line of a run's feed: a post that is new or changed."""

    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A post as a list of the site's posts names it, beside listing pages."""

    url: str
    """Permalink, or the other host's address of an external post: absolute, without query; "" where it has none."""
    post: int | None = None
    """Its ID; None where the list doesn't say."""
    modified: str | None = None
    """When it was last changed, as the list writes it."""


def _day(text: str | None) -> str | None:
    try:
        return dates.day(text).isoformat() if text else None
    except ValueError:
        return text  # the pipelines report it
