"""``scrapy posts``: print or count posts of the archive."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from itertools import groupby, pairwise
from typing import Any, Self

from pydantic import Field, model_validator

from engcrawl.arguments import Count
from engcrawl.errors import UsageError
from engcrawl.fleet.states import States
from engcrawl.printing import RowsOptions, StateCommand, print_csv, print_jsonl, print_table
from engcrawl.report.differences import differences, differing
from engcrawl.selection import Moment, Selection
from engcrawl.state import State
from engcrawl.state.versions import Version
from engcrawl.text.visible import visible

_COLUMNS = ("blog", "id", "published_date", "title", "categories", "gone_since")
"""The table's columns."""
_Found = tuple[str, dict[str, str | None]]
"""A post's line, and the further columns of the table."""


class PostsOptions(Selection, RowsOptions):
    """The options that choose posts, and the form in which they are printed."""

    changed_since: Moment | None = Field(
        None,
        title="WHEN",
        description="posts that are new, changed or gone since this day (UTC), YYYY-MM-DD, or this instant, RFC 3339",
    )
    edited_since: Moment | None = Field(
        None, title="WHEN", description="posts whose title or text the site has edited since this day or instant"
    )
    id: Count | None = Field(None, title="ID", description="the post with this ID")
    versions: bool = Field(False, description="with --id: print a list of the post's versions instead of the post")
    diff: bool = Field(False, description="with --id: print what each version of the post changed, instead of the post")
    count: bool = Field(False, description="print only the number of posts")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        given = self.model_fields_set - {"blog", "format"}
        shown = given & {"versions", "diff"}
        for option in sorted(shown):
            if given != {option, "id"}:
                raise ValueError(f"option --{option}: needs --id, and allows no other option than --format")
        if self.as_of and (clash := given & {"changed_since", "edited_since"}):
            raise ValueError(f"option --as-of: doesn't go with --{min(clash).replace('_', '-')}")
        return self


class Command(StateCommand[PostsOptions]):
    """Print the archive's posts.

    The newest posts come first. If there are several blogs, they come one after the other. Formats: jsonl (lines as in
    posts.jsonl), csv (the same keys; the values of a list are separated by line feeds), or a table. The command also
    works while a run is working.
    """

    options_class = PostsOptions

    def show(self, state: State, options: PostsOptions) -> None:
        """Print the posts that the options choose, or one post's versions."""
        if options.versions or options.diff:
            assert options.id is not None
            versions = state.versions.of(options.id)
            if not versions:
                raise UsageError(f"option --id={options.id}: the archive has no such post")
            (_print_differences if options.diff else _print_versions)(versions, options)
            return
        options.check([state])
        with closing(_posts(state, options)) as posts:
            _print(posts, options)

    def show_all(self, states: States, keys: list[str], options: PostsOptions) -> None:
        """Print the posts that the options choose, blog by blog."""
        if options.versions or options.diff:
            raise UsageError("option --id: needs --blog, as there are several blogs")
        options.check(states.each(keys))
        with closing(_posts_of_all(states.each(keys), options)) as posts:
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
    """Yield each post's line, and the further columns of the table, its blog included."""
    for state in states:
        for line, more in _posts(state, options):
            yield line, more | {"blog": state.blog}


def _posts(state: State, options: PostsOptions) -> Generator[_Found, None, None]:
    """Yield each post's line, and the further columns of the table: since when the post is gone."""
    changed, edited = options.changed_since, options.edited_since
    with closing(options.posts(state, changed_since=changed, edited_since=edited, post=options.id)) as posts:
        for line, gone in posts:
            yield line, {"gone_since": gone}


def _print_versions(versions: list[Version], options: PostsOptions) -> None:
    """Print a row for each version: the instants between which the archive had it, and the keys that it changed."""
    rows = [
        {
            "version": version.number,
            "since": version.since,
            "until": version.until,
            "changed": differing(before.record, version.record) if before else [],
            "title": version.record.title,
        }
        for before, version in zip([None, *versions], versions, strict=False)
    ]
    if options.format == "table":
        print_table(rows, tuple(rows[0]), "no versions")
    else:
        (print_csv if options.format == "csv" else print_jsonl)(rows)


def _print_differences(versions: list[Version], options: PostsOptions) -> None:
    """Print the changes of each version: a row for each key, or text if the format is a table."""
    changes = [
        (version, one) for before, version in pairwise(versions) for one in differences(before.record, version.record)
    ]
    if options.format == "table":
        for version, changed in groupby(changes, key=lambda change: change[0]):
            print(f"version {version.number}, since {version.since}")
            for _, one in changed:
                print(f"{one.key}:" if one.diff else f"{one.key}: {_shown(one.old)} -> {_shown(one.new)}")
                print(*map(visible, (one.diff or "").splitlines()), sep="\n", end="\n" if one.diff else "")
        if not changes:
            print("no older version is kept that differs")
    else:
        rows = [{"version": version.number, "since": version.since} | asdict(one) for version, one in changes]
        (print_csv if options.format == "csv" else print_jsonl)(rows)


def _shown(value: Any) -> str:
    return visible(json.dumps(value, ensure_ascii=False))
