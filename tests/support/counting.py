"""Crawl with the inventory: what a run proves, and what of a blog it must find."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.blog import Blog, Server
from tests.blog.blog import Post
from tests.support.crawls import Crawl, crawl, newest_first

COUNTED = 80
"""Posts of the blog whose archive a first run has counted."""

REST = r"/wp-json/.*"
"""Where REST answers."""


def counted(server: Server, output: Path, *arguments: str, settings: dict[str, str] | None = None) -> Crawl:
    """Crawl with the inventory, and the server's account of it alone."""
    server.requests.clear()
    server.answers.clear()
    return crawl(
        output,
        *(arguments if "source=rest" in arguments else ("-a", "inventory=yes", *arguments)),
        site=server.url,
        settings=settings,
    )


def counted_alone(server: Server, output: Path) -> Crawl:
    """Run ``scrapy crawl inventory``."""
    server.requests.clear()
    return crawl(output, site=server.url, spider="inventory")


def proof(done: Crawl) -> dict[str, Any]:
    """Take the proof out of a run's verdict."""
    found: dict[str, Any] = done.verdict["proof"]
    return found


def there(blog: Blog) -> list[Post]:
    """List the posts that the blog has."""
    return [blog.post(i) for i in range(blog.size) if i not in blog.removed]


def hidden(blog: Blog) -> set[int]:
    """Tell the IDs of the posts that no listing names."""
    return {p.id for p in there(blog) if p.index not in set(blog.whole)}


def told(server: Server) -> list[dict[str, Any]]:
    """Return what pages and REST together say."""
    return newest_first(list(server.blog.truth(rest=True)))


def of_sitemap(blog: Blog) -> list[dict[str, Any]]:
    """Return what listings and a sitemap tell: all but the external posts that listings hide."""
    secret = [blog.record(p) for p in there(blog) if p.id in hidden(blog) and not p.external]
    return newest_first([*blog.truth(), *secret])


def asked(server: Server, pattern: str) -> list[str]:
    """List the addresses asked for whose path matches."""
    return [path for _, path in server.requests if re.fullmatch(pattern, path.partition("?")[0])]
