"""``scrapy posts``: print or count posts of the archive."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import closing
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from engcrawl.arguments import Day, like
from engcrawl.errors import UsageError
from engcrawl.printing import RowsOptions, StateCommand, print_csv, print_table
from engcrawl.state import State
from engcrawl.text import dates

_COLUMNS = ("id", "published_date", "title", "categories", "gone_since")
"""The table's columns."""


def _in_utc(text: str) -> str:
    moment = dates.instant(text)
    return dates.rfc3339(moment) if moment else text


_Moment = Annotated[
    str,
    like(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?",
        "must be a day as YYYY-MM-DD, like 2024-01-01, or an instant with its offset, like 2024-01-01T03:00:00Z",
    ),
    AfterValidator(_in_utc),
]


class PostsOptions(RowsOptions):
    """The options that choose posts."""

    since: Day | None = Field(None, title="DAY", description="posts of this day or later, YYYY-MM-DD")
    changed_since: _Moment | None = Field(
        None,
        title="WHEN",
        description="posts that are new, changed or gone since this day (UTC), YYYY-MM-DD, or this instant, RFC 3339",
    )
    category: str | None = Field(None, title="SLUG", description="posts in this category")
    gone: Literal["with", "without", "only"] = Field(
        "with",
        title="HOW",
        description="print all posts (`with`, the default), all but those that the site took down (`without`), or"
        " `only` those",
    )
    count: bool = Field(False, description="print only the number of posts")


class Command(StateCommand[PostsOptions]):
    """Print the archive's posts.

    The newest come first. Formats: jsonl (lines as in posts.jsonl), csv (the same keys; the values of a list are
    separated by line feeds), or a table. This works also while a run is working.
    """

    options_class = PostsOptions

    def show(self, state: State, options: PostsOptions) -> None:
        """Print the posts that the options take."""
        with closing(_posts(state, options)) as posts:
            if options.count:
                print(sum(1 for _ in posts))
            elif options.format == "jsonl":
                sys.stdout.writelines(f"{line}\n" for line, _ in posts)
            elif options.format == "csv":
                print_csv(json.loads(line) for line, _ in posts)
            else:
                print_table((json.loads(line) | {"gone_since": gone} for line, gone in posts), _COLUMNS, "no posts")


def _posts(state: State, options: PostsOptions) -> Generator[tuple[str, str | None], None, None]:
    """Yield each post's line, and since when it is gone."""
    category = options.category
    if category is not None:
        _check_category(state, category)
    since = options.since.isoformat() if options.since else None
    for line, gone in state.posts.lines(since=since, changed_since=options.changed_since):
        if category is not None and category not in json.loads(line)["categories"]:
            continue
        if options.gone == "with" or (options.gone == "only") == (gone is not None):
            yield line, gone


def _check_category(state: State, category: str) -> None:
    """Raise UsageError if neither a walk nor a record has that category."""
    there = {known.slug for known in state.lists.categories.all()}
    if category not in there:
        there.update(slug for line, _ in state.posts.lines() for slug in json.loads(line)["categories"])
    if category not in there:
        raise UsageError(f"option --category={category}: must be one of {', '.join(sorted(there))}")
