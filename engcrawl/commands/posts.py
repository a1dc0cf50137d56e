"""``scrapy posts``: what the archive has."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict
from itertools import groupby, pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from engcrawl.arguments import Count, Day, like
from engcrawl.errors import UsageError
from engcrawl.printing import RowsOptions, StateCommand, print_csv, print_jsonl, print_table
from engcrawl.report.differences import differences, differing
from engcrawl.state import State
from engcrawl.state.versions import Version
from engcrawl.text import dates
from engcrawl.text.visible import visible

_COLUMNS = ("id", "published_date", "title", "categories", "gone_since")
"""Of the table."""


def _in_utc(text: str) -> str:
    moment = dates.instant(text if "T" in text else f"{text}T00:00:00Z")
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
    edited_since: _Moment | None = Field(
        None,
        title="WHEN",
        description="posts whose title or text the site changed then or later, after it published them",
    )
    as_of: _Moment | None = Field(
        None, title="WHEN", description="the archive as it stood then: a day means its begin (UTC)"
    )
    id: Count | None = Field(None, title="ID", description="the post with this ID")
    versions: bool = Field(False, description="with --id: print the post's versions, instead of the post")
    diff: bool = Field(False, description="with --id: print what each version changed, instead of the post")
    category: str | None = Field(None, title="SLUG", description="posts that are filed in this category")
    gone: Literal["with", "without", "only"] = Field(
        "with",
        title="HOW",
        description="posts that the site took down: `with` the others (default), `without`, or `only` those",
    )
    count: bool = Field(False, description="print how many there are, and nothing else")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        given = self.model_fields_set - {"blog", "format"}
        shown = given & {"versions", "diff"}
        for option in sorted(shown):
            if given != {option, "id"}:
                raise ValueError(f"option --{option}: goes with --id, and with --format alone beside it")
        if self.as_of and (clash := given & {"changed_since", "edited_since"}):
            raise ValueError(f"option --as-of: doesn't go with --{min(clash).replace('_', '-')}")
        return self


class Command(StateCommand[PostsOptions]):
    """Print the archive's posts.

    The newest come first: jsonl as posts.jsonl has them, csv with the same keys (lists with a line feed between the
    values), or a table to read. A crawl may be at work meanwhile.
    """

    options_class = PostsOptions

    def show(self, state: State, options: PostsOptions) -> None:
        """Print the posts that the options take, or one post's versions."""
        if options.versions or options.diff:
            assert options.id is not None
            versions = state.versions.of(options.id)
            if not versions:
                raise UsageError(f"option --id={options.id}: the archive has no such post")
            (_print_differences if options.diff else _print_versions)(versions, options)
            return
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
    if options.as_of:
        lines = state.versions.lines(options.as_of, since=since, post=options.id)
    else:
        changed, edited = options.changed_since, options.edited_since
        lines = state.posts.lines(since=since, changed_since=changed, edited_since=edited, post=options.id)
    for line, gone in lines:
        if category is not None and category not in json.loads(line)["categories"]:
            continue
        if options.gone == "with" or (options.gone == "only") == (gone is not None):
            yield line, gone


def _print_versions(versions: list[Version], options: PostsOptions) -> None:
    """Print a row for each version: between which instants the archive had it, and what it changed."""
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
    """Print what each version changed: a row for each key, or, for a person, text."""
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
            print("no version that changed anything is kept")
    else:
        rows = [{"version": version.number, "since": version.since} | asdict(one) for version, one in changes]
        (print_csv if options.format == "csv" else print_jsonl)(rows)


def _shown(value: Any) -> str:
    return visible(json.dumps(value, ensure_ascii=False))


def _check_category(state: State, category: str) -> None:
    """Raise UsageError if neither a walk nor a record has that category."""
    there = {known.slug for known in state.lists.categories.all()}
    if category not in there:
        there.update(slug for line, _ in state.posts.lines() for slug in json.loads(line)["categories"])
    if category not in there:
        raise UsageError(f"option --category={category}: must be one of {', '.join(sorted(there))}")
