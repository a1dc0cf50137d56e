"""The steps that bring the state's schema up to date: each is done once, in order, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    inspect,
    select,
    text,
)

from engcrawl.errors import StateError
from engcrawl.state.tables import METADATA
from engcrawl.text import dates

_SCHEMA = Table("engcrawl_schema", MetaData(), Column("version", Integer, primary_key=True, autoincrement=False))
_UNRELEASED = "schema_version"
"""The table that numbered the schemas before 0.2.0."""


def _keep_versions(connection: Connection) -> None:
    """Make room for the older versions of posts' records; find the failures of a post without reading them all."""
    connection.execute(text("CREATE INDEX failures_post ON failures (blog, post)"))
    for table, column in (
        ("blogs", "versions_since VARCHAR"),
        ("posts", "version INTEGER"),
        ("posts", "since VARCHAR"),
    ):
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column}"))
    now = {"now": dates.now()}
    standing = "version = 1, since = COALESCE(last_changed, :now)"
    connection.execute(text(f"UPDATE posts SET {standing} WHERE record IS NOT NULL"), now)
    connection.execute(text("UPDATE blogs SET versions_since = :now"), now)
    Table(
        "versions",
        MetaData(),
        Column("blog", String, primary_key=True),
        Column("post", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("since", String, nullable=False),
        Column("until", String, nullable=False),
        Column("day", String),
        Column("instant", String),
        Column("edited", Boolean, nullable=False),
        Column("record", LargeBinary, nullable=False),
        Index("versions_until", "blog", "until"),
    ).create(connection)


STEPS: list[Callable[[Connection], None]] = [_keep_versions]
"""From the first schema to the newest, each once: a released step never changes. A new database gets the newest."""


def newest() -> int:
    """Return the number of the newest schema."""
    return 1 + len(STEPS)


def upgrade(connection: Connection) -> None:
    """Upgrade the database to the newest schema; the caller commits.

    Raises StateError where the database is of another engcrawl, or has tables of something else.
    """
    done = version(connection)
    if done > newest():
        raise StateError(f"it has schema {done}, of a newer engcrawl; this one knows up to {newest()}")
    if done == newest():
        return
    if done == 0:
        METADATA.create_all(connection)
    else:
        for step in STEPS[done - 1 :]:
            step(connection)
    _SCHEMA.create(connection, checkfirst=True)
    connection.execute(_SCHEMA.delete())
    connection.execute(_SCHEMA.insert().values(version=newest()))


def version(connection: Connection) -> int:
    """Return the number of the database's schema; 0 for an empty one. Raises StateError where it isn't ours."""
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
