"""Article pages: the title, dates, authors and body that a page gives."""

from __future__ import annotations

import pytest
from parsel import Selector

from engcrawl.pages import article
from engcrawl.text import dates
from tests.support.articles import BODY, SITE, URL, own, read

# Titles


@pytest.mark.parametrize(
    ("head", "inside", "title"),
    [
        ("<title>A walk – Walks</title>", "<h1>Walks</h1><h2 class='entry-title'>A walk</h2>", "A walk"),
        ("<title>Walks » A walk</title>", "<h1><a rel='home' href='/'>Walks</a></h1><h3>A walk</h3>", "A walk"),
        ("<title>A long walk | Walks</title>", "<h1>Walks</h1><h2>A long walk</h2>", "A long walk"),
        ('<meta property="og:title" content="A walk - W"><meta property="og:site_name" content="W">', "", "A walk"),
        ('<meta property="og:title" content="A walk: up - Walks"><script type="application/ld+json">'
         '{"@type": "WebSite", "name": "Walks"}</script>', "", "A walk: up"),
        ('<title>W » A walk</title><link rel="alternate" type="application/rss+xml" title="W » Feed">', "", "A walk"),
        ("<title>A better title for search engines</title>", "<h1 class='entry-title'>A walk</h1>", "A walk"),
        ("<title>A better title for search engines</title>", "<h1>A walk</h1>", "A walk"),
        ("<title>The “walk” – Walks</title>", '<h1>The "walk"</h1>', 'The "walk"'),
        ("<title>A walk</title>", "<h1 class='site-title'>Walks</h1>", "A walk"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_title_is_the_posts_without_the_sites_name(head: str, inside: str, title: str) -> None:
    assert read(f"<article id='post-7' class='hentry'>{inside}{BODY}</article>", head=head).post.title == title


def test_the_title_is_no_part_of_the_body() -> None:
    inside = "<div class='entry-content'><h1>A walk</h1><p>Text.</p><h2>Other</h2></div>"
    page = read(f"<article id='post-7' class='hentry'>{inside}</article>", head="<title>A walk</title>")
    assert (page.post.title, page.post.content_html) == ("A walk", "<p>Text.</p><h2>Other</h2>")


# Dates


def day(inside: str, head: str = "") -> str | None:
    said = read(f"<article id='post-7' class='hentry'><h1>A walk</h1>{inside}</article>", head=head).post.published_date
    return dates.day(said).isoformat() if said else None


@pytest.mark.parametrize(
    "shown",
    [
        '<time class="updated" datetime="2020-01-01">x</time><time class="published" datetime="2014-03-05">x</time>',
        '<time class="entry-date updated" datetime="2014-03-05T10:00:00+01:00">March 5, 2014</time>',
        '<time datetime="2014-03-06T02:00:00+00:00">March 5, 2014</time>',
        '<time>March 5, 2014</time>',
        '<meta itemprop="datePublished" content="2014-03-05">',
        '<abbr class="published" title="2014-03-05T10:00:00+0100">yesterday</abbr>',
        '<p class="byline">Posted on <span class="entry-date">March 5, 2014</span> by Ada</p>',
        '<div class="posted-on">Posted on March 5, 2014</div>',
        '<div class="wp-block-post-date"><time datetime="2014-03-05T10:00:00+01:00">x</time></div>'
        '<div class="wp-block-post-date wp-block-post-date__modified-date"><time datetime="2020-01-01">x</time></div>',
        '<small>Wednesday, March 5th, 2014 </small>',
        '<p class="postmetadata">This entry was posted on Wednesday, March 5th, 2014 at 5:35 pm.</p>',
        '<div class="entry-meta"><span>5. März 2014</span></div>',
    ],
)  # fmt: skip
def test_a_day_is_read_where_themes_show_it(shown: str) -> None:
    assert day(shown + BODY) == "2014-03-05"


OLD = '<time class="entry-date published" datetime="2003-01-01">January 1, 2003</time>'


@pytest.mark.parametrize(
    "inside",
    [
        BODY + f"<div id='comments'>{OLD}</div>",
        BODY.replace("</p>", f" {OLD}</p>"),
        BODY.replace("</p>", f"</p><blockquote>{OLD}</blockquote>"),
        BODY + f"<div class='related-posts'>{OLD}</div>",
        BODY + f"<article class='card'>{OLD}</article>",
        BODY + f"<article id='post-8' class='hentry'>{OLD}</article>",
        BODY + '<time class="updated" datetime="2003-01-01">x</time>',
        BODY + '<div class="entry-meta"><time class="updated" datetime="2003-01-01">January 1, 2003</time></div>',
        BODY + '<div class="post-date-modified post-date">January 1, 2003</div>',
    ],
)
def test_another_ones_day_is_not_the_posts(inside: str) -> None:
    assert day(inside) is None
    assert day(f'<time datetime="2014-03-05">x</time>{inside}') == "2014-03-05"


TWO = "<time datetime='2014-03-05'>x</time><time datetime='2019-01-01'>y</time>"


@pytest.mark.parametrize(
    ("stated", "shown", "expected"),
    [
        ("2014-03-05T23:30:00-08:00", "", "2014-03-05"),
        ("2014-03-05T23:30:00+00:00", "", None),
        ("2014-03-05T23:30:00Z", "", None),
        ("2014-03-05", "", None),
        ("2014-03-05T23:30:00+00:00", "<time datetime='2014-03-06'>x</time>", "2014-03-06"),
        ("2014-03-05T23:30:00+00:00", OLD, None),
        ("2014-03-05T23:30:00-08:00", OLD, "2014-03-05"),
        ("2014-03-05T23:30:00+00:00", TWO, "2014-03-05"),
        ("2014-03-05T23:30:00Z", "<time datetime='2014-03-05T23:30:00Z'>a year ago</time>", None),
        ("2014-03-05T23:30:00Z", "<time datetime='2014-03-05T23:30:00Z'>March 6, 2014</time>", "2014-03-06"),
        ("2014-03-05T23:30:00+00:00", "<time>06/03/2014</time>", "2014-03-06"),
        ("2014-03-05T23:30:00+00:00", "<span class='date'>3/5/2014</span>", "2014-03-05"),
    ],
)
def test_an_instant_checks_a_day_and_tells_one_only_in_the_sites_own_offset(
    stated: str, shown: str, expected: str | None
) -> None:
    assert day(shown + BODY, f'<meta property="article:published_time" content="{stated}">') == expected


def test_days_that_differ_are_no_day() -> None:
    times = '<time datetime="2014-03-05">x</time><time datetime="2019-01-01">y</time>'
    assert day(times + BODY) is None


def test_the_permalinks_day_tells_which_of_two_days_is_the_posts() -> None:
    inside = f"<article id='post-7' class='hentry'>{TWO}{BODY}</article>"
    assert read(inside, url=f"{SITE}/2014/03/05/a-walk/").post.published_date == "2014-03-05"
    assert read(inside, url=f"{SITE}/2015/03/05/a-walk/").post.published_date is None


def test_a_day_in_a_language_that_is_not_read_is_left_as_it_is() -> None:
    inside = "<article id='post-7' class='hentry'><span class='entry-date'>5 Xyzzy 2014</span>" + BODY + "</article>"
    assert read(inside).post.published_date == "5 Xyzzy 2014"


# Authors


CARD = '<meta name="twitter:label1" content="x"><meta name="twitter:data1" content="{}">'


@pytest.mark.parametrize(
    ("shown", "head", "authors"),
    [
        ('<a rel="author" href="/author/ada/">Ada</a>', "", ["Ada"]),
        ('<a rel="author">Ada</a> <a rel="author">View all posts by Ada</a>', "", ["Ada"]),
        ('<a rel="author">By Ada</a>', "", ["Ada"]),
        ('<a rel="author">Alle Beiträge von Ada</a><span class="vcard"><b class="fn">Ada</b></span>', "", ["Ada"]),
        ('<a rel="author">View Archive</a>', '<meta name="author" content="Ada">', ["Ada"]),
        ('<span class="author vcard"><span class="fn">Ada</span></span>', "", ["Ada"]),
        ('<div class="wp-block-post-author-name">Ada</div>', "", ["Ada"]),
        ('<p>by <a href="/author/ada/">Ada</a></p>', "", ["Ada"]),
        ("", CARD.format("Ada, Bo"), ["Ada", "Bo"]),
        ("", CARD.format("3 minutes"), []),
        ("", '<meta name="author" content="Some Agency, 2006-2020">', []),
        ('<div id="comments"><a rel="author">Eve</a></div>', "", []),
    ],
)  # fmt: skip
def test_authors_are_names_and_the_posts(shown: str, head: str, authors: list[str]) -> None:
    assert read(own(shown + BODY), head=head).post.authors == authors


# JSON-LD


@pytest.mark.parametrize(
    ("graph", "authors"),
    [
        (f'[{{"@type": "Article", "url": "{SITE}/other/", "author": "Eve"}},'
         f' {{"@type": "NewsArticle", "mainEntityOfPage": {{"@id": "{URL}#x"}}, "author": "Ada"}}]', ["Ada"]),
        (f'{{"@type": "Article", "url": "{SITE}/other/", "author": "Eve"}}', []),
        ('{"@type": "Article", "author": {"name": "Ada"}}', ["Ada"]),
        ('[{"@type": "Article", "author": "Eve"}, {"@type": "Article", "author": "Bo"}]', []),
        ('{"@type": "WebPage", "mainEntity": {"@type": "Article", "@id": "http://www.blog.example.com/a-walk",'
         ' "author": [{"name": "Ada"}, {"name": "Bo"}]}}', ["Ada", "Bo"]),
        ('{"@type": "Article", "author": "A\tda"}', ["A da"]),
        ('{"@type": {"a": 1}, "@graph": [1, null, {"@type": [2]}], "author": "Eve"}', []),
    ],
)  # fmt: skip
def test_json_ld_counts_where_it_is_of_this_page(graph: str, authors: list[str]) -> None:
    assert read(own(), head=f'<script type="application/ld+json">{graph}</script>').post.authors == authors


# What else a page says


def test_the_parts_of_a_long_post_are_read_with_its_first_page_or_by_themselves() -> None:
    links = '<p>Pages: 1 <a href="/a-walk/2/">2</a> <a href="https://blog.example.com/a-walk/3">3</a></p>'
    text = own(BODY.replace("</div>", f"{links}</div>"))
    page = read(text)
    assert (page.parts, page.post.content_html) == (3, "<p>We walked up the hill, and down again.</p>")
    whole = f"<html><body class='single postid-7'>{text}</body></html>"
    part = article.read_part(Selector(whole), whole, f"{URL}2/", 7)
    assert part == "<p>We walked up the hill, and down again.</p>"


@pytest.mark.parametrize("sign", [" class='hentry post-password-required'", " class='hentry'"])
def test_a_protected_post_has_no_content_and_no_source(sign: str) -> None:
    form = "<div class='entry-content'><form class='post-password-form'><input type='password'></form></div>"
    post = read(f"<article id='post-7'{sign}>{form}</article>").post
    assert (post.protected, post.content_html, post.content_source) == (True, None, None)


def test_jetpacks_blank_picture_is_none() -> None:
    assert read(head='<meta property="og:image" content="https://s0.wp.com/i/blank.jpg">').post.image_url is None
    assert read(head='<meta property="og:image" content="/a.png">').post.image_url == f"{SITE}/a.png"
    assert read(head='<meta property="og:image" content="">').post.image_url is None
