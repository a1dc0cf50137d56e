"""Crawl one output run after run: what a run asks for, and what it must find and tell."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.blog import Blog, Server
from tests.blog.blog import Post
from tests.support.crawls import Crawl, crawl, newest_first


def night(server: Server, output: Path, *arguments: str, settings: dict[str, str] | None = None) -> Crawl:
    """Crawl, with the server's account of it alone."""
    server.requests.clear()
    server.answers.clear()
    return crawl(output, *arguments, site=server.url, settings=settings)


def articles(server: Server) -> set[str]:
    """Tell the paths of posts' own pages that the last run asked for."""
    return {path for _, path in server.requests if re.match(r"/\d{4}/", path)}


def paths(posts: Iterable[Post]) -> set[str]:
    """Tell the paths of posts with a page on the site."""
    return {post.path for post in posts if not post.external}


def truth(blog: Blog, before: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """Tell what the archive must hold.

    The day of an external post, which the hero's place hides, it knows from *before*.
    """
    days = {record["id"]: record["published_date"] for record in before or []}
    records = list(blog.truth())
    for record in records:
        record["published_date"] = record["published_date"] or days.get(record["id"])
    return newest_first(records)


def differences(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[int, str]:
    """Tell what a run has to tell that finds *after* where *before* is known."""
    known = {record["id"]: record for record in before}
    return {r["id"]: "updated" if r["id"] in known else "new" for r in after if known.get(r["id"]) != r}


def query(output: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask the state's database."""
    with sqlite3.connect(output / "archive.db") as db:
        rows = db.execute(sql).fetchall()
    db.close()
    return rows


def newest(blog: Blog, count: int) -> list[int]:
    """Take the newest posts with a page of their own and a body, in one part."""
    listed = (blog.post(i) for i in blog.whole)
    return [p.index for p in listed if not p.external and not p.protected and p.parts == 1][:count]
