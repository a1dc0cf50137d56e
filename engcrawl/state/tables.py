"""The tables of the state. Every key starts with the blog; instants are RFC 3339 in UTC, runs are their numbers.

NULL means "not known" or "not there"; an empty text is a text that is empty.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData()


def _table(name: str, *columns: Any) -> sa.Table:
    return sa.Table(name, METADATA, sa.Column("blog", sa.String, primary_key=True), *columns)


def _key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


BLOGS = _table(
    "blogs",
    sa.Column("site", sa.String, nullable=False),  # its address, as the last run was given it
    sa.Column("sweep", sa.Integer),  # the sweep under way or done last: the run that began it; NULL: a new one is due
    sa.Column(
        "versions_since", sa.String
    ),  # the earliest instant at which the archive is known; NULL: its whole history is known
)

RUNS = _table(
    "runs",
    _key("id", sa.Integer),  # 1, 2, 3 … in each blog
    sa.Column("name", sa.String, nullable=False),
    sa.Column("spider", sa.String, nullable=False),
    sa.Column("arguments", sa.Text, nullable=False),  # JSON
    sa.Column("host", sa.String, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("start", sa.String, nullable=False),
    sa.Column("end", sa.String),
    sa.Column("verdict", sa.String),  # NULL while it runs; 'died' when a later run found it dead
    sa.Column("report", sa.Text),  # the verdict file, JSON
)

POSTS = _table(
    "posts",
    _key("id", sa.BigInteger),
    sa.Column("address", sa.String, nullable=False),  # of its permalink (`engcrawl.text.urls.address`)
    sa.Column("external", sa.Boolean, nullable=False),  # it lives on another host: it has no page here
    sa.Column("first_run", sa.Integer, nullable=False),  # the run that saw it first
    sa.Column("type", sa.String),  # its post type: the record's, else what sources say; NULL: nobody says
    sa.Column("facts", sa.String, nullable=False),  # fingerprint of its merged facts, as they are now
    sa.Column("made_from", sa.String),  # fingerprint of the facts that the record was made with
    sa.Column("tried", sa.Integer),  # the last run that took it up
    sa.Column("due", sa.String),  # when its own page is to be read again; NULL: not by the clock
    sa.Column("read_run", sa.Integer),  # the last run that read its own page, or found it unchanged
    sa.Column("etag", sa.String),
    sa.Column("last_modified", sa.String),
    sa.Column("problems", sa.Text),  # what is wrong with the record, a line each; NULL: nothing
    sa.Column("gone_since", sa.String),
    sa.Column("last_changed", sa.String),
    sa.Column("version", sa.Integer),  # of the record: 1 for the first, one more with each change …
    sa.Column("since", sa.String),  # … and the instant from which it stands; NULL: there is no record
    sa.Column("record", sa.Text),  # a line of posts.jsonl, without its end
    sa.Column("checksum", sa.String),  # SHA-256 of that line, hexadecimal
    sa.Column("size", sa.Integer),  # bytes of that line, with its end
    sa.Column("head", sa.Text),  # the record as JSON without its body and what is no news (`_NO_NEWS`)
    sa.Column("content", sa.String),  # SHA-256 of head and body: another one is a change
    sa.Column("day", sa.String),  # of the record: published_date …
    sa.Column("instant", sa.String),  # … published_at
    sa.Column("protected", sa.Boolean),
    sa.Column("credited", sa.Boolean),  # it names authors
    sa.Column("content_source", sa.String),
    sa.Column("bodied", sa.Boolean),  # it has a body
    sa.Index("posts_address", "blog", "address"),
)

VERSIONS = _table(
    "versions",  # records that others took the place of
    _key("post", sa.BigInteger),
    _key("number", sa.Integer),
    sa.Column("since", sa.String, nullable=False),  # the instants between which it was the post's record
    sa.Column("until", sa.String, nullable=False),
    sa.Column("day", sa.String),  # of the record: published_date …
    sa.Column("instant", sa.String),  # … published_at
    sa.Column("edited", sa.Boolean, nullable=False),  # the next version has another title, or another text
    sa.Column("record", sa.LargeBinary, nullable=False),  # the line, compressed by zlib (RFC 1950)
    sa.Index("versions_until", "blog", "until"),
)

CHANGES = _table(
    "changes",  # the outbox: changes that no finished feed has yet
    _key("post", sa.BigInteger),
    sa.Column("change", sa.String, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),  # the run that last wrote it to its feed
)

MENTIONS = _table(
    "mentions",  # one source naming one post or address
    _key("source", sa.String),
    _key("key", sa.String),  # the post's ID where the source says it, else the address
    sa.Column("post", sa.BigInteger),  # NULL: no post is known for the address
    sa.Column("url", sa.String, nullable=False),
    sa.Column("address", sa.String, nullable=False),
    sa.Column("modified", sa.String),  # as the source writes it
    sa.Column("type", sa.String),  # post type, where REST or a sitemap's name says it
    sa.Column("facts", sa.Text),  # what the source says of the post (`Post.facts`); NULL: nothing but this
    sa.Column("run", sa.Integer, nullable=False),  # the last run in which the source named it
    sa.Index("mentions_post", "blog", "post"),
    sa.Index("mentions_address", "blog", "address"),
)

PLACES = _table(
    "places",  # where a mention stands in a category's listing
    _key("category", sa.String),  # slug
    _key("key", sa.String),  # of the mention
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),  # from 1
    sa.Column("place", sa.Integer, nullable=False),  # on the page, from 0
    sa.Column("named", sa.Boolean, nullable=False),  # whether the listing filed the post in this category
    sa.Index("places_key", "blog", "key"),
)

CATEGORIES = _table(
    "categories",
    _key("slug", sa.String),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("pages", sa.Integer),  # how many pages its first page states
    sa.Column("walked", sa.Integer),  # the last run that walked all of it; NULL: its order isn't known
)

SOURCES = _table(
    "sources",
    _key("source", sa.String),
    sa.Column("run", sa.Integer, nullable=False),  # the last that asked it
    sa.Column("whole", sa.Integer),  # the last that read all that it names: older mentions aren't current
    sa.Column("asked", sa.String, nullable=False),  # when it had answered
    sa.Column("status", sa.String, nullable=False),  # `engcrawl.items.Status`
    sa.Column("detail", sa.String, nullable=False),  # why it isn't whole; empty where it is
    sa.Column("claimed", sa.Integer),  # posts that it says it has; NULL where it doesn't say
    sa.Column("again", sa.Boolean, nullable=False),  # whether the next run is to ask again
    sa.Column("more", sa.Text, nullable=False),  # JSON
)

FAILURES = _table(
    "failures",  # addresses that a run wanted and could not have
    _key("address", sa.String),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("post", sa.BigInteger),  # whose page it is, where that is known
    sa.Column("run", sa.Integer, nullable=False),  # the last that tried it
    sa.Column("count", sa.Integer, nullable=False),  # runs in a row that failed
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("final", sa.Boolean, nullable=False),  # whether no other try may help: gone, forbidden, external
    sa.Column("retry_at", sa.String, nullable=False),  # when it may be tried again
    sa.Index("failures_post", "blog", "post"),
)
