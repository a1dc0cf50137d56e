"""Datasette's plugin: what the templates show, and headers that keep each page on this machine."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from markupsafe import Markup

from engcrawl.browse.inert import inert
from engcrawl.browse.names import LINKED

_HOSTS = re.compile(rb"(?:127\.0\.0\.1|localhost)(?::[0-9]+)?")
_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none';"
        b" frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_NEIGHBOURS = """
SELECT id, title, published_date FROM posts
WHERE (coalesce(published_date, ''), id) {than} (coalesce(:day, ''), :id)
ORDER BY coalesce(published_date, '') {way}, id {way} LIMIT 1
"""
_NAMES = """
SELECT l.post, n.name FROM posts_{names} AS l JOIN {names} AS n ON n.id = l.{name}
WHERE l.post IN ({marks}) ORDER BY l.post, l.place
"""


@hookimpl
def extra_template_vars(database: str, table: str, view_name: str, request: Any, datasette: Any) -> Any:
    """Add what the templates show of a post and of a blog."""

    async def found() -> dict[str, Any]:
        shown: dict[str, Any] = {"when": when, "listed": json.loads, "linked": LINKED}
        if view_name == "row" and table == "posts":
            shown["post"] = await _post(datasette.get_database(database), request.url_vars["pks"])
        elif view_name == "index":
            shown["blogs"] = [await _blog(db) for name, db in datasette.databases.items() if name[0] != "_"]
        elif view_name == "table" and table == "posts":

            async def authors(rows: Any) -> dict[int, list[str]]:
                return await _names(datasette.get_database(database), "authors", [row["id"] for row in rows])

            shown["authors_of"] = authors
        elif view_name == "table" and table in ("changes", "versions"):

            async def titles(rows: Any) -> dict[int, str]:
                return await _titles(datasette.get_database(database), [row["post"] for row in rows])

            shown["titles_of"] = titles
        return shown

    return found


def when(value: Any) -> Any:
    """Return an instant to the minute, in UTC as the archive has it; anything else is returned unchanged."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return Markup('<time datetime="{}" title="{}">{} {}</time>').format(value, value, value[:10], value[11:16])
    return value


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:  # the hook's arguments go by name
    """Answer this machine's own name alone, and say with each page what it may load."""

    def wrap(app: Any) -> Any:
        async def guarded(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            if not _HOSTS.fullmatch(dict(scope["headers"]).get(b"host", b"")):
                # A page elsewhere whose name was made to lead here must not read the archive (DNS rebinding).
                await send(
                    {"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]}
                )
                await send({"type": "http.response.body", "body": b"Open this at 127.0.0.1 or localhost.\n"})
                return

            async def told(event: Any) -> None:
                if event["type"] == "http.response.start":
                    event = event | {"headers": [*event["headers"], *_HEADERS]}
                await send(event)

            await app(scope | {"query_string": _searched(scope["query_string"])}, receive, told)

        return guarded

    return wrap


def _searched(query: bytes) -> bytes:
    """Return the query without a search for no word at all, which Datasette answers with an error."""
    if b"_search" not in query:
        return query
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = [(name, text.replace("\0", " ")) for name, text in pairs]
    return urlencode([pair for pair in kept if pair[0] != "_search" or pair[1].strip('" \t\r\n')]).encode()


async def _blog(db: Any) -> dict[str, Any]:
    posts = (await db.execute("SELECT count(*) FROM posts")).first()
    years = (await db.execute("SELECT min(year) FROM posts UNION ALL SELECT max(year) FROM posts")).rows
    runs = (await db.execute("SELECT * FROM runs ORDER BY start DESC LIMIT 1")).first()
    changes = await db.execute(
        "SELECT c.*, p.title FROM changes AS c JOIN posts AS p ON p.id = c.post ORDER BY c.at DESC, c.post LIMIT 5"
    )
    return {
        "name": db.name,
        "posts": posts[0],
        "first": years[0][0],
        "last": years[1][0],
        "run": runs,
        "changes": list(changes),
    }


async def _post(db: Any, key: str) -> dict[str, Any] | None:
    row = (await db.execute("SELECT * FROM posts WHERE id = ?", [key])).first()
    if row is None:
        return None
    post = dict(row)
    near = {}
    for name, than, way in (("older", "<", "DESC"), ("newer", ">", "ASC")):
        query = _NEIGHBOURS.format(than=than, way=way)
        near[name] = (await db.execute(query, {"day": post["published_date"], "id": post["id"]})).first()
    versions = await db.execute("SELECT * FROM versions WHERE post = ? ORDER BY version DESC", [post["id"]])
    lists = {names: (await _names(db, names, [post["id"]])).get(post["id"], []) for names in LINKED}
    body = Markup(inert(post["content_html"] or "", post["url"]))
    told = [dict(row) | {"differences": [_shown(one) for one in json.loads(row["differences"])]} for row in versions]
    link = post["url"] if re.match(r"https?://", post["url"]) else None
    return post | lists | near | {"body": body, "versions": told, "link": link}


async def _names(db: Any, names: str, posts: list[int]) -> dict[int, list[str]]:
    """Return the names, such as the authors, of each of these posts that has any."""
    marks = ", ".join("?" * len(posts))
    rows = await db.execute(_NAMES.format(names=names, name=LINKED[names], marks=marks), posts)
    found: dict[int, list[str]] = {}
    for post, name in rows.rows:
        found.setdefault(post, []).append(name)
    return found


async def _titles(db: Any, posts: list[int]) -> dict[int, str]:
    marks = ", ".join("?" * len(posts))
    rows = await db.execute(f"SELECT id, title FROM posts WHERE id IN ({marks})", posts)
    return {row["id"]: row["title"] for row in rows.rows}


def _shown(difference: dict[str, Any]) -> dict[str, Any]:
    """Return a difference as lines, each with its kind: ``del``, ``ins``, ``cut`` where lines are left out, or none."""
    lines = (difference["diff"] or "").splitlines()[2:]
    if difference["diff"] is None:
        old, new = (_lines(difference[name]) for name in ("old", "new"))
        lines = list(difflib.unified_diff(old, new, lineterm=""))[2:]
    kinds = {"-": "del", "+": "ins"}
    told = [("cut", "…") if line.startswith("@@") else (kinds.get(line[:1], ""), line) for line in lines[1:]]
    return {"key": difference["key"], "lines": told}


def _lines(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None else str(value).splitlines()
