"""The blog's feeds, RSS and Atom: of all posts and of each category, in pages."""

from __future__ import annotations

from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

from tests.blog.blog import Blog, Post

PER_FEED = 10


def answer(blog: Blog, slug: str | None, number: int, atom: bool, fault: str) -> web.Response | None:
    """Page *number* of a feed; None past its end."""
    listing = blog.listing(slug)
    kept = [index for index in listing if index % 2 == 0] if fault == "fewer" else listing
    posts = [blog.post(index) for index in blog.cut(kept, number, PER_FEED)] if number > 0 else []
    if not posts and number != 1:
        return None
    text = _atom(blog, posts) if atom else _rss(blog, posts)
    kind = "application/atom+xml" if atom else "application/rss+xml"
    return web.Response(text=f'<?xml version="1.0" encoding="UTF-8"?>{text}', content_type=kind)


def _rss(blog: Blog, posts: list[Post]) -> str:
    items = "".join(
        f"<item><title>{_title(post)}</title><link>{escape(blog.link(post))}</link>"
        f"<pubDate>{format_datetime(post.published)}</pubDate>"
        f'<guid isPermaLink="false">{blog.guid(post)}</guid></item>'
        for post in posts
    )
    return f'<rss version="2.0"><channel><title>Notes</title><link>{blog.base}</link>{items}</channel></rss>'


def _atom(blog: Blog, posts: list[Post]) -> str:
    entries = "".join(
        f'<entry><title type="html">{escape(_title(post))}</title>'
        f'<link rel="alternate" type="text/html" href={quoteattr(blog.link(post))} /><id>{blog.guid(post)}</id>'
        f"<updated>{post.changed:%Y-%m-%dT%H:%M:%SZ}</updated>"
        f"<published>{post.published:%Y-%m-%dT%H:%M:%SZ}</published></entry>"
        for post in posts
    )
    updated = max((f"{post.changed:%Y-%m-%dT%H:%M:%SZ}" for post in posts), default="2012-03-01T16:00:00Z")
    head = f"<title>Notes</title><id>{blog.base}/feed/atom/</id><updated>{updated}</updated>"
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'


def _title(post: Post) -> str:
    return escape(f"Protected: {post.title}" if post.protected else post.title)
