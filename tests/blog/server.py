"""The blog's HTTP server."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

import jinja2
from aiohttp import web
from yarl import URL

from tests.blog import charsets, elsewhere, faults, feeds, further, rest, sitemaps, themes
from tests.blog.blog import CATEGORIES, PER_PAGE, Blog, Category, Post
from tests.blog.faults import Fault
from tests.blog.languages import ENGLISH
from tests.blog.permalinks import OWN, Permalinks

HERE = Path(__file__).parent
FAULT = web.RequestKey("fault", str)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """The blog on 127.0.0.1, in a thread of its own: ``with Server(blog) as server: server.url``."""

    def __init__(
        self,
        blog: Blog,
        faults: list[Fault] | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.blog = blog
        self.faults = faults or []
        self.port = port
        self.host = host
        """What the blog calls itself; it listens on 127.0.0.1 in any case."""
        self.tls = tls
        self.instead: dict[str, Handler] = {}
        """What answers for a path instead of the blog."""
        self.sitemap: sitemaps.Kind = "yoast"
        """Which sitemaps there are, from the next request on."""
        self.charset: charsets.Charset = "utf-8"
        """How pages, feeds and REST are encoded and labelled, from the next request on."""
        self.rest_at: str | None = None
        """Where the pages say that REST is, if not where it is; "" for nowhere."""
        self.in_header = False
        """Whether a header says where REST is, and not the pages' ``link``."""
        self.renamed: dict[str, str] = {}
        """The blog's own paths that are at other ones: ``{"/wp-json/": "/api/"}``."""
        self.sitemap_linked = False
        """Whether a ``link`` of the pages says where the sitemap is, and not robots.txt."""
        self.relative = False
        """Whether pages have ``<base href>``, and addresses relative to that."""
        self.tracked = False
        """Whether links to posts have tracking parameters, with plain permalinks."""
        self.requests: list[tuple[float, str]] = []
        """Each request: when it came (seconds of the event loop's clock), and its path."""
        self.answers: list[tuple[str, int]] = []
        """Each answer: the path that was asked for, and the status; noted before it is sent."""
        self._templates = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """The blog's address."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}{self.blog.permalinks.folder}"

    @property
    def permalinks(self) -> Permalinks:
        """The form of the blog's addresses, from the next request on, and of its ground truth."""
        return self.blog.permalinks

    @permalinks.setter
    def permalinks(self, permalinks: Permalinks) -> None:
        self.blog.permalinks = permalinks
        self.show(self.blog)

    @property
    def theme(self) -> themes.Theme:
        """The blog's theme: of its pages from the next request on, and of its ground truth."""
        return self.blog.theme

    @theme.setter
    def theme(self, theme: themes.Theme) -> None:
        self.blog.theme = theme

    def __enter__(self) -> Server:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(middlewares=[self._faulty])
        app.router.add_route("*", "/{path:.*}", self._answer)
        app.on_response_prepare.append(self._note)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.show(self.blog)

    def show(self, blog: Blog) -> None:
        """Serve *blog* from now on."""
        self.blog = blog
        blog.base = self.url
        self._templates.globals.update(
            base=self.url,
            menu=[c for c in CATEGORIES.values() if c.in_menu],
            link=lambda post: post.path if post.external else self.url + post.path,
            classes=lambda post: " ".join(post.filed),
            categories=lambda post: [CATEGORIES[slug] for slug in post.categories],
            label=themes.label,
            shown_title=lambda post: f"Protected: {post.title}" if post.protected else post.title,
            excerpt=blog.excerpt,
            guid=blog.guid,
            comments=themes.comments,
            upper_day=lambda post: f"{post.day:%b} {post.day.day}, {post.day.year}".upper(),
            long_day=lambda day: f"{day:%B} {day.day}, {day.year}",
            page_numbers=themes.page_numbers,
            page_url=lambda path, number: f"{self.url}{path}{f'page/{number}/' if number > 1 else ''}",
            removed=blog.removed,
            related=[blog.post(i) for i in range(min(blog.size, 100)) if blog.hidden(i)][:3],
        )

    # Faults

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append((self._loop.time(), request.path_qs))
        inside = request.path_qs
        if request.path not in self.instead:
            asked = elsewhere.asked(request.path_qs, self.renamed)
            inside = (asked and self.blog.permalinks.inside(self.blog, asked)) or "/404/"
        path, page = inside.partition("?")[0], request.headers.get("Referer", "")
        fault = next((f for f in self.faults if f.hits(path, page)), None)
        request[FAULT] = fault.kind if fault else ""
        if inside != request.path_qs:
            request = request.clone(rel_url=URL(inside))
        if fault is None:
            return await handler(request)
        match fault.kind:
            case "status":
                return web.Response(status=fault.status, headers=fault.headers, text="busy")
            case "retry_after_date":
                then = format_datetime(datetime.now(UTC) + timedelta(seconds=fault.seconds), usegmt=True)
                return web.Response(status=fault.status, headers={"Retry-After": then}, text="busy")
            case "reset":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case "challenge" | "login":
                return web.Response(
                    text=faults.CHALLENGE if fault.kind == "challenge" else faults.LOGIN, content_type="text/html"
                )
            case "empty":
                return web.Response(text="", content_type="text/html")
            case "forbid":
                return web.Response(text="User-agent: *\nDisallow: /\n")
            case "offsite":
                raise web.HTTPFound(f"http://localhost:{self.port}{request.path}")
            case "publish":
                self.blog.publish(("compilers",))
            case "remove":
                self.blog.remove(fault.post)
        answer = await handler(request)
        if fault.kind in ("truncated", "cut", "slow") and answer.status != 304:
            return await faults.in_pieces(request, answer, fault)
        return answer

    async def _note(self, request: web.Request, answer: web.StreamResponse) -> None:
        if request[FAULT] != "reset":
            self.answers.append((request.path_qs, answer.status))

    # Pages

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        answer = await self._inside(request)
        return self._outside(answer) if isinstance(answer, web.Response) else answer

    def _outside(self, answer: web.Response) -> web.Response:
        """Write the blog's addresses as its permalinks have them, and say where REST is."""
        links, page = self.blog.permalinks, answer.content_type == "text/html"
        if page and isinstance(answer.body, bytes) and self.blog.language != ENGLISH:
            charset = answer.charset or "utf-8"
            answer.body = self.blog.language.written(answer.body.decode(charset)).encode(charset)
        otherwise = self.rest_at is not None or self.in_header or self.renamed or self.relative or self.tracked
        if isinstance(answer.body, bytes) and (links != OWN or otherwise):
            charset = answer.charset or "utf-8"
            answer.body = self._otherwise(answer.body.decode(charset), answer.content_type).encode(charset)
        if page and self.in_header:
            root = elsewhere.renamed(self.url + links.rest, self.url, self.renamed)
            answer.headers["Link"] = f'<{root}>; rel="https://api.w.org/"'
        return answer

    def _otherwise(self, text: str, content_type: str) -> str:
        page, amp = content_type == "text/html", "&" if content_type == "application/json" else "&#038;"
        if page and self.sitemap_linked:
            link = f'<link rel="sitemap" href="{self.url}{sitemaps.index(self.sitemap)}" /></head>'
            text = text.replace("</head>", link, 1)
        text = self.blog.permalinks.written(self.blog, text, amp=amp)
        if page and (self.rest_at is not None or self.in_header):
            stated = f'<link rel="https://api.w.org/" href="{self.rest_at}" />' if self.rest_at else ""
            text = re.sub(r'<link rel="https://api.w.org/" [^>]*>', stated, text)
        text = elsewhere.renamed(text, self.url, self.renamed)
        if self.tracked and content_type != "application/json":
            text = elsewhere.tracked(text, amp)
        return elsewhere.relative(text, self.url) if page and self.relative else text

    async def _inside(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path in self.instead:
            return await self.instead[path](request)
        routes: list[tuple[str, Callable[..., web.Response]]] = [
            (r"/(?:page/(\d+)/)?", self._front),
            (r"/(?:category/(?:[^/]+/)*?([^/]+)/)?feed/(atom/)?", self._feed),
            (r"/category/((?:[^/]+/)*?[^/]+)/(?:page/(\d+)/)?", self._category),
            (r"/\d{4}/\d\d/\d\d/[^/]+/[^/]+-(\d+)/(?:(\d+)/)?", self._article),
            (r"/wp-json/wp/v2/posts", self._rest_posts),
            (r"/wp-json/wp/v2/posts/(\d+)", self._rest_post),
            (r"/wp-json/wp/v2/categories", self._rest_categories),
            (r"/wp-json/wp/v2/categories/(\d+)", self._rest_category),
            (r"/wp-json/wp/v2/types", self._rest_types),
            (r"/wp-json/wp/v2/(pages|podcast)", self._rest_further),
            (r"/[^/]*sitemap[^/]*", self._sitemap),
            (r"/show/[^/]+/", self._show),
            (r"/robots\.txt", self._robots),
            (r"/about/", self._about),
        ]
        for pattern, page in routes:
            if match := re.fullmatch(pattern, path):
                return page(request, *match.groups())
        if post := further.find(self.blog, path):
            return self._own_page(request, post, 1)
        if self.theme == "classic" and path == "/static/loadmore.js":
            return self._script(request)
        if self.theme == "classic" and path == "/wp-json/blog/v1/loadmore" and request.method == "POST":
            return await self._loadmore(request)
        return self._missing()

    def _page(self, template: str, status: int = 200, **values: Any) -> web.Response:
        label = charsets.label(self.charset)
        text = self._templates.get_template(f"{self.theme}/{template}").render(charset=label, **values)
        return charsets.coded(web.Response(text=text, status=status, content_type="text/html"), self.charset)

    def _missing(self) -> web.Response:
        return self._page("missing.html", 404, missing=True)

    def _front(self, request: web.Request, number: str | None) -> web.Response:
        return self._listing(request, None, "/", int(number or 1))

    def _category(self, request: web.Request, path: str, number: str | None) -> web.Response:
        category = CATEGORIES.get(path.rpartition("/")[2])
        if category is None:
            return self._missing()
        if request.path.partition("page/")[0] != category.path:
            raise web.HTTPMovedPermanently(category.path + (f"page/{number}/" if number else ""))
        return self._listing(request, category, category.path, int(number or 1))

    def _listing(self, request: web.Request, category: Category | None, path: str, number: int) -> web.Response:
        slug = category.slug if category else None
        pages = self.blog.pages(slug)
        if number > max(pages, 1):
            return self._missing()
        fault = request[FAULT]
        following = {
            "loop": f"{path}page/1/" if number == 1 else path,
            "same": f"{path}page/{number}/",
            "stray": "/category/web/page/2/",
            "skip": f"{path}page/{number + 2}/",
            "no_next": None,
        }.get(fault, f"{self.url}{path}page/{number + 1}/" if number < pages else None)
        query = {
            "category_name": slug or "",
            "post__not_in": self.blog.not_in[:100],
            "posts_per_page": PER_PAGE,
            "order": "DESC",
        }
        params = json.dumps(
            {
                "restfulURL": f"{self.url}/wp-json/blog/v1/loadmore",
                "posts": json.dumps(query),
                "current_page": str(number),
                "max_page": str(pages),
                "post_type": "post",
            }
        )
        return self._page(
            "listing.html",
            category=category,
            path=path,
            number=number,
            pages=pages,
            next=following,
            posts=[] if fault == "no_posts" else self.blog.page(slug, number),
            broken=fault == "no_posts",
            consent=fault == "consent",
            trackers=fault == "trackers",
            params=params.replace("/", "\\/") if number % 2 else params,
        )

    async def _loadmore(self, request: web.Request) -> web.Response:
        form = await request.post()
        query = json.loads(str(form["query"]))
        number = 1 if request[FAULT] == "repeat" else int(str(form["page"])) + 1
        posts = self.blog.page(query["category_name"] or None, number)
        text = self._templates.get_template("classic/tiles.html").render(posts=posts)
        return web.Response(text=text, content_type="text/html")  # a script reads it, as UTF-8 in any case

    def _article(self, request: web.Request, post_id: str, part: str | None) -> web.Response:
        index = self.blog.index_of(int(post_id))
        post = None if index is None else self.blog.post(index)
        number = int(part or 1)
        if post is None or number > post.parts or not request.path.startswith(unquote(post.path)):
            return self._missing()
        if request[FAULT] == "theme":
            post = replace(post, authors=(), title=f"{post.title} – The Blog")
        return self._own_page(request, post, number)

    def _own_page(self, request: web.Request, post: Post, number: int) -> web.Response:
        indexes = [(post.index + k) % self.blog.size for k in range(1, 7)]
        page = self._page(
            "article.html",
            post=post,
            part=number,
            body="\n".join(block.source for block in self.blog.bodies(post)[number - 1]),
            graph=themes.escaped(themes.graph(post, self.url)),
            more=[self.blog.post(index) for index in indexes if index not in self.blog.removed],
            beside=self.blog.beside(post) if post.type == "post" else [],
        )
        return page if request[FAULT] == "no_validators" else _validated(request, page, post.changed)

    # The other lists of posts

    def _feed(self, request: web.Request, slug: str | None, atom: str | None) -> web.Response:
        if slug is not None and slug not in CATEGORIES:
            return self._missing()
        number = int(request.query.get("paged", "1"))
        feed = feeds.answer(self.blog, slug, number, bool(atom), request[FAULT])
        return charsets.coded(feed, self.charset) if feed else self._missing()

    def _rest_posts(self, request: web.Request) -> web.Response:
        return charsets.coded(rest.posts(self.blog, request.query, request[FAULT]), self.charset)

    def _rest_post(self, request: web.Request, post_id: str) -> web.Response:
        return charsets.coded(rest.post(self.blog, request.query, int(post_id)), self.charset)

    def _rest_categories(self, request: web.Request) -> web.Response:
        return charsets.coded(rest.categories(self.blog, request.query), self.charset)

    def _rest_types(self, request: web.Request) -> web.Response:
        return further.types(self.blog)

    def _rest_further(self, request: web.Request, route: str) -> web.Response:
        return further.listed(self.blog, route, request.query) or self._missing()

    def _show(self, request: web.Request) -> web.Response:
        text = "<html><body class='archive tax-show'><h1>A show</h1></body></html>"
        return web.Response(text=text, content_type="text/html")

    def _rest_category(self, request: web.Request, number: str) -> web.Response:
        return charsets.coded(rest.category(self.blog, request.query, int(number)), self.charset)

    def _sitemap(self, request: web.Request) -> web.Response:
        return sitemaps.answer(self.blog, self.sitemap, request.path, request[FAULT]) or self._missing()

    def _robots(self, request: web.Request) -> web.Response:
        index = sitemaps.index(self.sitemap)
        named = f"\nSitemap: {self.url}{index}\n" if index and not self.sitemap_linked else ""
        return web.Response(text=f"User-agent: *\nDisallow: /wp-admin/\n{named}")

    def _about(self, request: web.Request) -> web.Response:
        return self._page("base.html")

    def _script(self, request: web.Request) -> web.Response:
        text = faults.SCRIPTS.get(request[FAULT]) or (HERE / "templates" / "classic" / "loadmore.js").read_text()
        if request[FAULT] == "dialog":
            text += faults.DIALOG
        return web.Response(text=text, content_type="text/javascript")


def _validated(request: web.Request, page: web.Response, modified: datetime) -> web.Response:
    """*page* with its validators, or 304 where the request's show that it is known (RFC 9110, 13.2.2)."""
    assert isinstance(page.body, bytes)
    etag = hashlib.sha256(page.body).hexdigest()[:16]
    tags, since = request.if_none_match, request.if_modified_since
    same = any(tag.value in (etag, "*") for tag in tags or ())
    known = same or (tags is None and since is not None and since >= modified)
    answer = web.Response(status=304) if known else page
    answer.etag, answer.last_modified = etag, modified
    return answer
