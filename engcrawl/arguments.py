"""The spiders' arguments (``-a NAME=VALUE``): one typed description, which validation and help come from."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from engcrawl.errors import UsageError
from engcrawl.text.visible import shown

_YES_OR_NO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
_WITH_REST = ("site", "types", "since", "until", "full", "source")
ALL_TYPES = "all"
"""The word for every public post type that a blog has."""
_MESSAGES = {
    "date_from_datetime_parsing": "must be a day of the calendar as YYYY-MM-DD ({error})",
    "literal_error": "must be {expected}",
}
"""Plain messages for types of Pydantic's errors."""


def like(pattern: str, message: str) -> BeforeValidator:
    """Return a check that strips white space, and raises ValueError(*message*) unless the text matches *pattern*."""

    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not re.fullmatch(pattern, value.strip()):
            raise ValueError(message)
        return value.strip()

    return BeforeValidator(check)


def yes_or_no(value: Any) -> bool:
    """Return True or False for a word for yes or no. Raises ValueError, which says what is allowed."""
    word = str(value).strip().lower()
    if word not in _YES_OR_NO:
        raise ValueError("must be yes or no")
    return _YES_OR_NO[word]


def _site(value: Any) -> str:
    parts = urlsplit(str(value).strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address with http:// or https://, like https://engineering.fb.com")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must be an address without query, fragment, user name or password")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _slugs(value: Any) -> Any:
    slugs = [slug.strip() for slug in value.split(",")] if isinstance(value, str) else value
    if not slugs or not all(re.fullmatch(r"[^\s/?#]+", slug) for slug in slugs):
        raise ValueError("must be slugs with commas between them, like ai-research,security")
    return list(dict.fromkeys(slugs))


def _types(value: Any) -> Any:
    types = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    if not types or not all(re.fullmatch(r"[a-z0-9_-]{1,20}", name) for name in types):
        raise ValueError("must be post types with commas between them, like post,podcast,page, or all")
    if ALL_TYPES in types and len(types) > 1:
        raise ValueError("must be either all, or post types with commas between them")
    return sorted(set(types))


Count = Annotated[int, like(r"[1-9][0-9]{0,8}", "must be a whole number from 1")]
Day = Annotated[date, like(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "must be a day as YYYY-MM-DD, like 2024-01-01")]
YesOrNo = Annotated[bool, BeforeValidator(yes_or_no)]
Site = Annotated[str, BeforeValidator(_site)]


class Given(BaseModel):
    """Values that a person gives by name, as text."""

    model_config = ConfigDict(frozen=True)

    kind: ClassVar[str] = "argument "
    """The word before a name in a message."""

    @classmethod
    def parse(cls, given: dict[str, Any]) -> Self:
        """Return the values; names that begin with an underscore are Scrapyd's own (``_job``). Raises UsageError."""
        try:
            return cls.model_validate({name: value for name, value in given.items() if not name.startswith("_")})
        except ValidationError as error:
            raise UsageError("; ".join(map(cls.told, error.errors()))) from error

    @classmethod
    def told(cls, error: ErrorDetails) -> str:
        """Return what is wrong, for a person: the name, the value, and what is allowed."""
        message = error["msg"].removeprefix("Value error, ")
        if not error["loc"]:
            return message
        name = str(error["loc"][0])
        if error["type"] == "extra_forbidden":
            return f"unknown {cls.kind}{name}: allowed are {', '.join(cls.model_fields)}"
        if error["type"] == "missing":
            return f"{cls.kind}{name} is missing"
        if error["type"] in _MESSAGES:
            message = _MESSAGES[error["type"]].format(**error["ctx"]).replace("'", "")
        return f"{cls.kind}{name}={shown(str(error['input']))}: {message}"


class Arguments(Given):
    """The arguments of every spider."""

    model_config = ConfigDict(extra="forbid")

    site: Site = Field(
        "https://engineering.fb.com",
        description="the blog's address, with its folder if it has one (`https://example.com/blog`)",
    )
    types: Annotated[list[str], BeforeValidator(_types)] = Field(
        ["post"],
        description="which post types: their slugs with commas between them, or `all` for every type that the blog"
        " shows",
    )

    @property
    def filtered(self) -> bool:
        """Return whether the run takes less than the whole archive with its bodies."""
        return False


class ArchiveArguments(Arguments):
    """The arguments of ``scrapy crawl archive``."""

    categories: Annotated[list[str], BeforeValidator(_slugs)] | None = Field(
        None, description="only these categories: slugs with commas between them; by default, all that the site has"
    )
    since: Day | None = Field(
        None, description="only posts of this day or later, `YYYY-MM-DD`; posts without a day are included"
    )
    until: Day | None = Field(
        None, description="only posts of this day or earlier, `YYYY-MM-DD`; posts without a day are included"
    )
    articles: YesOrNo = Field(
        True, description="`yes` or `no`: whether to read each post's own page too, or only listings"
    )
    pagination: Literal["links", "browser", "auto"] = Field(
        "auto",
        description="how to get from one listing page to the next: `links` follows links; `browser` clicks Load More"
        " in a browser; `auto` follows links, and uses a browser for categories whose links end too early",
    )
    max_pages: Count | None = Field(
        None, description="read at most this many listing pages of each category (1 or more)"
    )
    full: YesOrNo = Field(
        False,
        description="`yes` or `no`: whether to begin a sweep, which reads every listing page and all other lists"
        " again; by default a run does so every `ENGCRAWL_FULL_EVERY` days",
    )
    inventory: YesOrNo = Field(
        True,
        description="`yes` or `no`: whether to compare the archive with REST, sitemaps and feeds, and fetch the posts"
        " that only they name; a run of only a part of the archive never does this",
    )
    source: Literal["auto", "pages", "rest"] = Field(
        "auto",
        description="where records come from: `pages` only; `rest` only; or `auto`: the pages, and REST for what they"
        " lack",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since={self.since} is after until={self.until}: since must not be later than until")
        if self.types != ["post"] and not self.inventory:
            types = ",".join(self.types)
            raise ValueError(f"argument types={types}: needs inventory=yes, as listings have no posts of other types")
        other = [name for name in self.model_dump(exclude_defaults=True) if name not in _WITH_REST]
        if self.source == "rest" and other:
            raise ValueError(
                f"argument source=rest: takes only site, types, since, until and full beside it, not {other[0]}"
            )
        return self

    @property
    def filtered(self) -> bool:
        """Return whether the run takes less than the whole archive with its bodies."""
        return bool(self.categories or self.since or self.until or self.max_pages or not self.articles)


class InventoryArguments(Arguments):
    """The arguments of ``scrapy crawl inventory``."""
