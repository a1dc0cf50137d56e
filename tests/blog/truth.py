"""The ground truth: the records that a right archive of the blog holds, by theme.

What listings (L), a post's own page (P) and REST (R) tell; what is in brackets is told, but what is before it wins::

                     classic          blocks           no_ids
    id               L P R            L P R            P R
    url              L P R            L P R            P R          L too, but beside it is no ID
    title            L P (R)          L P (R)          P (R)        REST's is without "Protected: "
    published_date   L P R            L P R            P R          the site's own day, as permalinks have it too; a
                                                                    classic listing tells none of its first post
    published_at     P R              L P R            P R
    modified_at      P (if it was) R  R                R            REST gives the publication if it was not
    authors          P (R)            P R              P (R)        REST and blocks name the first alone
    categories, tags L P R            L P R            P R
    kind             L P R            L R              R            "article" where nobody tells
    external         L R              L R              R
    protected        L P R            L P R            P R
    excerpt          P R              L R              R            a protected post's: on the classic page alone
    image_url        L P R            L P R            P R
    language         P                P                P
    content_…        P (R)            P (R)            P (R)

Posts of another host have no page of their own, and REST has no body of theirs; with ``no_ids`` and without REST they
have no record. Posts that listings hide are in REST, and lack what listings alone tell in an archive without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.blog.themes import TELLS, Tells

if TYPE_CHECKING:
    from tests.blog.blog import Blog
    from tests.blog.facts import Post


def records(blog: Blog, *, articles: bool, rest: bool) -> Iterator[dict[str, Any]]:
    """Give the records of an archive of the listings; with *rest*, of the listings and REST."""
    tells = TELLS[blog.theme]
    everything = (i for i in range(blog.size - 1, -1, -1) if i not in blog.removed)
    for index in everything if rest else blog.whole:
        post = blog.post(index)
        if rest or tells.listed_ids or (articles and not post.external):
            yield record(blog, post, article=articles, rest=rest)


def record(blog: Blog, post: Post, *, article: bool, rest: bool) -> dict[str, Any]:
    """Give a post's record of what its listings say, with *article* its page too, and with *rest* REST."""
    tells = TELLS[blog.theme]
    listed = post.type == "post" and (
        post.external or not blog.hidden(post.index)
    )  # of a hidden one on another host: what listings would say
    page = article and not post.external
    modified = post.changed if rest else post.modified if page and tells.modified else None
    authors = post.authors if page and tells.all_authors else post.authors[:1] if page or rest else ()
    return _record(
        blog,
        post,
        source="page" if page else None,
        title=blog.language.words.get("Protected: ", "Protected: ") + post.title if post.protected else post.title,
        published_date=_day(post) if page or rest or _dated(blog, post, tells) else None,
        published_at=_instant(post.published) if page or rest or (tells.listed_instants and listed) else None,
        modified_at=_instant(modified) if modified else None,
        authors=list(authors),
        kind=_kind(post) if rest or (page and tells.kinds) or (tells.listed_kinds and listed) else "article",
        excerpt=blog.excerpt(post) if _excerpted(post, tells, page=page, rest=rest, listed=listed) else None,
        language=blog.language.tag if page else None,
    )


def rest_record(blog: Blog, post: Post) -> dict[str, Any]:
    """Give a post's record of REST alone, which is the same in every theme."""
    return _record(
        blog,
        post,
        source=None if post.external else "rest",
        title=post.title,
        published_date=_day(post),
        published_at=_instant(post.published),
        modified_at=_instant(post.changed),
        authors=list(post.authors[:1]),
        kind=_kind(post),
        excerpt=None if post.protected else blog.excerpt(post),
        language=None,
    )


def _record(blog: Blog, post: Post, *, source: str | None, **facts: Any) -> dict[str, Any]:
    """Give the whole record, its keys in order: *facts*, what is the same for all, and the body that *source* has."""
    bodies = blog.bodies(post) if source and not post.protected else []
    html = "\n".join("\n".join(block.html for block in part) for part in bodies) or None
    return {
        "id": post.id,
        "type": post.type,
        "url": re.sub(r"[?&]ref=blog$", "", blog.link(post)),
        "title": facts["title"],
        "published_date": facts["published_date"],
        "published_at": facts["published_at"],
        "modified_at": facts["modified_at"],
        "authors": facts["authors"],
        "categories": sorted((*post.categories, *post.terms)),
        "tags": list(post.tags),
        "kind": facts["kind"],
        "external": post.external,
        "protected": post.protected,
        "excerpt": facts["excerpt"],
        "image_url": blog.base + post.image,
        "language": facts["language"],
        "content_html": html,
        "content_markdown": "\n\n".join(b.markdown for part in bodies for b in part if b.markdown) or None,
        "content_source": source if html else None,
    }


def _dated(blog: Blog, post: Post, tells: Tells) -> bool:
    """Say whether the permalink has the post's day, or a listing does."""
    return not post.external or tells.listed_instants or blog.dated(post.index)


def _excerpted(post: Post, tells: Tells, *, page: bool, rest: bool, listed: bool) -> bool:
    """Say whether the excerpt is told."""
    return (page and tells.excerpts) or (not post.protected and (rest or (tells.listed_excerpts and listed)))


def _kind(post: Post) -> str:
    return "video" if "video" in post.kinds else "article"


def _day(post: Post) -> str:
    return f"{post.day:%Y-%m-%d}"


def _instant(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
