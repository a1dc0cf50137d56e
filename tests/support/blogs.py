"""Ask the bundled blog as a browser, a feed reader or a REST client does."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from tests.blog import Blog
from tests.blog.blog import Post


def get(url: str, data: dict[str, str] | None = None, **headers: str) -> tuple[int, str, Any]:
    """Ask for an address; with *data* by POST. The status, the text and the headers of the answer."""
    body = urllib.parse.urlencode(data).encode() if data else None
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def plain(blog: Blog) -> Post:
    """Take the newest post with a page of its own, in one part."""
    return next(p for p in map(blog.post, blog.whole) if not p.external and not p.protected and p.parts == 1)
