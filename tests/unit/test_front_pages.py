"""Read front pages: what a blog says of itself."""

from __future__ import annotations

import pytest
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


@pytest.mark.parametrize(
    "links",
    [
        ['<https://example.com/wp-json/>; rel="https://api.w.org/"'],
        [
            '<https://example.com/wp-json/wp/v2/pages/7>; rel="alternate"; title="JSON"; type="application/json",'
            ' <https://example.com/?p=7>; rel=shortlink, <https://example.com/wp-json/>; rel="https://api.w.org/"',
        ],
        [
            "<https://cdn.example.net/a.css>; rel=preload; as=style",
            "<https://example.com/wp-json/>;rel=https://api.w.org/",
        ],
    ],
    ids=["alone", "several in one header", "several headers, no quotes"],
)
def test_headers_say_where_rest_is(links: list[str]) -> None:
    assert front.read(Selector(PAGE), PAGE, "https://example.com/", links).rest == "https://example.com/wp-json/"
