"""What the blog's posts are made of: its categories, the facts of a post, and what an editor made of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

PER_PAGE = 12
ZONE = ZoneInfo("America/Los_Angeles")
BEGIN = datetime(2012, 3, 1, 16, 0, tzinfo=UTC)
END = datetime(2026, 10, 1, 16, 0, tzinfo=UTC)
EDITED = datetime(2030, 1, 1, 16, 0, tzinfo=UTC)
"""When the first edit of a post is made: after everything else, the runs of the tests too."""
EXTERNAL = ("https://research.example.org/notes", "https://careers.example.com/life")


@dataclass(frozen=True)
class Category:
    """A category of the blog."""

    number: int
    slug: str
    name: str
    parent: str | None = None
    in_menu: bool = True

    @property
    def path(self) -> str:
        """The path of its archive."""
        return f"/category/{self.parent + '/' if self.parent else ''}{self.slug}/"


CATEGORIES = {
    category.slug: category
    for category in (
        Category(1, "uncategorized", "Uncategorized", in_menu=False),
        Category(12, "compilers", "Compilers"),
        Category(13, "databases", "Databases"),
        Category(17, "networking", "Networking &amp; Traffic"),
        Category(21, "storage", "Storage"),
        Category(22, "mobile", "Mobile"),
        Category(25, "web", "Web"),
        Category(31, "security", "Security &amp; Privacy"),
        Category(34, "observability", "Observability"),
        Category(40, "machine-learning", "Machine Learning"),
        Category(41, "language-models", "Language Models", parent="machine-learning"),
        Category(44, "hardware", "Hardware"),
        Category(52, "video", "Video"),
        Category(53, "dev-tools", "DevTools"),
        Category(60, "quantum", "Quantum"),  # empty
        Category(66, "release-notes", "Release Notes"),  # two pages, exactly full
        Category(73, "culture", "Culture", in_menu=False),
    )
}
USUAL = [s for s in CATEGORIES if s not in ("uncategorized", "quantum", "release-notes")]
TAGS = ("performance", "open-source", "at-scale", "podcast", "how-it-works", "incident")
FIRST = ["Ada", "Bo", "Chen", "Dina", "Émile", "Fatima", "Grace", "Hiro", "Inés", "Jürgen", "Kofi", "Лев"]
LAST = ["Abara", "Brandt", "Costa", "Dvořák", "Eriksen", "Fournier", "Gupta", "Hernández", "Ito", "Jansen"]
TITLES = (
    "How the {0} learned to wait",
    "Inside our {0} and {1}",
    "R&D notes: the {0}’s second year",
    "Why vector<{0}> isn’t enough",
    "“Fast” {0}s — faster {1}s",
    "Как мы построили {0}",
    "新しい{0}の作り方",
    "Größere {0}s für alle",
)


@dataclass(frozen=True)
class Post:
    """A post's facts."""

    index: int
    id: int
    title: str
    slug: str
    published: datetime
    modified: datetime | None
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    authors: tuple[str, ...]
    path: str
    """The permalink's path; for an external post the whole address, with a query."""
    external: bool
    protected: bool
    kinds: tuple[str, ...]
    """The content types in its classes: article, video, both or none."""
    image: str
    parts: int
    type: str = "post"
    terms: tuple[str, ...] = ()
    """Slugs of the terms of its type's own taxonomy."""
    zone: ZoneInfo = ZONE
    """The site's own."""

    @property
    def day(self) -> datetime:
        """Publication in the site's own zone."""
        return self.published.astimezone(self.zone)

    @property
    def changed(self) -> datetime:
        """When it was last modified: as WordPress has it, with its publication if not since."""
        return self.modified or self.published

    @property
    def classes(self) -> list[str]:
        """Its classes: WordPress' own, and those that say how it is filed."""
        return [
            f"post-{self.id}",
            self.type,
            f"type-{self.type}",
            "status-publish",
            "format-standard",
            *(["post-password-required"] if self.protected else []),
            "has-post-thumbnail",
            "hentry",
            *self.filed,
        ]

    @property
    def filed(self) -> list[str]:
        """The classes that name its categories, its tags and its content types."""
        return [
            *(f"category-{slug}" for slug in self.categories),
            *(f"tag-{tag}" for tag in self.tags),
            *(f"fb_content_type-{kind}" for kind in self.kinds),
        ]


@dataclass(frozen=True)
class Edit:
    """What an editor made of a post."""

    version: int = 0
    bodies: int = 0
    """How many of the versions brought another body."""
    title: str | None = None
    tags: tuple[str, ...] | None = None
