"""The tables of the state, as the newest of `engcrawl.migrations` leaves them. Instants are RFC 3339, in UTC."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

ARCHIVE = sa.Table("archive", METADATA, sa.Column("site", sa.String, primary_key=True))

RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("spider", sa.String, nullable=False),
    sa.Column("arguments", sa.Text, nullable=False),  # JSON
    sa.Column("host", sa.String, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("start", sa.String, nullable=False),
    sa.Column("full_since", sa.String, nullable=False),  # when the full walk began that this run is part of
    sa.Column("end", sa.String),
    sa.Column("verdict", sa.String),  # NULL while it runs; 'died' when a later run found it dead
    sa.Column("report", sa.Text),  # the verdict file, JSON
)

POSTS = sa.Table(
    "posts",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("listed", sa.Text, nullable=False),  # what listings say of it (`Post.facts`)
    sa.Column("listed_run", sa.Integer),  # the last run in which one did
    sa.Column("told", sa.Text, nullable=False),  # of `listed`, what the record takes account of
    sa.Column("rest", sa.Text),  # what REST says of it, likewise; NULL: it never named it
    sa.Column("rest_told", sa.Text),
    sa.Column("taken_run", sa.Integer),  # the last run in which its turn came
    sa.Column("first_seen", sa.String, nullable=False),
    sa.Column("last_seen", sa.String, nullable=False),  # when a listing, or REST, last named it
    sa.Column("last_changed", sa.String),
    sa.Column("gone_since", sa.String),
    sa.Column("read_at", sa.String),  # when its own page was last read or found unchanged
    sa.Column("due", sa.String),  # when that is to be done again, '' for at once; NULL: it has no page here
    sa.Column("change", sa.String),  # a change that no finished feed has yet
    sa.Column("change_run", sa.Integer),  # the run that last wrote that change to its feed
    sa.Column("day", sa.String),
    sa.Column("instant", sa.String),
    sa.Column("hash", sa.String),  # SHA-256 of the record without its crawled_at, hexadecimal
    sa.Column("size", sa.Integer),  # bytes of the record's line
    sa.Column("record", sa.Text),  # the whole record as a line of posts.jsonl has it
    sa.Column("etag", sa.String),
    sa.Column("last_modified", sa.String),
    sa.Column("address", sa.String, index=True),  # of its permalink (`engcrawl.items.address`)
)

SIGHTINGS = sa.Table(
    "sightings",
    METADATA,
    sa.Column("source", sa.String, primary_key=True),  # what kind of list named the post
    sa.Column("category", sa.String, primary_key=True),  # slug
    sa.Column("post", sa.BigInteger, sa.ForeignKey("posts.id"), primary_key=True, autoincrement=False),
    sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("page", sa.Integer, nullable=False),  # from 1
    sa.Column("place", sa.Integer, nullable=False),  # on the page, from 0
    sa.Column("named", sa.Boolean, nullable=False),  # whether the listing filed the post in this category
    sa.Index("sightings_of_post", "post"),
)

CATEGORIES = sa.Table(
    "categories",
    METADATA,
    sa.Column("slug", sa.String, primary_key=True),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("linked", sa.Boolean, nullable=False),  # whether the site links to it there
    sa.Column("pages", sa.Integer),  # how many pages its first page states
    sa.Column("walked", sa.String),  # start of the run that last walked all of it; NULL: its order isn't known
)

INVENTORY = sa.Table(
    "inventory",
    METADATA,
    sa.Column("source", sa.String, primary_key=True),  # rest, sitemap or feed
    sa.Column("key", sa.String, primary_key=True),  # the post's ID where the source says it, else its address
    sa.Column("post", sa.BigInteger, index=True),  # NULL: not known yet
    sa.Column("url", sa.String, nullable=False),
    sa.Column("address", sa.String, nullable=False, index=True),
    sa.Column("modified", sa.String),  # as the source writes it
    sa.Column("run", sa.Integer, nullable=False),  # the last in which the source named it
    sa.Column("reason", sa.String),  # why it can't be in the archive
)

SOURCES = sa.Table(
    "sources",
    METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, nullable=False),  # the last that asked it
    sa.Column("asked", sa.String, nullable=False),  # when it had answered
    sa.Column("status", sa.String, nullable=False),  # `engcrawl.inventory.Status`
    sa.Column("detail", sa.String, nullable=False),
    sa.Column("claimed", sa.Integer),  # posts that it says it has; NULL where it doesn't say
    sa.Column("more", sa.Text, nullable=False),  # JSON
)
