"""``scrapy posts``: what the archive has."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import fields
from datetime import date

from engcrawl.errors import UsageError
from engcrawl.items import Post
from engcrawl.printing import RowsCommand, one_of, option, show
from engcrawl.state import State
from engcrawl.text import dates

_COLUMNS = ["id", "published_date", "title", "categories", "gone_since"]
"""Of the table."""


class Command(RowsCommand):
    """Prints posts from the state, newest first: also while a crawl is at work."""

    def short_desc(self) -> str:
        return "Print the archive's posts"

    def long_desc(self) -> str:
        return (
            "Print the archive's posts, newest first: jsonl as posts.jsonl has them, csv with the same keys"
            " (lists with a line feed between the values), or a table to read."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """What narrows the posts down."""
        super().add_options(parser)
        parser.add_argument("--since", metavar="DAY", help="posts of this day or later, YYYY-MM-DD")
        parser.add_argument(
            "--changed-since",
            metavar="WHEN",
            help="posts that came, changed or went on this day (UTC) or later, YYYY-MM-DD; or an instant, RFC 3339",
        )
        parser.add_argument("--category", metavar="SLUG", help="posts that are filed in this category")
        parser.add_argument(
            "--gone",
            metavar="HOW",
            default="with",
            help="posts that the site took down: `with` the others (default), `without`, or `only` those",
        )
        parser.add_argument("--count", action="store_true", help="print how many there are, and nothing else")

    def check(self, opts: argparse.Namespace) -> None:
        """The days and instants as the state has them."""
        super().check(opts)
        option(opts, "since", _day)
        option(opts, "changed_since", _moment)
        option(opts, "gone", one_of("with", "without", "only"))

    def show(self, state: State, opts: argparse.Namespace) -> None:
        """Print the posts that the options take."""
        with closing(_posts(state, opts)) as posts:
            if opts.count:
                print(sum(1 for _ in posts))
            elif opts.format == "jsonl":
                for line, _ in posts:
                    sys.stdout.write(f"{line}\n")
            else:
                rows = (json.loads(line) | {"gone_since": gone} for line, gone in posts)
                columns = _COLUMNS if opts.format == "table" else [field.name for field in fields(Post)]
                show(rows, columns, opts.format, "no posts")


def _posts(state: State, opts: argparse.Namespace) -> Generator[tuple[str, str | None], None, None]:
    """Each post's line, and since when it is gone."""
    category: str | None = opts.category
    if category is not None:
        _known(state, category)
    for line, gone in state.posts.lines(since=opts.since, changed_since=opts.changed_since):
        if category is not None and category not in _categories(line):
            continue
        if opts.gone == "with" or (opts.gone == "only") == (gone is not None):
            yield line, gone


def _known(state: State, category: str) -> None:
    """Raises UsageError where neither a walk nor a record has that category."""
    there = {known.slug for known in state.lists.categories.all()}
    if category not in there:
        for line, _ in state.posts.lines():
            there.update(_categories(line))
    if category not in there:
        raise UsageError(f"option --category={category}: must be one of {', '.join(sorted(there))}")


def _categories(line: str) -> list[str]:
    found: list[str] = json.loads(line)["categories"]
    return found


def _day(text: str) -> str:
    wrong = ValueError("must be a day as YYYY-MM-DD, like 2024-01-01")
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise wrong
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise wrong from None


def _moment(text: str) -> str:
    try:
        moment = dates.instant(text) if re.fullmatch(_INSTANT, text) else None
        return dates.rfc3339(moment) if moment else _day(text)
    except ValueError:
        raise ValueError(
            "must be a day as YYYY-MM-DD, like 2024-01-01, or an instant with its offset, like 2024-01-01T03:00:00Z"
        ) from None


_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
