"""``scrapy posts``: what the archive has."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import date

from engcrawl import dates
from engcrawl.errors import UsageError
from engcrawl.items import Post
from engcrawl.printing import StateCommand, show
from engcrawl.state import State

_COLUMNS = ["id", "published_date", "title", "categories", "gone_since"]
"""Of the table."""


class Command(StateCommand):
    """Prints posts from the state, newest first: also while a crawl is at work."""

    def short_desc(self) -> str:
        return "Print the archive's posts"

    def long_desc(self) -> str:
        return (
            "Print the archive's posts, newest first: jsonl as posts.jsonl has them, csv with the same keys"
            " (lists with '; ' between the values), or a table to read."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """What narrows the posts down."""
        super().add_options(parser)
        parser.add_argument("--since", type=_day, metavar="DAY", help="posts of this day or later, YYYY-MM-DD")
        parser.add_argument(
            "--changed-since",
            type=_moment,
            metavar="WHEN",
            help="posts that came, changed or went on this day (UTC) or later, YYYY-MM-DD; or an instant, RFC 3339",
        )
        parser.add_argument("--category", metavar="SLUG", help="posts that are filed in this category")
        parser.add_argument(
            "--gone",
            choices=("with", "without", "only"),
            default="with",
            help="posts that the site took down: with the others (default), without, or only those",
        )
        parser.add_argument("--count", action="store_true", help="print how many there are, and nothing else")

    def show(self, state: State, opts: argparse.Namespace) -> None:
        """Print the posts that the options take."""
        posts = _posts(state, opts)
        if opts.count:
            print(sum(1 for _ in posts))
        elif opts.format == "jsonl":
            for line, _ in posts:
                sys.stdout.write(f"{line}\n")
        else:
            rows = (json.loads(line) | {"gone_since": gone} for line, gone in posts)
            columns = _COLUMNS if opts.format == "table" else [field.name for field in fields(Post)]
            # A table keeps all its rows: without the bodies.
            show(({name: row[name] for name in columns} for row in rows), columns, opts.format, "no posts")


def _posts(state: State, opts: argparse.Namespace) -> Iterator[tuple[str, str | None]]:
    """Each post's line, and since when it is gone."""
    category: str | None = opts.category
    found = category is None or category in (known.slug for known in state.categories())
    for line, gone in state.posts(since=opts.since, changed_since=opts.changed_since):
        if category is not None:
            if f'"{category}"' not in line or category not in json.loads(line)["categories"]:
                continue
            found = True
        if opts.gone == "with" or (opts.gone == "only") == (gone is not None):
            yield line, gone
    if not found:
        there = ", ".join(known.slug for known in state.categories())
        raise UsageError(f"option --category={category}: no such category; the archive has: {there}")


def _day(text: str) -> str:
    try:
        if len(text) == len("YYYY-MM-DD"):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} must be a day as YYYY-MM-DD, like 2024-01-01")


def _moment(text: str) -> str:
    try:
        if moment := dates.instant(text):
            return dates.rfc3339(moment)
        return _day(text)
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a day as YYYY-MM-DD, or an instant with its offset, like 2024-01-01T03:00:00Z"
        ) from None
