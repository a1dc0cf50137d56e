"""The ground truth: the records that a right archive of the blog holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.blog.blog import Blog
    from tests.blog.facts import Post


def records(blog: Blog, *, articles: bool, rest: bool) -> Iterator[dict[str, Any]]:
    """Give the records of an archive of the listings; with *rest*, of the listings and REST."""
    everything = (i for i in range(blog.size - 1, -1, -1) if i not in blog.removed)
    for index in everything if rest else blog.whole:
        yield record(blog, blog.post(index), article=articles, rest=rest)


def record(blog: Blog, post: Post, *, article: bool, rest: bool) -> dict[str, Any]:
    """Give a post's record of what its listings say, with *article* its page too, and with *rest* REST."""
    article = article and not post.external
    bodies = blog.bodies(post) if article and not post.protected else []
    dated = not post.external or rest or blog.dated(post.index)
    modified = post.changed if rest else post.modified if article else None
    return {
        "id": post.id,
        "url": post.path.partition("?")[0] if post.external else blog.base + post.path,
        "title": f"Protected: {post.title}" if post.protected else post.title,
        "published_date": f"{post.day:%Y-%m-%d}" if dated else None,
        "published_at": f"{post.published:%Y-%m-%dT%H:%M:%SZ}" if article or rest else None,
        "modified_at": f"{modified:%Y-%m-%dT%H:%M:%SZ}" if modified else None,
        "authors": list(post.authors if article else post.authors[:1] if rest else ()),
        "categories": list(post.categories),
        "tags": list(post.tags),
        "kind": "video" if "video" in post.kinds else "article",
        "external": post.external,
        "protected": post.protected,
        "excerpt": blog.excerpt(post) if article or rest else None,
        "image_url": blog.base + post.image,
        "language": "en-US" if article else None,
        "content_html": "\n".join("\n".join(b.html for b in part) for part in bodies) or None,
        "content_markdown": "\n\n".join(b.markdown for part in bodies for b in part if b.markdown) or None,
    }


def rest_record(blog: Blog, post: Post) -> dict[str, Any]:
    """Give a post's record of REST alone."""
    found = record(blog, post, article=True, rest=True)
    alone = {"title": post.title, "authors": list(post.authors[:1]), "language": None}
    return found | alone | ({"excerpt": None} if post.protected else {})
