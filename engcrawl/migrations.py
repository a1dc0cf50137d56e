"""How the state's schema came to be what it is: each step once, in order, in one transaction; nothing is dropped."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
)

from engcrawl.errors import StateError
from engcrawl.text.urls import address

if TYPE_CHECKING:
    from alembic.operations import Operations

_SCHEMA = Table("schema_version", MetaData(), Column("version", Integer, primary_key=True, autoincrement=False))


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest schema; the caller commits.

    Raises StateError where the database is of a newer engcrawl, or has tables of something else.
    """
    done = version(connection)
    if done > len(STEPS):
        raise StateError(f"it has schema {done}, of a newer engcrawl; this one knows up to {len(STEPS)}")
    if done == len(STEPS):
        return
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of each of its plugins
    from alembic.operations import Operations  # here: most runs have nothing to bring up
    from alembic.runtime.migration import MigrationContext

    operations = Operations(MigrationContext.configure(connection))
    for step in STEPS[done:]:
        step(operations)
    if not done:
        _SCHEMA.create(connection)
    connection.execute(_SCHEMA.delete())
    connection.execute(_SCHEMA.insert().values(version=len(STEPS)))


def version(connection: Connection) -> int:
    """How many of the steps the database has; 0 for an empty one. Raises StateError where it is another program's."""
    tables = inspect(connection).get_table_names()
    if _SCHEMA.name in tables:
        found: int | None = connection.scalar(select(_SCHEMA.c.version))
        if found is not None:
            return found
    if {"posts", "runs", "sightings", _SCHEMA.name}.intersection(tables):
        raise StateError("it has tables of another program")
    return 0


def _first(op: Operations) -> None:
    op.create_table("archive", Column("site", String, primary_key=True))
    op.create_table(
        "runs",
        Column("id", Integer, primary_key=True),
        Column("name", String, nullable=False),
        Column("spider", String, nullable=False),
        Column("arguments", Text, nullable=False),
        Column("host", String, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("start", String, nullable=False),
        Column("full_since", String, nullable=False),
        Column("end", String),
        Column("verdict", String),
        Column("report", Text),
    )
    op.create_table(
        "posts",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("listed", Text, nullable=False),
        Column("listed_run", Integer),
        Column("told", Text, nullable=False),
        Column("taken_run", Integer),
        Column("first_seen", String, nullable=False),
        Column("last_seen", String, nullable=False),
        Column("last_changed", String),
        Column("gone_since", String),
        Column("read_at", String),
        Column("due", String),
        Column("change", String),
        Column("change_run", Integer),
        Column("day", String),
        Column("instant", String),
        Column("hash", String),
        Column("size", Integer),
        Column("record", Text),
    )
    op.create_table(
        "sightings",
        Column("source", String, primary_key=True),
        Column("category", String, primary_key=True),
        Column("post", BigInteger, ForeignKey("posts.id"), primary_key=True, autoincrement=False),
        Column("run", Integer, ForeignKey("runs.id"), nullable=False),
        Column("page", Integer, nullable=False),
        Column("place", Integer, nullable=False),
        Column("named", Boolean, nullable=False),
    )
    op.create_index("sightings_of_post", "sightings", ["post"])
    op.create_table(
        "categories",
        Column("slug", String, primary_key=True),
        Column("url", String, nullable=False),
        Column("linked", Boolean, nullable=False),
        Column("pages", Integer),
        Column("walked", String),
    )


def _validators(op: Operations) -> None:
    op.add_column("posts", Column("etag", String))
    op.add_column("posts", Column("last_modified", String))


def _inventory(op: Operations) -> None:
    op.add_column("posts", Column("rest", Text))
    op.add_column("posts", Column("rest_told", Text))
    op.add_column("posts", Column("address", String))
    posts = Table("posts", MetaData(), Column("id", BigInteger), Column("record", Text), Column("address", String))
    db = op.get_bind()
    for post_id, record in db.execute(select(posts.c.id, posts.c.record).where(posts.c.record.is_not(None))).all():
        where = posts.c.id == post_id
        db.execute(posts.update().where(where).values(address=address(json.loads(record)["url"])))
    op.create_index("ix_posts_address", "posts", ["address"])
    op.create_table(
        "inventory",
        Column("source", String, primary_key=True),
        Column("key", String, primary_key=True),
        Column("post", BigInteger),
        Column("url", String, nullable=False),
        Column("address", String, nullable=False),
        Column("modified", String),
        Column("run", Integer, nullable=False),
        Column("reason", String),
    )
    op.create_index("ix_inventory_post", "inventory", ["post"])
    op.create_index("ix_inventory_address", "inventory", ["address"])
    op.create_table(
        "sources",
        Column("source", String, primary_key=True),
        Column("run", Integer, nullable=False),
        Column("asked", String, nullable=False),
        Column("status", String, nullable=False),
        Column("detail", String, nullable=False),
        Column("claimed", Integer),
        Column("more", Text, nullable=False),
    )


STEPS: list[Callable[[Operations], None]] = [_first, _validators, _inventory]
"""Every step so far. A released step never changes: what comes next is a new one."""
