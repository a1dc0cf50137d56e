"""Posts of further types: a podcast with a taxonomy of its own (``show``), and pages; the blog has none by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from aiohttp import web

from tests.blog import rest
from tests.blog.blog import BEGIN, Blog
from tests.blog.facts import Post

SHOWS = ("machine-room", "night-shift")
ROUTES = {"podcast": "podcast", "page": "pages"}
"""The types, and what REST calls their lists."""
_INTERNAL = ("attachment", "nav_menu_item", "wp_block", "wp_template")


def publish(blog: Blog, type_: str, count: int) -> list[Post]:
    """Publish more posts of a further type, each a day later than the one before."""
    there = blog.further.setdefault(type_, [])
    new = [_made(type_, len(there) + number) for number in range(count)]
    there += new
    return new


def find(blog: Blog, path: str) -> Post | None:
    """Find the post of a further type at a path; None where there is none."""
    return next((post for posts in blog.further.values() for post in posts if post.path == path), None)


def _made(type_: str, number: int) -> Post:
    index = 1_000_000 + 100_000 * list(ROUTES).index(type_) + number
    rng = Random(index)
    published = BEGIN + timedelta(days=number, hours=number % 24)
    folder = "/podcast" if type_ == "podcast" else ""
    return Post(
        index=index,
        id=index,
        title=f"{type_.title()} number {number + 1}",
        slug=f"{type_}-{number + 1}",
        published=published,
        modified=published + timedelta(days=2),
        categories=(),
        tags=(),
        authors=(f"Ada {rng.choice(('Abara', 'Brandt'))}",),
        path=f"{folder}/{type_}-{number + 1}/",
        external=False,
        protected=False,
        kinds=("article",),
        image=f"/wp-content/uploads/2021/01/{type_}-{number + 1}.png",
        parts=1,
        type=type_,
        terms=(SHOWS[number % 2],) if type_ == "podcast" else (),
    )


# REST


def types(blog: Blog) -> web.Response:
    """Answer which types there are: those that every WordPress has, and the podcast where one was published."""
    found = {"post": _type("posts", "category", "post_tag"), "page": _type("pages")}
    found |= {name: _type(name) for name in _INTERNAL}
    found |= {"podcast": _type("podcast", "show")} if "podcast" in blog.further else {}
    return web.json_response(found)


def _type(base: str, *taxonomies: str) -> dict[str, object]:
    return {"rest_base": base, "rest_namespace": "wp/v2", "taxonomies": taxonomies}


def listed(blog: Blog, route: str, query: rest.Query) -> web.Response | None:
    """Answer a page of the list of a type; None where there is no such type."""
    name = next(type_ for type_, of_type in ROUTES.items() if of_type == route)
    if name != "page" and name not in blog.further:
        return None
    found = sorted(blog.further.get(name, ()), key=lambda post: post.id, reverse=query.get("order") != "asc")
    if "modified_after" in query:
        after = datetime.fromisoformat(query["modified_after"])
        found = [post for post in found if post.changed > after]
    if "include" in query:
        found = [post for post in found if str(post.id) in query["include"].split(",")]
    if "slug" in query:
        found = [post for post in found if post.slug in query["slug"].split(",")]
    if "search" in query:
        found = []
    size, start = int(query.get("per_page", "10")), int(query.get("offset", "0"))
    headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
    items = [rest.item(blog, post, query) for post in found[start : start + size]]
    return web.json_response(items, headers=headers)
