"""The database that is browsed: the SQLite export, and what its pages show beside that."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from engcrawl import __version__
from engcrawl.errors import OutputError
from engcrawl.export.beside import Beside
from engcrawl.export.formats import Line, Plan
from engcrawl.export.sqlite import sqlite
from engcrawl.report.differences import differences
from engcrawl.state import State

_TABLES = """
CREATE TABLE versions (
    post INTEGER NOT NULL REFERENCES posts (id), version INTEGER NOT NULL, since TEXT, until TEXT, edited INTEGER,
    differences TEXT, PRIMARY KEY (post, version)
);
CREATE TABLE made_of (mark TEXT);
"""
_INDEXES = """
ALTER TABLE posts ADD COLUMN year TEXT GENERATED ALWAYS AS (substr(published_date, 1, 4)) VIRTUAL;
CREATE INDEX posts_by_year ON posts (year);
CREATE INDEX posts_by_day ON posts (coalesce(published_date, ''), id);
CREATE INDEX changes_by_day ON changes (at);
"""


def prepare(folder: Path, state: State) -> Path:
    """Return the database to browse; make it anew where the archive has changed since. Raises OutputError."""
    place, mark = folder / f"{state.blog}.db", _mark(state)
    if _made_of(place) == mark:
        return place
    try:
        with Beside(folder) as beside:
            plan = Plan(beside, state.blog, state)
            sqlite(plan, (Line(text, json.loads(text), gone) for text, gone in state.posts.lines()))
            with closing(sqlite3.connect(beside.path(place.name), isolation_level=None)) as db:
                db.execute("PRAGMA journal_mode = OFF")
                db.execute("PRAGMA synchronous = OFF")
                db.executescript(_TABLES + _INDEXES)
                db.execute("BEGIN")
                db.executemany("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)", _versions(state))
                db.execute("INSERT INTO made_of VALUES (?)", [mark])
                db.execute("COMMIT")
            beside.publish()
    except (OSError, sqlite3.Error) as error:
        raise OutputError(f"{folder}: can't be written: {error}") from error
    return place


def _mark(state: State) -> str:
    """Return what differs when the archive does: its runs, its size, and the version that reads it."""
    last = next(state.runs.each(), None)
    return json.dumps([__version__, last and last["name"], last and last["end"], *state.posts.measure()])


def _made_of(place: Path) -> str | None:
    if not place.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT mark FROM made_of").fetchone()
    except sqlite3.Error:
        return None  # something else is there: it is made anew
    return row[0] if row else None


def _versions(state: State) -> Iterator[tuple[Any, ...]]:
    """Yield each version of the posts that have several, and how it differs from the one before."""
    for post, _ in state.versions.posts():
        versions = state.versions.of(post)
        if len(versions) < 2:
            continue
        first = versions[0]
        yield post, first.number, first.since, first.until, None, "[]"
        for old, new in pairwise(versions):
            told = [asdict(one) for one in differences(old.record, new.record)]
            yield post, new.number, new.since, new.until, old.edited, json.dumps(told, ensure_ascii=False)
