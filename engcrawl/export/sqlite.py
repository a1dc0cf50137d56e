"""Records as an SQLite database, normalised, with full-text search."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from sqlite_utils import Database

from engcrawl.errors import OutputError
from engcrawl.export.formats import Line, Plan
from engcrawl.report.differences import differing
from engcrawl.state import State
from engcrawl.state.versions import Version

_CHUNK = 200
"""The number of posts that are in memory at a time."""
_LISTS = {"authors": "author", "categories": "category", "tags": "tag"}
"""The record's lists. Each gets a table of names, and a table that links posts and names, in the list's order."""
_POSTS: dict[str, Any] = {
    "id": int,
    "type": str,
    "url": str,
    "title": str,
    "published_date": str,
    "published_at": str,
    "modified_at": str,
    "kind": str,
    "external": int,
    "protected": int,
    "excerpt": str,
    "image_url": str,
    "language": str,
    "content_html": str,
    "content_markdown": str,
    "content_source": str,
    "crawled_at": str,
    "gone_since": str,
}
_RUNS: dict[str, Any] = {"run": str, "spider": str, "start": str, "end": str, "verdict": str, "reason": str}
_COUNTS = ("new", "updated", "gone")
_NO_CHANGE = {"content_markdown", "content_source"}
"""Keys that may change while the post's HTML stays the same. If only they differ, it is no change."""
_SEARCHED = ("title", "excerpt", "content_markdown")


def sqlite(plan: Plan, lines: Iterator[Line]) -> None:
    """Write ``KEY.db``: ``posts``, ``authors``, ``categories``, ``tags``, ``runs``, ``changes``, and ``posts_fts``."""
    db = Database(plan.beside.path(f"{plan.key}.db"))
    try:
        db.execute("PRAGMA journal_mode = OFF")  # no journal is needed, because an unfinished file is thrown away
        db.execute("PRAGMA synchronous = OFF")
        with db.atomic():
            _make(db)
            _fill(db, lines)
            _put(db, "runs", (_run(run) for run in plan.state.runs.each() if plan.was_by(run["end"])))
            _put(db, "changes", (row for row in _changes(plan.state, db) if plan.was_by(row["at"])))
        with db.atomic():
            db.table("posts").create_index(["published_date"])
            db.table("posts").enable_fts(_SEARCHED)
    except sqlite3.Error as error:
        raise OutputError(f"{plan.beside.folder}: can't be written: {error}") from error
    finally:
        db.close()


def _make(db: Database) -> None:
    db.table("posts").create(_POSTS, pk="id", not_null={"type", "url", "title", "kind", "external", "protected"})
    for names, name in _LISTS.items():
        db.table(names).create({"id": int, "name": str}, pk="id", not_null={"name"}).create_index(["name"], unique=True)
        of_posts = db.table(f"posts_{names}")
        keys = [("post", "posts", "id"), (name, names, "id")]
        of_posts.create({"post": int, "place": int, name: int}, pk=("post", "place"), foreign_keys=keys)
        of_posts.create_index([name])
    db.table("runs").create(_RUNS | dict.fromkeys((*_COUNTS, "problems"), int), pk="run")
    columns = {"post": int, "at": str, "change": str, "version": int, "keys": str, "edited": int}
    db.table("changes").create(columns, foreign_keys=[("post", "posts", "id")])
    db.table("changes").create_index(["post"])


def _fill(db: Database, lines: Iterator[Line]) -> None:
    numbers: dict[str, dict[str, int]] = {names: defaultdict(_counter()) for names in _LISTS}
    while chunk := list(islice(lines, _CHUNK)):
        _put(db, "posts", ({k: v for k, v in _row(line).items() if k not in _LISTS} for line in chunk))
        for names, name in _LISTS.items():
            known, before = numbers[names], len(numbers[names])
            links = [
                {"post": line.record["id"], "place": place, name: known[value]}
                for line in chunk
                for place, value in enumerate(line.record[names])
            ]
            _put(db, names, ({"id": number, "name": value} for value, number in islice(known.items(), before, None)))
            _put(db, f"posts_{names}", links)


def _counter() -> Callable[[], int]:
    numbers = iter(range(1, 2**31))
    return lambda: next(numbers)


def _put(db: Database, table: str, rows: Any) -> None:
    db.table(table).insert_all(rows, batch_size=_CHUNK)


def _row(line: Line) -> dict[str, Any]:
    return line.record | {"gone_since": line.gone_since}


def _run(run: dict[str, Any]) -> dict[str, Any]:
    report = run["report"] or {}
    row = {"run": run["name"], "reason": report.get("reason")} | {name: run[name] for name in _RUNS if name in run}
    row |= {name: report.get("posts", {}).get(name) for name in _COUNTS}
    return row | {"problems": len(report["problems"]) if report else None}


def _changes(state: State, db: Database) -> Iterator[dict[str, Any]]:
    """Yield the changes of each exported post, as far back as its versions are kept."""
    known = state.versions.known or ""
    for post, gone_since in state.versions.posts():
        if not db.execute("SELECT 1 FROM posts WHERE id = ?", [post]).fetchone():
            continue
        before: Version | None = None
        for version in state.versions.of(post):
            if before is None and version.since < known:
                before = version
                continue  # it is not known when this version came
            change = "new" if version.number == 1 else "updated"
            row = {"post": post, "at": version.since, "change": change, "version": version.number}
            keys: list[str] = differing(before.record, version.record) if before else []
            if before is None or not _NO_CHANGE.issuperset(keys):
                yield row | {"keys": json.dumps(keys), "edited": before.edited if before else None}
            before = version
        if gone_since:
            yield {"post": post, "at": gone_since, "change": "gone"}
