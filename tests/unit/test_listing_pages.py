"""Listing pages of common themes, from Kubrick to blocks, and pages that only look like listings."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsel import Selector

from engcrawl.pages import NotThePage, listing

URL = "https://blog.example.com/category/storage/"
ARCHIVE = "archive category category-storage category-7"
POST_CLASS = "post type-post status-publish format-standard hentry category-storage"

KUBRICK = """<div class="post"><h2><a href="/2006/05/{n}-post/" title="Permanent Link to Post {n}">Post {n}</a></h2>
<small>May {n}th, 2006</small><div class="entry"><p>{text}</p></div>
<p class="postmetadata">Posted in <a href="/category/storage/" rel="category tag">Storage</a></p></div>"""
KUBRICK_WITH_ID = KUBRICK.replace('class="post"', 'class="post" id="post-{n}"')
TWENTY_TEN = """<div id="post-{n}" class="post-{n} {classes}"><h2 class="entry-title">
<a href="/2010/05/{n}-post/" title="Permalink to Post {n}" rel="bookmark">Post {n}</a></h2><div class="entry-meta">
<span class="meta-prep">Posted on</span> <a href="/2010/05/{n}-post/" rel="bookmark"><span class="entry-date">May {n},
2010</span></a> by <span class="author vcard"><a href="/author/ada/" title="View all posts by Ada">Ada</a></span></div>
<div class="entry-summary"><p>{text}</p></div></div>"""
TWENTY_TWENTY = """<article class="post-{n} {classes}" id="post-{n}"><header class="entry-header">
<h2 class="entry-title heading-size-1"><a href="/{n}-post/">Post {n}</a></h2><ul class="post-meta">
<li class="post-date meta-wrapper"><span class="screen-reader-text">Post date</span>
<span class="meta-text"><a href="/{n}-post/">May {n}, 2020</a></span></li></ul></header>
<div class="entry-content"><p>{text} <time datetime="1999-01-01">then</time></p></div></article>"""
BLOCKS = """<li class="wp-block-post post-{n} {classes}">
<h2 class="wp-block-post-title"><a href="/{n}-post/">Post {n}</a></h2>
<div class="wp-block-post-date"><time datetime="2024-05-{n}T10:00:00+02:00">May {n}, 2024</time></div>
<div class="taxonomy-category wp-block-post-terms"><a href="/category/storage/" rel="tag">Storage</a></div>
<div class="taxonomy-post_tag wp-block-post-terms"><a href="/tag/fast/" rel="tag">fast</a></div></li>"""
GENESIS = """<article class="post-{n} {classes} entry" aria-label="Post {n}"><header class="entry-header">
<h2 class="entry-title"><a class="entry-title-link" rel="bookmark" href="/{n}-post/">Post {n}</a></h2>
<p class="entry-meta"><time class="entry-time">May {n}, 2015</time></p></header></article>"""
DIVI = """<article id="post-{n}" class="et_pb_post clearfix et_pb_blog_item_0_{n} post-{n} {classes}">
<h2 class="entry-title"><a href="/{n}-post/">Post {n}</a></h2><p class="post-meta">by <span class="author vcard">
<a href="/author/ada/" title="Posts by Ada" rel="author">Ada</a></span> | <span class="published">May {n}, 2018</span>
</p><div class="post-content"><p>{text}</p></div></article>"""
ELEMENTOR = """<article class="elementor-post elementor-grid-item post-{n} {classes}"><div class="elementor-post__text">
<h3 class="elementor-post__title"><a href="/{n}-post/">Post {n}</a></h3>
<div class="elementor-post__excerpt"><p>{text}</p></div></div></article>"""
ASTRA = """<article class="post-{n} {classes} ast-article-post" id="post-{n}">
<h2 class="entry-title ast-blog-single-element"><a href="/{n}-post/" rel="bookmark">Post {n}</a></h2>
<span class="posted-on"><span class="published"> May {n}, 2021 </span></span></article>"""
GENERATE_PRESS = """<article id="post-{n}" class="post-{n} {classes}"><h2 class="entry-title"><a href="/{n}-post/"
rel="bookmark">Post {n}</a></h2><span class="posted-on">
<time class="updated" datetime="2022-06-01T00:00:00+00:00"></time>
<time class="entry-date published" datetime="2022-05-{n}T23:30:00+00:00">May {n}, 2022</time></span></article>"""
NEWSPAPER = """<div class="td_module_10 td_module_wrap td-animation-stack"><div class="td-module-thumb">
<a href="/{n}-post/" rel="bookmark"><img src="/{n}.jpg"></a></div><h3 class="entry-title td-module-title">
<a href="/{n}-post/" rel="bookmark">Post {n}</a></h3>
<time class="entry-date updated td-module-date" datetime="2017-05-{n}T00:00:00+00:00">May {n}</time></div>"""
MASONRY = """<div class="row"><div class="col"><div class="card"><a href="/{n}-post/"><img src="/{n}.jpg"></a>
<a href="/{n}-post/"><h3>Post {n}</h3></a><p>{text}</p></div></div></div>"""
OXYGEN = """<div class="oxy-post"><a class="oxy-post-image" href="/{n}-post/"><img src="/{n}.jpg"></a>
<a class="oxy-post-title" href="/{n}-post/">Post {n}</a><div class="oxy-post-content">{text}</div></div>"""
NUMBERED_HEADING = KUBRICK.replace("<h2>", '<h2 id="post-{n}">')

TEXT = "Long enough to be taken for the beginning of a post by everyone who looks at it, as most excerpts are."
NUMBERS = range(11, 17)


def tiles(form: str, numbers: range = NUMBERS) -> str:
    return "".join(form.format(n=n, classes=POST_CLASS, text=TEXT) for n in numbers)


def html(main: str, *, head: str = "", rest: str = "", classes: str = ARCHIVE) -> str:
    return f'<html><head>{head}</head><body class="{classes}"><main>{main}</main>{rest}</body></html>'


def read(main: str, *, url: str = URL, head: str = "", rest: str = "", classes: str = ARCHIVE) -> listing.ListingPage:
    text = html(main, head=head, rest=rest, classes=classes)
    return listing.read(Selector(text), text, url)


@pytest.mark.parametrize(
    ("form", "has_ids", "path", "date"),
    [
        (KUBRICK, False, "/2006/05/{}-post/", None),
        (KUBRICK_WITH_ID, True, "/2006/05/{}-post/", None),
        (NUMBERED_HEADING, True, "/2006/05/{}-post/", None),
        (TWENTY_TEN, True, "/2010/05/{}-post/", "May {}, 2010"),
        (TWENTY_TWENTY, True, "/{}-post/", "May {}, 2020"),
        (BLOCKS, True, "/{}-post/", "2024-05-{}T10:00:00+02:00"),
        (GENESIS, True, "/{}-post/", "May {}, 2015"),
        (DIVI, True, "/{}-post/", "May {}, 2018"),
        (ELEMENTOR, True, "/{}-post/", None),
        (ASTRA, True, "/{}-post/", "May {}, 2021"),
        (GENERATE_PRESS, True, "/{}-post/", "May {}, 2022"),
        (NEWSPAPER, False, "/{}-post/", None),
        (MASONRY, False, "/{}-post/", None),
        (OXYGEN, False, "/{}-post/", None),
    ],
)
@pytest.mark.parametrize("wrapped", ["<main>", '<div id="content">'])
def test_a_themes_listing_is_read(form: str, has_ids: bool, path: str, date: str | None, wrapped: str) -> None:
    text = html(tiles(form), rest="<aside><h3><a href='/popular/'>Popular</a></h3></aside>")
    text = text.replace("<main>", wrapped).replace("</main>", f"</{wrapped[1:].split()[0].rstrip('>')}>")
    page = listing.read(Selector(text), text, URL)
    assert [post.id for post in page.posts] == [n if has_ids else None for n in NUMBERS]
    assert [post.url for post in page.posts] == [f"https://blog.example.com{path.format(n)}" for n in NUMBERS]
    assert [post.title for post in page.posts] == [f"Post {n}" for n in NUMBERS]
    days = [post.published_date and " ".join(post.published_date.split()) for post in page.posts]
    assert days == [date and date.format(n) for n in NUMBERS]
    assert all(post.categories == ["storage"] for post in page.posts)
    assert page.flaw is None


@pytest.mark.parametrize("form", [TWENTY_TEN, DIVI])
def test_authors_are_names(form: str) -> None:
    assert {tuple(post.authors) for post in read(tiles(form)).posts} == {("Ada",)}


def test_a_block_themes_categories_are_no_tags() -> None:
    post = read(tiles(BLOCKS)).posts[0]
    assert (post.categories, post.tags) == (["storage"], ["fast"])


@pytest.mark.parametrize("form", [KUBRICK, KUBRICK_WITH_ID, BLOCKS, NEWSPAPER, MASONRY])
def test_a_listing_of_one_post_is_read(form: str) -> None:
    (post,) = read(tiles(form, range(11, 12))).posts
    assert (post.title, post.url.endswith("11-post/")) == ("Post 11", True)


def test_featured_posts_without_an_id_are_not_in_the_listing() -> None:
    slider = "<div class='slider'>" + tiles(MASONRY, range(21, 25)) + "</div>"
    assert [post.id for post in read(slider + tiles(DIVI)).posts] == list(NUMBERS)


@pytest.mark.parametrize("form", [KUBRICK, MASONRY, NEWSPAPER])
def test_menus_and_sidebars_are_not_the_listing(form: str) -> None:
    others = "".join(f"<li><h3><a href='/other-{n}/'>Other {n}</a></h3></li>" for n in range(20))
    beside = f"<nav><ul>{others}</ul></nav><div id='sidebar'><ul>{others}</ul></div>"
    related = "".join(f"<li><h4><a href='/read-too-{n}/'>Too {n}</a></h4></li>" for n in range(7))
    assert len(read(tiles(form) + f"<ul>{related}</ul>", rest=beside).posts) == len(NUMBERS)


def test_a_static_page_that_lists_posts_is_not_one_of_them() -> None:
    page = f'<article id="post-5" class="post-5 page type-page hentry"><div>{tiles(ELEMENTOR)}</div></article>'
    assert [post.id for post in read(page, classes="blog page page-id-5").posts] == list(NUMBERS)


def test_a_post_left_open_does_not_swallow_the_next() -> None:
    assert [post.id for post in read(tiles(DIVI).replace("</article>", "")).posts] == list(NUMBERS)


# IDs


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('<article id="post-6" class="hentry post-5">', 6),  # an id beats a class
        ('<article class="hentry post-5">', 5),
        ('<li class="wp-block-post post-5">', 5),
        ('<div class="post-5 status-publish">', 5),
        ('<div id="blog-1-post-5" class="hentry post-5">', 5),
        ('<article id="post-5-12" class="hentry post-5">', None),  # what its id says isn't clear
        ('<article id="post-x" class="hentry post-5">', None),
        ('<article class="hentry"><span id="post-5-title"></span><img id="post-thumbnail">', None),
    ],
)
def test_an_id_is_what_the_site_says_of_that_post(element: str, expected: int | None) -> None:
    (post,) = read(f'{element}<h2 class="entry-title"><a href="/a/">A</a></h2>').posts
    assert (post.id, post.url) == (expected, "https://blog.example.com/a/")


@pytest.mark.parametrize(
    "element",
    [
        '<article class="hentry post-5 post-7">{}</article>',
        '<article class="hentry"><h3 id="post-5"></h3><h3 id="post-7"></h3>{}</article>',
        '<article class="hentry post-5">{}</article>'
        '<article class="hentry post-5"><h2><a href="/b/">B</a></h2></article>',
        '<article id="post-1" class="hentry post-51">{}</article>'
        '<article id="post-2" class="hentry post-52"><h2><a href="/b/">B</a></h2></article>',
    ],
)
def test_ids_that_disagree_are_a_flaw_never_a_guess(element: str) -> None:
    page = read(element.format('<h2 class="entry-title"><a href="/a/">A</a></h2>'))
    assert {post.id for post in page.posts} == {None}
    assert page.flaw
    assert "contradicts" in page.flaw


def test_a_plain_permalink_names_the_post() -> None:
    page = read(
        "".join(f'<div class="post"><h2><a href="/?p={n}&utm_source=x">T</a></h2>{TEXT}</div>' for n in NUMBERS)
    )
    assert [(post.id, post.url) for post in page.posts] == [(n, f"https://blog.example.com/?p={n}") for n in NUMBERS]


# Whatever comes


WHOLE = html(tiles(BLOCKS) + tiles(KUBRICK) + '<a class="next page-numbers" href="page/2/">2</a>')


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, 400), st.text(max_size=20))
def test_cuts_and_stray_characters_give_a_page_or_no_page(at: int, length: int, stray: str) -> None:
    text = WHOLE[:at] + stray + WHOLE[at + length :]
    try:
        page = listing.read(Selector(text), text, URL)
    except NotThePage:
        return
    assert all(post.id is None or post.id in range(1, 10**18) for post in page.posts)


@pytest.mark.parametrize("url", [URL, "https://blog.example.com", "https://blog.example.com/?cat=4&paged=99999999999"])
@pytest.mark.parametrize(
    "odd",
    [
        '<a class="next page-numbers" href="http://[x/page/2/">2</a>',
        f'<a href="page/{"9" * 5000}/">9</a>',
        f'<article id="post-{"9" * 5000}" class="hentry"><h2><a href="//[/">x</a></h2></article>',
        f'<span class="pages">Page 1 of {"9" * 5000}</span><b class="page-numbers current">{"9" * 5000}</b>',
        '<script>loadmore_params = {"max_page": Infinity}</script>',
        f"<script>loadmore_params = {'[' * 100_000}</script>",
        '<script>loadmore_params = {"max_page": 2, "posts": "[1]"}</script>',
        "<script>loadmore_params = [1]</script>",
        "<article class='hentry post-५'><h2><a href='/?p=५&#0;'>\x0b</a></h2></article>",
        "<h2><a href='javascript:void(0)'>x</a></h2><link rel='canonical' href='http://'>",
        "<div>" * 300,
    ],
)
def test_odd_values_give_a_page_or_no_page(odd: str, url: str) -> None:
    text = html(odd + tiles(NEWSPAPER))
    with suppress(NotThePage):
        listing.read(Selector(text), text, url)
