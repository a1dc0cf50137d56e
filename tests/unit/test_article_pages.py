"""A post's own page: which post it is of, what it says of it, and the pages that only look like one."""

from __future__ import annotations

import pytest
from parsel import Selector

from engcrawl.pages import NotThePage, article
from engcrawl.pages.article import ArticlePage
from engcrawl.text import dates

URL = "https://blog.example.com/a-walk/"
SITE = "https://blog.example.com"
BODY = "<div class='entry-content'><p>We walked up the hill, and down again.</p></div>"
REST = f'<link rel="alternate" type="application/json" href="{SITE}/wp-json/wp/v2/posts/{{}}">'
SHORT = f'<link rel="shortlink" href="{SITE}/?p={{}}">'


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


# Identity


@pytest.mark.parametrize(
    ("inside", "head", "classes", "url"),
    [
        (own(), "", "", URL),
        (own(name="class='post-7 post type-post hentry'"), "", "single", URL),
        (f"<h2 id='post-7'>A walk</h2>{BODY}", "", "single", URL),
        (BODY, REST.format(7), "", URL),
        (BODY, REST.format(7).replace("/wp-json/wp/v2/posts/", "/index.php?rest_route=%2Fwp%2Fv2%2Fposts%2F"), "", URL),
        (BODY, "", "single postid-7", URL),
        (BODY, SHORT.format(7), "", URL),
        (BODY, '<link rel="shortlink" href="/?p=7">', "", URL),
        (BODY, '<link rel="shortlink" href="https://wp.me/p1aB2c-7">', "", URL),
        (BODY, f'<link rel="canonical" href="{SITE}/?p=7">', "single", URL),
        (BODY, "", "single", f"{SITE}/?p=7"),
    ],
)  # fmt: skip
def test_a_posts_id_is_what_the_site_says_of_it(inside: str, head: str, classes: str, url: str) -> None:
    assert read(inside, head=head, classes=classes, url=url).post.id == 7


def test_jetpacks_short_address_holds_the_id_in_base_62() -> None:
    assert read(head='<link rel="shortlink" href="https://wp.me/pamS32-cBx">').post.id == 48455


def test_a_page_may_leave_its_posts_id_open() -> None:
    assert read().post.id is None
    assert read(post_id=9).post.id == 9
    form = '<div id="respond"><input name="comment_post_ID" value="7"></div>'
    assert read(BODY + form).post.id is None


@pytest.mark.parametrize(
    ("inside", "head", "said"),
    [
        (BODY, REST.format(7) + SHORT.format(8), "its link to REST says post 7, its shortlink says post 8"),
        (BODY, "<meta name=x>" + SHORT.format(8), "postid-N of its body says post 7, its shortlink says post 8"),
        (own(name='id="post-8" class="hentry"').replace("h1", "h2").replace("entry-title", ""), "",
         "the page says post 7, what holds its text says post 8"),
    ],
)  # fmt: skip
def test_two_signs_that_disagree_are_no_id(inside: str, head: str, said: str) -> None:
    classes = "single" if "REST" in said else "single postid-7"
    with pytest.raises(NotThePage, match=said):
        read(inside, head=head, classes=classes)


@pytest.mark.parametrize(("inside", "head"), [(own(), ""), (BODY, REST.format(7)), (BODY, SHORT.format(7))])
def test_another_posts_page_is_refused_by_both_ids(inside: str, head: str) -> None:
    with pytest.raises(NotThePage, match="not the page of post 9, but of post 7"):
        read(inside, head=head, post_id=9)


def test_an_id_beats_the_class_that_tiles_repeat() -> None:
    tiles = "".join(
        f"<article id='post-{n}' class='post-7 post type-post hentry category-wrong'><h2><a href='/{n}/'>{n}</a></h2>"
        "<div class='entry-content'><p>Quite another text, and a longer one than the post's own text is, too.</p></div>"
        "</article>"
        for n in (8, 9)
    )
    for page in (own() + tiles, tiles + own(), own(BODY + f"<div>{tiles}</div>")):
        post = read(page, classes="single postid-7").post
        assert (post.id, post.categories, post.title) == (7, [], "A walk")
        assert post.content_html == "<p>We walked up the hill, and down again.</p>"


def test_the_longest_text_in_a_tile_is_not_whose_page_it_is() -> None:
    longer = f"<h3><a href='/other/'>Other</a></h3><p>{'Much more text. ' * 50}</p>"
    tile = f"<article id='post-8' class='hentry'>{longer}</article>"
    head = '<meta property="og:type" content="article">'
    inside = f"<h1>A walk</h1><div class='post-text'><p>We walked.</p></div>{tile}"
    for classes in ("single", ""):
        post = read(inside, head=head, classes=classes).post
        assert (post.id, post.content_html) == (None, "<p>We walked.</p>")
    assert read(inside, head=head, post_id=7).post.id == 7


def test_a_post_whose_title_leads_to_another_site_is_still_the_pages() -> None:
    linked = own().replace("A walk</h1>", "<a href='https://elsewhere.example/'>A walk</a></h1>")
    for classes in ("single", ""):
        assert read(linked, classes=classes).post.id == 7


def test_an_id_that_an_author_wrote_is_no_other_post() -> None:
    note = '<p id="post-3">A note.</p>'
    assert read(own(f"<div class='entry-content'><p>Text.</p>{note}</div>")).post.content_html == f"<p>Text.</p>{note}"


def test_a_tile_that_repeats_the_class_is_not_the_posts_own_element() -> None:
    link = "<h3><a href='/a-walk/'>A walk</a></h3>"
    tile = f"<ul><li class='wp-block-post post-7 post type-post hentry category-tile'>{link}</li></ul>"
    post = read(f"<h1>A walk</h1>{BODY}{tile}", classes="single postid-7").post
    assert (post.id, post.categories) == (7, [])


@pytest.mark.parametrize("number", ["9" * 40, "²", "٣", "0", "-1", "7.5", ""])
def test_a_number_that_no_post_has_is_none(number: str) -> None:
    page = read(
        own(name=f'id="post-{number}" class="hentry"'), head=SHORT.format(number), classes=f"single postid-{number}"
    )
    assert page.post.id is None


def test_a_custom_type_is_the_posts_type() -> None:
    post = read(
        own(name='id="post-7" class="post-7 podcast type-podcast"'), classes="single single-podcast postid-7"
    ).post
    assert (post.id, post.type) == (7, "podcast")


@pytest.mark.parametrize(
    ("inside", "head", "classes", "found"),
    [
        (own(name='class="post-7 podcast type-podcast hentry"'), "", "single", (7, "podcast")),
        (own(name="class='entry'"), "", "podcast-template-default single single-podcast postid-7", (7, "podcast")),
        (own(name='id="post-7" class="type-wide hentry"'), "", "single single-author postid-7", (7, "post")),
        (own(name='id="post-7" class="post-7 page type-page"'), "", "page page-id-7 parent-pageid-3", (7, "page")),
        (BODY, "", "home page-template page-template-full page page-id-7", (7, "page")),
        (BODY, REST.format(7).replace("posts", "pages") + SHORT.format(7), "", (7, "page")),
    ],
)
def test_a_page_says_its_type_and_id(inside: str, head: str, classes: str, found: tuple[int, str]) -> None:
    post = read(inside, head=head, classes=classes, pages=True).post
    assert (post.id, post.type) == found


def test_a_page_is_another_posts_by_its_id() -> None:
    with pytest.raises(NotThePage, match="not the page of post 9, but of post 7"):
        read(classes="page page-id-7", post_id=9, pages=True)


# Is it one post's page?


@pytest.mark.parametrize(
    ("classes", "head", "reason"),
    [
        ("error404", "", "nothing is there"),
        ("archive category category-hills category-4", "", "a listing"),
        ("home blog", "", "a listing"),
        ("search search-results", "", "a listing"),
        ("page-template-default page page-id-7", SHORT.format(7), "a page: "),
        ("", REST.format(7).replace("posts", "pages"), "a page: "),
        ("", REST.format(7).replace("posts", "categories"), "a listing"),
        ("attachment attachment-template-default single single-attachment postid-7", "", "an attachment: "),
    ],
)
def test_what_wordpress_calls_no_post_is_none(classes: str, head: str, reason: str) -> None:
    with pytest.raises(NotThePage, match=f"not the page of a post, but .*{reason}"):
        read(own(), head=head, classes=classes)


TILES = "".join(
    f"<div class='post' id='post-{n}'><h2><a href='/{n}/'>{n}</a></h2><p>Text.</p></div>" for n in (7, 8, 9)
)
PLAIN = TILES.replace("href='/", "href='/?p=").replace("/'>", "'>")


@pytest.mark.parametrize(
    ("inside", "head"),
    [
        (TILES, ""),
        (PLAIN, ""),
        (TILES.replace("<h2>", "<h2 id='post-1'>").replace(" id='post-", " data-x='"), ""),
        (TILES, '<script type="application/ld+json">{"@type": "CollectionPage"}</script>'),
        ("<article id='post-0' class='post error404 not-found'><h1>Nothing here</h1>" + BODY + "</article>", ""),
        ("<article id='post-7' class='post-7 page type-page hentry'><h1>About</h1>" + BODY + "</article>", ""),
        ("<h1>Just a moment...</h1><p>Checking your browser before you go on to the blog.</p>", ""),
        ("<form><input type='password'></form>", "<title>Log in</title>"),
        ("", "<title>Page not found</title>"),
    ],
)
def test_without_wordpress_classes_a_page_must_show_one_post(inside: str, head: str) -> None:
    with pytest.raises(NotThePage, match="not the page of a post"):
        read(inside, head=head, classes="", url=f"{SITE}/")
    with pytest.raises(NotThePage):
        read(inside, head=head, classes="", url=f"{SITE}/", post_id=5)


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="og:type" content="article">',
        SHORT.format(7),
        f'<script type="application/ld+json">{{"@type": "BlogPosting", "url": "{URL}"}}</script>',
    ],
)
def test_the_pages_head_can_say_that_it_is_one_post(head: str) -> None:
    page = read(f"<h1>A walk</h1>{BODY}<div>{TILES}</div>", head=head, classes="theme-x")
    assert page.post.content_html == "<p>We walked up the hill, and down again.</p>"


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
