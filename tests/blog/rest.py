"""The blog's REST API, as far as it lists posts and categories: what WordPress answers at ``/wp-json/wp/v2/``."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote
from zlib import crc32

from aiohttp import web

from tests.blog.blog import CATEGORIES, ZONE, Blog, Category, Post

NEXT_PAGE = "\n<!--nextpage-->\n"
OVERCLAIMED = 7
_PARAMETERS = {
    "per_page": r"[1-9]\d?|100",
    "page": r"[1-9]\d*",
    "offset": r"\d+",
    "orderby": "date|id|modified",
    "order": "asc|desc",
    "modified_after": r"(?i)\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:\d\d)?)?",
}
_SIGNS = {"&": "&#038;", "<": "&lt;", ">": "&gt;", "’": "&#8217;", "“": "&#8220;", "”": "&#8221;", "—": "&#8212;"}

Query = Mapping[str, str]


# Answers


def posts(blog: Blog, query: Query, fault: str) -> web.Response:
    """A page of the list of posts."""
    if wrong := _wrong(query, *_PARAMETERS):
        return _invalid(wrong)
    per_page, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
    start = int(query["offset"]) if "offset" in query else (page - 1) * per_page
    try:
        found = _found(blog, query, fault)
    except ValueError:  # a date that no calendar has
        return _invalid(["modified_after"])
    part = found[start : start + per_page]
    total = len(found) if part or page > 1 else 0  # WordPress counts none where a first page is empty
    if fault == "overclaims":
        total = len(found) + OVERCLAIMED
    pages = -(-total // per_page)
    if total and page > pages:
        return _error("rest_post_invalid_page_number", 400)
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    return web.json_response([item(blog, blog.post(index), query) for index in part], headers=headers)


def post(blog: Blog, query: Query, post_id: int) -> web.Response:
    """One post."""
    index = blog.index_of(post_id)
    if index is None:
        return _error("rest_post_invalid_id", 404)
    return web.json_response(item(blog, blog.post(index), query))


def categories(blog: Blog, query: Query) -> web.Response:
    """A page of the list of categories; past its end, an empty one."""
    if wrong := _wrong(query, "per_page", "page"):
        return _invalid(wrong)
    per_page, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
    ordered = sorted(CATEGORIES.values(), key=lambda c: c.name.lower())
    part = ordered[(page - 1) * per_page : page * per_page]
    headers = {"X-WP-Total": str(len(ordered)), "X-WP-TotalPages": str(-(-len(ordered) // per_page))}
    return web.json_response([_category(blog, c, query) for c in part], headers=headers)


def category(blog: Blog, query: Query, number: int) -> web.Response:
    """One category."""
    found = next((c for c in CATEGORIES.values() if c.number == number), None)
    return _error("rest_term_invalid", 404) if found is None else web.json_response(_category(blog, found, query))


def _wrong(query: Query, *names: str) -> list[str]:
    return [name for name in names if name in query and not re.fullmatch(_PARAMETERS[name], query[name])]


def _error(code: str, status: int, **data: Any) -> web.Response:
    message = code.removeprefix("rest_").replace("_", " ").capitalize() + "."
    return web.json_response({"code": code, "message": message, "data": {"status": status} | data}, status=status)


def _invalid(names: list[str]) -> web.Response:
    return _error("rest_invalid_param", 400, params={name: f"{name} is not valid." for name in names})


# What they hold


def _found(blog: Blog, query: Query, fault: str) -> Sequence[int]:
    """The numbers of the posts that are asked for, all pages of them, in order."""
    order = query.get("orderby", "date")
    there: Sequence[int] = _by_id(blog, blog.size) if order == "id" else range(blog.size)
    if blog.removed or fault == "fewer":
        there = [i for i in there if i not in blog.removed and (fault != "fewer" or i % 2 == 0)]
    if "modified_after" in query:
        after = datetime.fromisoformat(query["modified_after"].upper())
        seconds = (after if after.tzinfo else after.replace(tzinfo=ZONE)).timestamp()
        there = [i for i in there if blog.changed(i) > seconds]
    if "include" in query:
        wanted = {int(number) for number in query["include"].split(",")}
        there = [i for i in there if blog.id_of(i) in wanted]
    if "slug" in query:
        slugs = set(query["slug"].split(","))
        there = [i for i in there if unquote(blog.post(i).path).strip("/").rpartition("/")[2] in slugs]
    if "search" in query:  # in the raw text, of which the blog has this mark alone
        there = [i for i in there if query["search"] in NEXT_PAGE and blog.post(i).parts > 1]
    if order == "modified":
        there = sorted(there, key=lambda i: (blog.changed(i), i))
    return there if query.get("order") == "asc" else there[::-1]


@lru_cache(maxsize=4)
def _by_id(blog: Blog, size: int) -> array[int]:
    return array("L", sorted(range(size), key=blog.id_of))


def item(blog: Blog, post: Post, query: Query) -> dict[str, Any]:
    """A post as REST lists it."""
    api, wanted = f"{blog.base}/wp-json/wp/v2", _fields(query)
    excerpt = f"<p>{_text(blog.excerpt(post)).replace('…', '&hellip;')}</p>\n"
    categories, tags = [CATEGORIES[slug] for slug in post.categories], list(post.tags)
    item = {
        "id": post.id,
        "date": f"{post.day:%Y-%m-%dT%H:%M:%S}",
        "date_gmt": f"{post.published:%Y-%m-%dT%H:%M:%S}",
        "guid": {"rendered": blog.guid(post)},
        "modified": f"{post.changed.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}",
        "modified_gmt": f"{post.changed:%Y-%m-%dT%H:%M:%S}",
        "slug": post.slug,
        "status": "publish",
        "type": post.type,
        "link": blog.link(post),
        "title": {"rendered": _text(post.title)},
        "excerpt": {"rendered": "" if post.protected else excerpt, "protected": post.protected},
        "author": _number(post.authors[0]),
        "featured_media": _number(post.image),
        "format": "standard",
        "categories": [c.number for c in categories],
        "tags": [_number(tag) for tag in tags],
        "class_list": post.classes,
        "_links": {
            "self": [{"href": f"{api}/posts/{post.id}"}],
            "author": [{"embeddable": True, "href": f"{api}/users/{_number(post.authors[0])}"}],
            "wp:featuredmedia": [{"embeddable": True, "href": f"{api}/media/{_number(post.image)}"}],
            "wp:term": [
                {"taxonomy": "category", "embeddable": True, "href": f"{api}/categories?post={post.id}"},
                {"taxonomy": "post_tag", "embeddable": True, "href": f"{api}/tags?post={post.id}"},
            ],
        },
    }
    if not wanted or "content" in wanted:  # it takes the longest to make
        parts = [] if post.protected or post.external else blog.bodies(post)
        body = NEXT_PAGE.join("\n".join(block.source for block in part) for part in parts)
        item["content"] = {"rendered": body, "protected": post.protected}
    if "_embed" in query and (not wanted or {"_links", "_embedded"} <= wanted):
        embedded = {
            "author": [{"id": item["author"], "name": post.authors[0], "slug": _slug(post.authors[0])}],
            "wp:featuredmedia": [{"id": item["featured_media"], "source_url": blog.base + post.image}],
            "wp:term": [
                [_term(c.number, c.slug, c.name, "category", blog.base + c.path) for c in categories],
                [_term(_number(tag), tag, tag, "post_tag", f"{blog.base}/tag/{tag}/") for tag in tags],
                *([_term(_number(show), show, show, "show", f"{blog.base}/show/{show}/")] for show in post.terms),
            ],
        }
        rels = set(embedded) if query["_embed"] in ("", "1", "true") else set(query["_embed"].split(","))
        item["_embedded"] = {rel: what for rel, what in embedded.items() if rel in rels}
    return {name: value for name, value in item.items() if not wanted or name in wanted}


def _category(blog: Blog, category: Category, query: Query) -> dict[str, Any]:
    wanted = _fields(query)
    item = _term(category.number, category.slug, category.name, "category", blog.base + category.path) | {
        "parent": CATEGORIES[category.parent].number if category.parent else 0,
        "count": blog.counts[category.slug],
    }
    return {name: value for name, value in item.items() if not wanted or name in wanted}


def _term(number: int, slug: str, name: str, taxonomy: str, link: str) -> dict[str, Any]:
    return {"id": number, "slug": slug, "name": name, "taxonomy": taxonomy, "link": link}


def _fields(query: Query) -> set[str]:
    """The names that are asked for; none where all are. Of ``_links.author``, this has ``_links``."""
    return {name.strip().partition(".")[0] for name in query.get("_fields", "").split(",")} - {""}


def _text(text: str) -> str:
    """*text* as WordPress renders it."""
    return "".join(_SIGNS.get(sign, sign) for sign in text)


def _number(name: str) -> int:
    """A number for an author, a tag or a picture: always the same, and another for each."""
    return crc32(name.encode())


def _slug(name: str) -> str:
    return quote(name.lower().replace(" ", "-")).lower()
