"""The spiders' arguments (``-a NAME=VALUE``): one typed description, which validation and help come from."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from engcrawl.errors import UsageError
from engcrawl.text.visible import shown


def _site(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address with http:// or https://, like https://engineering.fb.com")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must be an address without query, fragment, user name or password")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _slugs(value: Any) -> Any:
    slugs = [slug.strip() for slug in value.split(",")] if isinstance(value, str) else value
    if any(not re.fullmatch(r"[^\s/?#]+", slug) for slug in slugs):
        raise ValueError("must be slugs with commas between them, like ai-research,security")
    return list(dict.fromkeys(slugs))


def _day(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip()):
        raise ValueError("must be a day as YYYY-MM-DD, like 2024-01-01")
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"must be a day of the calendar as YYYY-MM-DD ({error})") from error


def yes_or_no(value: Any) -> Any:
    """What a word for yes or no means. Raises ValueError, which says what is allowed."""
    words = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
    if isinstance(value, str):
        if value.strip().lower() not in words:
            raise ValueError("must be yes or no")
        return words[value.strip().lower()]
    return value


def _count(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"[1-9]\d{0,8}", value.strip()):
        raise ValueError("must be a whole number from 1")
    return value


def _one_of(*words: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if value not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return value

    return BeforeValidator(check)


_Day = Annotated[date, BeforeValidator(_day)]


class Arguments(BaseModel):
    """What every spider takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: Annotated[str, BeforeValidator(_site)] = Field(
        "https://engineering.fb.com",
        description="the blog's address; in a folder too (https://example.com/blog)",
    )

    @property
    def filtered(self) -> bool:
        """Whether the run takes less than the whole archive with its bodies."""
        return False

    @classmethod
    def parse(cls, given: dict[str, Any]) -> Self:
        """The arguments as given on the command line, by Scrapyd or in a script.

        Names that begin with an underscore are Scrapyd's own (``_job``) and are left out.
        Raises UsageError.
        """
        try:
            return cls.model_validate({k: v for k, v in given.items() if not k.startswith("_")})
        except ValidationError as error:
            raise UsageError("; ".join(cls._line(e) for e in error.errors())) from error

    @classmethod
    def _line(cls, error: Any) -> str:
        name = ".".join(map(str, error["loc"][:1]))
        if error["type"] == "extra_forbidden":
            return f"unknown argument {name}: allowed are {', '.join(cls.model_fields)}"
        message = error["msg"].removeprefix("Value error, ")
        return f"argument {name}={shown(str(error['input']))}: {message}" if name else message


class ArchiveArguments(Arguments):
    """What ``scrapy crawl archive`` takes."""

    categories: Annotated[list[str], BeforeValidator(_slugs)] | None = Field(
        None, description="only these categories: slugs with commas between them (default: all)"
    )
    since: _Day | None = Field(None, description="only posts of this day or later, YYYY-MM-DD")
    until: _Day | None = Field(None, description="only posts of this day or earlier, YYYY-MM-DD")
    articles: Annotated[bool, BeforeValidator(yes_or_no)] = Field(
        True, description="read each post's own page too: yes or no"
    )
    pagination: Annotated[Literal["links", "browser", "auto"], _one_of("links", "browser", "auto")] = Field(
        "auto",
        description="from page to page by links, browser (clicks Load More), or auto: a browser where links end",
    )
    max_pages: Annotated[int, BeforeValidator(_count)] | None = Field(
        None, description="at most this many listing pages of each category, from 1"
    )

    full: Annotated[bool, BeforeValidator(yes_or_no)] = Field(
        False, description="walk every listing page, also where nothing is new: yes or no"
    )
    inventory: Annotated[bool, BeforeValidator(yes_or_no)] = Field(
        True, description="count the archive against REST, sitemaps and feeds, and fetch what only they name: yes or no"
    )
    source: Annotated[Literal["auto", "pages", "rest"], _one_of("auto", "pages", "rest")] = Field(
        "auto",
        description="where records come from: the pages, REST alone, or auto: the pages, and REST for what they lack",
    )

    @field_validator("categories")
    @classmethod
    def _some(cls, value: list[str] | None) -> list[str] | None:
        if value == []:
            raise ValueError("must name at least one category")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since={self.since} is after until={self.until}: since must not be later than until")
        if self.source == "rest":
            usual = type(self).model_fields
            for name in ("categories", "articles", "pagination", "max_pages", "inventory"):
                if getattr(self, name) != usual[name].default:
                    raise ValueError(f"argument source=rest: goes with site, since, until and full, not with {name}")
        return self

    @property
    def filtered(self) -> bool:
        """Whether the run takes less than the whole archive with its bodies."""
        return bool(self.categories or self.since or self.until or self.max_pages or not self.articles)


class InventoryArguments(Arguments):
    """What ``scrapy crawl inventory`` takes."""
