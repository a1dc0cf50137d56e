"""The one record: a post of the archive."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from engcrawl import dates

Kind = Literal["article", "video"]


def _sorted_and_unique(values: list[str]) -> list[str]:
    if values != sorted(set(values)):
        raise ValueError("must be sorted, each value once")
    return values


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

    id: Annotated[int, Field(gt=0)]
    """WordPress post ID: the key of the archive."""
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
        for name in (f.name for f in fields(Post)):
            value = getattr(article, name)
            if value is not None and value != []:
                setattr(self, name, value)
        self.published_date, self.kind = day, kind

    def _fill_from(self, other: Post) -> None:
        for name in (f.name for f in fields(Post)):
            if getattr(self, name) in (None, [], ""):
                setattr(self, name, getattr(other, name))
