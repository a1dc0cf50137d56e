"""Article pages for unit tests, written by hand."""

from __future__ import annotations

from parsel import Selector

from engcrawl.pages import article
from engcrawl.pages.article import ArticlePage

URL = "https://blog.example.com/a-walk/"
SITE = "https://blog.example.com"
BODY = "<div class='entry-content'><p>We walked up the hill, and down again.</p></div>"


def read(
    inside: str = BODY,
    *,
    head: str = "",
    classes: str = "single single-post",
    url: str = URL,
    post_id: int | None = None,
    pages: bool = False,
) -> ArticlePage:
    text = f"<html><head>{head}</head><body class='{classes}'><main>{inside}</main></body></html>"
    return article.read(Selector(text), text, url, post_id, pages=pages)


def own(inside: str = BODY, name: str = 'id="post-7" class="post-7 post type-post hentry"') -> str:
    return f"<article {name}><h1 class='entry-title'>A walk</h1>{inside}</article>"
