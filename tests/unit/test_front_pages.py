"""Read front pages: what a blog says of itself."""

from __future__ import annotations

from parsel import Selector

from engcrawl.pages import front
from engcrawl.pages.front import FrontPage

PAGE = """<html><head>
<meta name="generator" content="Site Kit by Google 1.170" /><meta name="generator" content="WordPress 6.8.3" />
<link rel="stylesheet" href="/wp-content/plugins/shop/style.css" />
<link rel='stylesheet' href='https://cdn.example.net/wp-content/themes/my-child/style.css?ver=2' />
<link rel="stylesheet" href="/wp-content/themes/parent/style.css" />
</head><body><a href="/category/web/">Web</a></body></html>"""


def read(text: str) -> FrontPage:
    return front.read(Selector(text), text, "https://example.com/")


def test_a_front_page_says_its_version_of_wordpress_and_its_theme() -> None:
    page = read(PAGE)
    assert (page.wordpress, page.theme) == ("6.8.3", "my-child")


def test_a_front_page_may_say_neither() -> None:
    page = read('<html><head></head><body><img src="/wp-content/uploads/a.png"></body></html>')
    assert (page.wordpress, page.theme) == (None, None)
