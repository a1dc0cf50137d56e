"""``scrapy posts``: what the archive has."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from engcrawl.arguments import Day, like
from engcrawl.errors import UsageError
from engcrawl.fleet.states import States
from engcrawl.printing import RowsOptions, StateCommand, print_csv, print_table
from engcrawl.state import State
from engcrawl.text import dates

_COLUMNS = ("blog", "id", "published_date", "title", "categories", "gone_since")
"""Of the table."""
_Found = tuple[str, dict[str, str | None]]
"""A post's line, and what a table has beside it."""


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
    """What narrows the posts down."""

    since: Day | None = Field(None, title="DAY", description="posts of this day or later, YYYY-MM-DD")
    changed_since: _Moment | None = Field(
        None,
        title="WHEN",
        description="posts that came, changed or went on this day (UTC) or later, YYYY-MM-DD; or an instant, RFC 3339",
    )
    category: str | None = Field(None, title="SLUG", description="posts that are filed in this category")
    gone: Literal["with", "without", "only"] = Field(
        "with",
        title="HOW",
        description="posts that the site took down: `with` the others (default), `without`, or `only` those",
    )
    count: bool = Field(False, description="print how many there are, and nothing else")


class Command(StateCommand[PostsOptions]):
    """Print the archive's posts.

    The newest come first: jsonl as posts.jsonl has them, csv with the same keys (lists with a line feed between the
    values), or a table to read. Of several blogs, one after the other. A crawl may be at work meanwhile.
    """

    options_class = PostsOptions

    def show(self, state: State, options: PostsOptions) -> None:
        """Print the posts that the options take."""
        _check_category([state], options.category)
        with closing(_posts(state, options)) as posts:
            _print(posts, options)

    def show_all(self, states: States, keys: list[str], options: PostsOptions) -> None:
        """Print the posts that the options take, blog by blog."""

        def opened() -> Iterator[State]:
            for key in keys:
                with states.open(key) as state:
                    yield state

        _check_category(opened(), options.category)
        with closing(_posts_of_all(opened(), options)) as posts:
            _print(posts, options)


def _print(posts: Iterable[_Found], options: PostsOptions) -> None:
    if options.count:
        print(sum(1 for _ in posts))
    elif options.format == "jsonl":
        sys.stdout.writelines(f"{line}\n" for line, _ in posts)
    elif options.format == "csv":
        print_csv(json.loads(line) for line, _ in posts)
    else:
        print_table((json.loads(line) | more for line, more in posts), _COLUMNS, "no posts")


def _posts_of_all(states: Iterator[State], options: PostsOptions) -> Generator[_Found, None, None]:
    """Yield each post's line, and its blog too."""
    for state in states:
        for line, more in _posts(state, options):
            yield line, more | {"blog": state.blog}


def _posts(state: State, options: PostsOptions) -> Generator[_Found, None, None]:
    """Yield each post's line, and what a table has beside it: since when it is gone."""
    category = options.category
    since = options.since.isoformat() if options.since else None
    for line, gone in state.posts.lines(since=since, changed_since=options.changed_since):
        if category is not None and category not in json.loads(line)["categories"]:
            continue
        if options.gone == "with" or (options.gone == "only") == (gone is not None):
            yield line, {"gone_since": gone}


def _check_category(states: Iterable[State], category: str | None) -> None:
    """Raise UsageError if neither a walk nor a record has that category."""
    if category is None:
        return
    there: set[str] = set()
    for state in states:
        there.update(known.slug for known in state.lists.categories.all())
        if category not in there:
            there.update(slug for line, _ in state.posts.lines() for slug in json.loads(line)["categories"])
        if category in there:
            break
    else:
        raise UsageError(f"option --category={category}: must be one of {', '.join(sorted(there))}")
