"""The steps that bring the state's schema up to date: each is done once, in order, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Column, Connection, Integer, MetaData, Table, inspect, select

from engcrawl.errors import StateError
from engcrawl.state.tables import METADATA

_SCHEMA = Table("engcrawl_schema", MetaData(), Column("version", Integer, primary_key=True, autoincrement=False))
_UNRELEASED = "schema_version"
"""The table that numbered the schemas before 0.2.0."""

STEPS: list[Callable[[Connection], None]] = [METADATA.create_all]
"""Every step so far. Once a second one is released the first writes its tables out: a released step never changes."""


def upgrade(connection: Connection) -> None:
    """Upgrade the database to the newest schema; the caller commits.

    Raises StateError where the database is of another engcrawl, or has tables of something else.
    """
    done = version(connection)
    if done > len(STEPS):
        raise StateError(f"it has schema {done}, of a newer engcrawl; this one knows up to {len(STEPS)}")
    if done == len(STEPS):
        return
    for step in STEPS[done:]:
        step(connection)
    _SCHEMA.create(connection, checkfirst=True)
    connection.execute(_SCHEMA.delete())
    connection.execute(_SCHEMA.insert().values(version=len(STEPS)))


def version(connection: Connection) -> int:
    """Return how many of the steps the database has; 0 for an empty one. Raises StateError where it isn't ours."""
    tables = inspect(connection).get_table_names()
    if _SCHEMA.name in tables:
        found: int | None = connection.scalar(select(_SCHEMA.c.version))
        if found is not None:
            return found
    if {_UNRELEASED, "inventory"}.issubset(tables) or {_UNRELEASED, "sightings"}.issubset(tables):
        raise StateError(
            "it was made by an engcrawl older than 0.2.0: move it away, and the next run takes posts.jsonl in"
        )
    if set(METADATA.tables).intersection(tables):
        raise StateError("it has tables of another program")
    return 0
