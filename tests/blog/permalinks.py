"""The permalink structures that WordPress offers: the blog's addresses in another form, on the way in and out.

Inside, the blog is at its own addresses (``/2020/03/04/web/a-post-400/``, ``/category/web/page/2/``); here they are
written as another structure, or a blog in a folder, has them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

if TYPE_CHECKING:
    from tests.blog.blog import Blog
    from tests.blog.facts import Post

from tests.blog.facts import CATEGORIES

FOREIGN = {"culture": "文化", "hardware": "機械"}
"""Slugs that some categories may have instead of theirs; the menu has the second alone."""
_NUMBERS = {category.number: category for category in CATEGORIES.values()}
_SITEMAPS = {"/wp-sitemap.xml": "index", "/wp-sitemap-posts-post-1.xml": "posts&sitemap-subtype=post&paged=1"}
_SITEMAPS |= {
    "/wp-sitemap-posts-page-1.xml": "posts&sitemap-subtype=page&paged=1",
    "/wp-sitemap-taxonomies-category-1.xml": "taxonomies&sitemap-subtype=category&paged=1",
}
_POST = r"/\d{4}/\d\d/\d\d/[^/\s]+/[^/\s]+-(\d+)/(?:(\d+)/)?"
_ARCHIVE = r"/category/(?:[^/\s]+/)*?([\w-]+)/(?:page/(\d+)/)?(?![\w-])"
_INSIDE = re.compile(
    rf"(?P<post>{_POST})|(?P<archive>{_ARCHIVE})|(?P<front>/(?:page/(\d+)/)?(?=[\"'<\s?]|$))"
    r"|(?P<tag>/tag/([\w-]+)/)|(?P<feed>/feed/(?!atom))|(?P<rest>/wp-json(/[^\s\"'<?]*)(?:\?([^\s\"'<]*))?)"
    r"|(?P<sitemap>/wp-sitemap[\w-]*\.xml)"
)


@dataclass(frozen=True)
class Permalinks:
    """A structure: how a post's own address is written, and what stands before all others."""

    post: str = ""
    """With ``{id}``, ``{slug}``, ``{year}`` …; "" for the blog's own form."""
    base: str = "category"
    """The category base."""
    index: bool = False
    """Whether the server rewrites no address: ``/index.php/`` stands before each."""
    folder: str = ""
    """The blog's folder: ``/blog``."""
    foreign: bool = False
    """Whether some categories have slugs that aren't ASCII (`FOREIGN`): classes then have their numbers."""
    static: bool = False
    """Whether the front page is a static one, and the posts are on the page ``/news/``."""

    @property
    def plain(self) -> bool:
        """Return whether addresses are a query: ``?p=400``."""
        return self.post.startswith("/?")

    @property
    def rest(self) -> str:
        """Return the path and query of REST's root."""
        return "/?rest_route=/" if self.plain else f"{'/index.php' if self.index else ''}/wp-json/"

    def path(self, post: Post) -> str:
        """Return a post's own path and query, in the blog's folder."""
        before = "/index.php" if self.index else ""
        form = self.post.format(id=post.id, slug=post.slug, year=f"{post.day:%Y}", month=f"{post.day:%m}")
        return before + form if form else before + post.path

    # On the way out

    def written(self, blog: Blog, text: str, *, amp: str) -> str:
        """Return a page or a list with the blog's addresses in this form; *amp* is how it writes ``&``."""
        if self == OWN:
            return text
        text = text.replace("\\/", "/")
        if self.folder:
            text = re.sub(r'((?:href|src|srcset)="|\d+w, ?)/(?!/)', rf"\1{self.folder}/", text)
        if self.static:
            text = text.replace("home blog", "home page")
        if self.foreign:
            for slug, foreign in FOREIGN.items():
                text = text.replace(f"category-{slug}", f"category-{CATEGORIES[slug].number}")
                text = text.replace(f'"slug": "{slug}"', f'"slug": "{quote(foreign).lower()}"')
        text = re.sub(
            rf"{re.escape(blog.base)}(?:{_INSIDE.pattern})",
            lambda match: blog.base + self._outside(blog, match, amp),
            text,
        )
        return re.sub(r"(\?p=\d+)\?", rf"\1{amp}", text)

    def _outside(self, blog: Blog, match: re.Match[str], amp: str) -> str:
        given = match.groups()
        before = "/index.php" if self.index else ""
        if match["post"]:
            number, part = given[1], given[2]
            index = blog.index_of(int(number))
            if index is None:
                return match["post"]
            path = self.path(blog.post(index))
            slash = "/" if path.endswith("/") else ""
            further = f"{amp}page={part}" if self.plain else f"{path.rstrip('/')}/{part}{slash}"
            return (path + further if self.plain else further) if part else path
        if match["archive"]:
            slug, page = given[4], given[5]
            if self.plain:
                return f"/?cat={CATEGORIES[slug].number}" + (f"{amp}paged={page}" if page else "")
            return before + match["archive"].replace("/category/", f"/{self.base}/", 1)
        if match["front"]:
            page = given[7]
            if self.plain:
                return f"/?paged={page}" if page else "/"
            return (before if page else "") + ("/news" if self.static and page else "") + match["front"]
        if match["tag"]:
            return f"/?tag={given[9]}" if self.plain else before + match["tag"]
        if match["feed"]:
            return "/?feed=rss2" if self.plain else before + match["feed"]
        if match["rest"]:
            query = given[13]
            if self.plain:
                return f"/?rest_route={given[12]}" + (f"{amp}{query}" if query else "")
            return before + match["rest"]
        if self.plain and match["sitemap"] in _SITEMAPS:
            return "/?sitemap=" + _SITEMAPS[match["sitemap"]].replace("&", amp)
        return match["sitemap"]

    # On the way in

    def inside(self, blog: Blog, asked: str) -> str | None:
        """Return the blog's own address for the one that was *asked* for, path and query; None where there is none."""
        if self == OWN or urlsplit(asked).path == "/robots.txt":
            return asked
        if not asked.startswith(f"{self.folder}/"):
            return None
        asked = asked.removeprefix(self.folder)
        if self.plain or asked.startswith("/?rest_route="):  # which WordPress understands in any case
            return self._of_query(blog, asked)
        if self.index:
            plain_path = asked.startswith(("/wp-content/", "/static/")) or asked in ("/", "/robots.txt")
            if not plain_path and not asked.startswith("/index.php/"):
                return None
            asked = asked.removeprefix("/index.php")
        parts = urlsplit(asked)
        if self.post and (path := self._of_post(blog, parts.path)):
            return path
        if re.fullmatch(_POST, parts.path) and self.post:
            return None
        if self.base != "category":
            if parts.path.startswith("/category/"):
                return None
            asked = re.sub(rf"^/{self.base}/", "/category/", asked)
        if self.static:
            asked = "/about/" if parts.path == "/" else re.sub(r"^/news/", "/", asked)
        return asked

    def _of_post(self, blog: Blog, path: str) -> str | None:
        form = re.escape(self.post)
        for name, pattern in (("id", r"(\d+)"), ("slug", r"[^/]+-(\d+)"), ("year", r"\d{4}"), ("month", r"\d\d")):
            form = form.replace(re.escape(f"{{{name}}}"), pattern)
        match = re.fullmatch(rf"{form.rstrip('/')}(?:/(\d+))?/?", path)
        index = blog.index_of(int(match[1])) if match else None
        if match is None or index is None:
            return None
        return blog.post(index).path + (f"{match[2]}/" if match[2] else "")

    def _of_query(self, blog: Blog, asked: str) -> str | None:
        parts = urlsplit(asked)
        query = dict(parse_qsl(parts.query))
        if parts.path != "/":
            return asked if parts.path.startswith(("/wp-content/", "/static/")) else None
        page = f"page/{query['paged']}/" if "paged" in query else ""
        if "p" in query:
            index = blog.index_of(int(query["p"]))
            return None if index is None else blog.post(index).path + (f"{query['page']}/" if "page" in query else "")
        if category := _NUMBERS.get(int(query.get("cat", "0"))) or CATEGORIES.get(query.get("category_name", "")):
            return category.path + page
        if "rest_route" in query:
            route = query.pop("rest_route")
            return f"/wp-json{route}" + (f"?{urlencode(query)}" if query else "")
        if "feed" in query:
            return "/feed/" + (f"?paged={query['paged']}" if "paged" in query else "")
        if "sitemap" in query:
            of = {value: path for path, value in _SITEMAPS.items()}
            return of.get("&".join(f"{k}={v}" for k, v in query.items()).removeprefix("sitemap="))
        return f"/{page}" if not query.keys() - {"paged"} else None


OWN = Permalinks()
