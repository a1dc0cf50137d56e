"""The blog's sitemaps: those of the plugins Yoast and Google XML Sitemaps, of WordPress itself, or compressed ones."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal
from xml.sax.saxutils import escape

from aiohttp import web

from tests.blog.blog import BEGIN, CATEGORIES, ZONE, Blog

Kind = Literal["yoast", "google", "wordpress", "gzip", "none"]
Entry = tuple[str, datetime | None]
"""An address, and when what is there was last modified."""


@dataclass(frozen=True)
class _Files:
    """What a kind's files are called, and how many posts one holds."""

    index: str
    posts: str
    first: str
    """What stands for the number in the name of the first file of posts."""
    pages: str
    categories: str
    size: int
    zone: tzinfo = UTC


_FILES = {
    "yoast": _Files(
        "/sitemap_index.xml", "/post-sitemap{}.xml", "", "/page-sitemap.xml", "/category-sitemap.xml", 1000
    ),
    "google": _Files(
        "/sitemap.xml",
        "/sitemap-pt-post-p{}-2024-01.xml",
        "1",
        "/sitemap-pt-page-p1-2024-01.xml",
        "/sitemap-tax-category.xml",
        20,
    ),
    "wordpress": _Files(
        "/wp-sitemap.xml",
        "/wp-sitemap-posts-post-{}.xml",
        "1",
        "/wp-sitemap-posts-page-1.xml",
        "/wp-sitemap-taxonomies-category-1.xml",
        2000,
        ZONE,
    ),
    "gzip": _Files(
        "/sitemap_index.xml.gz",
        "/post-sitemap{}.xml.gz",
        "",
        "/page-sitemap.xml.gz",
        "/category-sitemap.xml.gz",
        1000,
    ),
}


def index(kind: Kind) -> str | None:
    """The path of the index, for robots.txt; None where there are no sitemaps."""
    return _FILES[kind].index if kind in _FILES else None


def answer(blog: Blog, kind: Kind, path: str, fault: str) -> web.Response | None:
    """The sitemap at *path*; None where that is none of this kind."""
    files = _FILES.get(kind)
    if files is None:
        return None
    there = [i for i in range(blog.size) if not blog.external(i) and i not in blog.removed]
    parts = [there[start : start + files.size] for start in range(0, max(len(there), 1), files.size)]
    posts = {files.posts.format(number if number > 1 else files.first): p for number, p in enumerate(parts, 1)}
    plugin = kind != "wordpress"
    pages = blog.further.get("page", ())
    others = {name: further for name, further in blog.further.items() if name != "page"}
    of_others = {files.pages.replace("page", name): further for name, further in others.items()}
    shows = files.categories.replace("category", "show")
    if path == files.index:
        children: list[Entry] = [(name, _newest(blog, part) if plugin else None) for name, part in posts.items()]
        children.append((files.pages, BEGIN if plugin else None))
        children.append((files.categories, _newest(blog, there) if plugin else None))
        children += [(name, None) for name in (*of_others, *([shows] if others else []))]
        return _file("sitemapindex", "sitemap", [(blog.base + name, when) for name, when in children], files)
    front: list[Entry] = [(f"{blog.base}/", _newest(blog, there))]
    if path in posts:
        kept = [i for i in posts[path] if fault != "fewer" or i % 2 == 0]
        entries: list[Entry] = [(blog.link(post), post.changed) for post in map(blog.post, kept)]
        first = plugin and path == files.posts.format(files.first)
        return _file("urlset", "url", [*(front if first else []), *entries], files)
    if path == files.pages:
        own: list[Entry] = [(blog.link(page), page.changed) for page in pages] or [(f"{blog.base}/about/", BEGIN)]
        return _file("urlset", "url", [*([] if plugin else front), *own], files)
    if path in of_others:
        return _file("urlset", "url", [(blog.link(post), post.changed) for post in of_others[path]], files)
    if path == shows and others:
        terms = sorted({term for posts in others.values() for post in posts for term in post.terms})
        return _file("urlset", "url", [(f"{blog.base}/show/{term}/", None) for term in terms], files)
    if path == files.categories:
        filled = [c for c in CATEGORIES.values() if blog.counts[c.slug]]
        return _file("urlset", "url", [(blog.base + c.path, None) for c in filled], files)
    return None


def _newest(blog: Blog, indexes: list[int]) -> datetime | None:
    return datetime.fromtimestamp(max(map(blog.changed, indexes)), UTC) if indexes else None


def _file(root: str, child: str, entries: list[Entry], files: _Files) -> web.Response:
    lines = [
        f"<{child}><loc>{escape(address)}</loc>"
        + (f"<lastmod>{when.astimezone(files.zone).isoformat()}</lastmod>" if when else "")
        + f"</{child}>"
        for address, when in entries
    ]
    text = f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(lines)}</{root}>'
    text = f'<?xml version="1.0" encoding="UTF-8"?>{text}'
    if files.index.endswith(".gz"):
        return web.Response(body=gzip.compress(text.encode(), mtime=0), content_type="application/x-gzip")
    return web.Response(text=text, content_type="application/xml")
