"""The bundled blog's lists, read by hand."""

from __future__ import annotations

import json
from typing import Any

from tests.blog import Server
from tests.support.blogs import get

# REST


def rest(server: Server, query: str = "", what: str = "posts") -> tuple[int, Any, tuple[str, str]]:
    """The status, the JSON and the two totals of an answer."""
    status, text, headers = get(f"{server.url}/wp-json/wp/v2/{what}{query}")
    return status, json.loads(text), (headers["X-WP-Total"], headers["X-WP-TotalPages"])


def numbers(server: Server, query: str) -> list[int | None]:
    """The numbers of the posts that REST lists."""
    return [server.blog.index_of(post["id"]) for post in rest(server, query)[1]]
