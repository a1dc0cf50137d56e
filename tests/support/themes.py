"""Pages of the bundled blog's themes, read by hand."""

from __future__ import annotations

import urllib.error
import urllib.request

from parsel import Selector, SelectorList

from tests.blog import Blog, Server
from tests.blog.blog import Post
from tests.blog.themes import Theme

POSTS = 150
NEW: tuple[Theme, ...] = ("blocks", "no_ids")


def raw(url: str) -> tuple[bytes, str]:
    """The bytes of an answer, whatever its status, and its ``Content-Type``."""
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.read(), error.headers["Content-Type"]


def page(server: Server, path: str) -> Selector:
    return Selector(raw(server.url + path)[0].decode())


def text(found: Selector | SelectorList[Selector]) -> str:
    return " ".join(" ".join(found.css("::text").getall()).split())


def own(blog: Blog) -> list[Post]:
    """The posts with a page of their own, the hidden ones too."""
    return [post for post in map(blog.post, range(blog.size)) if not post.external]
