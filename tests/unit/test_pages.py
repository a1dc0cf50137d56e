"""Pure parsing: other themes, odd markup, and pages that pretend."""

from __future__ import annotations

import pytest
from parsel import Selector

from engcrawl.pages import NotThePage, article, terms
from engcrawl.pages import listing as listing_page
from engcrawl.pages.listing import ListingPage
from engcrawl.text.urls import absolute_srcset, same_host

URL = "https://blog.example.com/category/storage/"


def listing(posts: str, *, head: str = "", rest: str = "", body_class: str = "archive") -> ListingPage:
    text = f"<html><head>{head}</head><body class='{body_class}'><main>{posts}</main>{rest}</body></html>"
    return listing_page.read(Selector(text), text, URL)


def post(number: int, extra: str = "", classes: str = "category-storage") -> str:
    return (
        f'<article id="post-{number}" class="hentry post-{number} {classes}">'
        f'<h2 class="entry-title"><a href="/2024/01/02/p{number}/">Post {number}</a></h2>{extra}</article>'
    )


# Listings


def test_any_themes_hentry_is_a_post() -> None:
    text = (
        '<div id="post-7" class="post hentry category-storage tag-fast format-video">'
        '<h2 class="entry-title"><a href="../../a-post/?utm_source=1#top">A &amp; B\n  C</a></h2>'
        '<time class="entry-date published" datetime="2026-06-25T23:30:51-07:00">June 25, 2026</time>'
        '<time class="updated" datetime="2026-07-01T00:00:00-07:00">July 1, 2026</time>'
        '<span class="author"><a rel="author" href="/author/ada/">Ada  L</a></span>'
        '<img src="data:image/gif;base64,x" data-src="/i/p.png?w=300&amp;h=2&amp;v=3">'
        '<div class="entry-summary"><p>In short.</p></div></div>'
    )
    (found,) = listing(text).posts
    assert (found.id, found.title, found.url) == (7, "A & B C", "https://blog.example.com/a-post/")
    assert (found.published_date, found.published_at) == ("2026-06-25T23:30:51-07:00", "2026-06-25T23:30:51-07:00")
    assert (found.kind, found.categories, found.tags) == ("video", ["storage"], ["fast"])
    assert (found.authors, found.excerpt) == (["Ada L"], "In short.")
    assert found.image_url == "https://blog.example.com/i/p.png?v=3"


@pytest.mark.parametrize(
    "place",
    [
        "<aside>{}</aside>",
        "<div class='widget widget_recent'>{}</div>",
        "<div role='complementary'>{}</div>",
        "<footer>{}</footer>",
        "<nav>{}</nav>",
    ],
)
def test_posts_beside_the_main_listing_are_not_in_it(place: str) -> None:
    page = listing(post(1) + place.format(post(2)), rest=place.format(post(3)))
    assert [p.id for p in page.posts] == [1]


def test_an_id_comes_from_the_element_never_from_a_class() -> None:
    text = post(5).replace('id="post-5"', 'id="post-6"')
    assert [p.id for p in listing(text).posts] == [6]
    assert [p.id for p in listing(post(5).replace('id="post-5"', 'id="post-x"')).posts] == [None]


def test_a_post_that_names_no_category_has_the_listings_own() -> None:
    assert listing(post(1, classes="")).posts[0].categories == ["storage"]


def test_a_category_named_by_its_number_is_the_listings_own_where_the_numbers_agree() -> None:
    page = listing(post(1, classes="category-73 category-web") + post(2, classes="category-74 category-web"),
                   body_class="archive category-73")  # fmt: skip
    assert [p.categories for p in page.posts] == [["storage", "web"], ["web"]]


def test_a_slug_that_a_class_cannot_hold_comes_from_the_link() -> None:
    link = '<a rel="category tag" href="/category/%d1%81%d0%b5%d1%82%d1%8c/">сеть</a>'
    page = listing(post(1, link, classes="category-99"))
    assert page.posts[0].categories == ["сеть"]
    assert page.categories["сеть"] == "https://blog.example.com/category/%d1%81%d0%b5%d1%82%d1%8c/"
    assert terms.slugs("category-c-caf", "category", ["c-café".replace("é", "%c3%a9")]) == ["c-caf%c3%a9"]


def test_categories_come_from_menus_links_and_classes_on_the_sites_own_host() -> None:
    menu = (
        "<ul><li class='menu-item-object-category'><a href='/category/ai/llm/'>x</a></li>"
        "<li class='cat-item'><a href='https://www.blog.example.com/category/web/page/2/'>x</a></li>"
        "<li class='menu-item-object-category'><a href='https://other.example/category/away/'>x</a></li>"
        "<li class='menu-item-object-page'><a href='/category/not-marked/'>x</a></li></ul>"
    )
    page = listing(post(1, classes="category-culture tag-category-x"), rest=menu)
    assert page.categories == {
        "culture": None,
        "llm": "https://blog.example.com/category/ai/llm/",
        "web": "https://www.blog.example.com/category/web/",
    }


def test_the_next_page_and_the_number_of_pages_of_a_stock_theme() -> None:
    pages = (
        '<nav class="pagination"><span class="page-numbers current">1</span>'
        '<a class="page-numbers" href="/category/storage/page/2/">2</a>'
        '<a class="page-numbers" href="/category/storage/page/1100/">1.100</a>'
        '<a class="next page-numbers" href="page/2/">Next</a></nav>'
    )
    page = listing(post(1) + pages)
    assert (page.next_url, page.pages) == (f"{URL}page/2/", 1100)


@pytest.mark.parametrize("slash", ["/", "\\/"])
def test_max_page_is_read_with_slashes_escaped_or_not(slash: str) -> None:
    script = f'<script>var loadmore_params = {{"restfulURL":"https:{slash}{slash}x","max_page":"12"}};</script>'
    assert listing(post(1), rest=script).pages == 12


def test_a_canonical_address_tells_which_page_this_is() -> None:
    page = listing(post(1), head=f'<link rel="canonical" href="{URL}page/3/">')
    assert (page.url, page.number) == (f"{URL}page/3/", 3)
    page = listing(post(1), head='<link rel="canonical" href="https://elsewhere.example/x/">')
    assert (page.url, page.number) == (URL, 1)


def test_an_empty_category_says_so() -> None:
    assert listing("<section class='no-results not-found'>Nothing.</section>").posts == []
    assert listing("", rest='<script>var loadmore_params = {"max_page":"0"};</script>').posts == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an empty body"),
        ("  \n", "an empty body"),
        ("<html><body><main>" + post(1), "cut short"),
        ("<html><head><title>Just a moment...</title></head><body></body></html>", "a page titled 'Just a moment...'"),
        ("<html><head><title>Log in</title></head><body><input type='password'></body></html>", "a login form"),
        (
            '<html><body><script>var loadmore_params = {"max_page":"3"};</script></body></html>',
            "no post on .*, where the site says 3 pages",
        ),
        ("<html><body><script>var loadmore_params = {max;</script></body></html>", "loadmore_params can't be read"),
    ],
)
def test_a_page_that_is_no_listing_is_not_taken_for_an_empty_one(text: str, reason: str) -> None:
    with pytest.raises(NotThePage, match=reason):
        listing_page.read(Selector(text), text, URL)


# Articles


def article_page(inside: str, *, head: str = "", classes: str = "hentry") -> article.ArticlePage:
    text = (
        f"<html lang='de-DE'><head>{head}</head><body><main><article id='post-9' class='{classes}'>{inside}</article>"
        "<article id='post-10' class='post-9 category-wrong'></article></main></body></html>"
    )
    return article.read(Selector(text), text, "https://blog.example.com/a-post/", 9)


def test_an_article_of_a_stock_theme() -> None:
    page = article_page(
        '<h1 class="entry-title">A post</h1>'
        '<time class="entry-date published" datetime="2026-06-25T23:30:51-07:00"></time>'
        '<a rel="category tag" href="/category/ai/llm/">x</a><a rel="tag" href="/tag/fast/">x</a>'
        '<div class="entry-content"><p>Text</p></div>'
    )
    found = page.post
    assert (found.title, found.published_date, found.language) == ("A post", "2026-06-25T23:30:51-07:00", "de-DE")
    assert found.published_at == "2026-06-25T23:30:51-07:00"
    assert (found.categories, found.tags, found.content_html) == (["llm"], ["fast"], "<p>Text</p>")
    assert page.categories == {"llm": "https://blog.example.com/category/ai/llm/"}


def test_authors_come_from_links_else_json_ld_else_the_card() -> None:
    content = '<div class="entry-content">x</div>'
    graph = (
        '<script type="application/ld+json">{"@graph": [[], {"@type": ["Article"], "author": [{"@id": "#b"},'
        ' {"@id": "#gone"}, {"name": "C"}]}, {"@id": "#b", "name": "B &amp; Co"}]}</script>'
    )
    card = '<meta name="twitter:label1" content="x"><meta name="twitter:data1" content="D, E">'
    link = '<a rel="author">A</a>'
    assert article_page(content + link, head=graph + card).post.authors == ["A"]
    assert article_page(content, head=graph + card).post.authors == ["B & Co", "C"]
    assert article_page(content, head=card).post.authors == ["D", "E"]


def test_broken_json_ld_leaves_the_meta_elements() -> None:
    head = (
        '<script type="application/ld+json">{"@graph": [</script>'
        '<meta property="article:published_time" content="2025-02-05T18:30:51+00:00">'
    )
    page = article_page('<div class="entry-content">x</div>', head=head)
    assert page.post.published_at == "2025-02-05T18:30:51+00:00"


def test_a_protected_post_has_no_content() -> None:
    form = '<div class="entry-content"><form class="post-password-form"><input type="password"></form></div>'
    found = article_page(form).post
    assert (found.protected, found.content_html) == (True, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<html><title>Gone</title><body id='post-8'></body></html>", "not the page of post 9: a page titled 'Gone'"),
        ("<html><body><article id='post-9'><div class='entry-content'>x", "cut short"),
    ],
)
def test_a_page_that_is_not_the_article_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotThePage, match=reason):
        article.read(Selector(text), text, "https://blog.example.com/a-post/", 9)


def test_a_page_without_a_body_says_so() -> None:
    text = "<html><body><article id='post-9'></article></body></html>"
    found = article.read(Selector(text), text, "https://blog.example.com/a-post/", 9).post
    assert (found.id, found.content_html, found.content_source) == (9, None, "extracted")


# Bodies


def cleaned(inside: str) -> str | None:
    page = article_page(f'<div class="entry-content">{inside}</div>')
    return page.post.content_html


@pytest.mark.parametrize(
    ("inside", "html"),
    [
        ('<p onclick="x()">a</p>', "<p>a</p>"),
        ("a<script>b</script>c<!-- d -->e<style>f</style>g", "aceg"),
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<a href="#note">a</a>', '<a href="https://blog.example.com/a-post/#note">a</a>'),
        ('<p>a</p><div class="sharedaddy sd-like">b</div>', "<p>a</p>"),
        ('<p>a</p><div class="page-links"><a href="/a-post/2/">2</a></div>', "<p>a</p>"),
        ("<script>a</script>", None),
        ("", None),
    ],
)
def test_a_body_is_the_body_alone(inside: str, html: str | None) -> None:
    assert cleaned(inside) == html


def test_a_srcset_is_made_absolute_with_commas_in_its_addresses() -> None:
    srcset = "/a.png 1534w, /a.png?resize=580,326 580w,/b.png 2x, c.png"
    assert absolute_srcset(srcset, "https://x.example/p/") == (
        "https://x.example/a.png 1534w, https://x.example/a.png?resize=580,326 580w, "
        "https://x.example/b.png 2x, https://x.example/p/c.png"
    )


def test_a_long_posts_parts_are_counted_by_its_own_links() -> None:
    links = (
        '<div class="page-links">1 <a href="https://blog.example.com/a-post/2/">2</a> <a href="3/">3</a>'
        ' <a href="/other/9/">x</a></div>'
    )
    assert article_page(f'<div class="entry-content">x{links}</div>').parts == 3


@pytest.mark.parametrize(
    "url", ["https://bücher.example/a", "https://WWW.Bücher.example", "https://xn--bcher-kva.example/"]
)
def test_a_hosts_name_may_be_written_in_its_own_script(url: str) -> None:
    assert same_host(url, "https://xn--bcher-kva.example")
    assert same_host("https://www.xn--bcher-kva.example/b", url)
    assert not same_host(url, "https://bucher.example")


def test_addresses_are_relative_to_what_the_page_says() -> None:
    page = (
        '<html><head><base href="/blog/"></head><body class="archive category category-storage">'
        '<article id="post-7" class="post hentry category-storage"><h2 class="entry-title"><a href="a-post/">A</a></h2>'
        '<img src="p.png" srcset="q.png 2x"></article></body></html>'
    )
    (found,) = listing_page.read(Selector(page), page, "https://x.example/blog/category/storage/").posts
    assert (found.url, found.image_url) == ("https://x.example/blog/a-post/", "https://x.example/blog/p.png")
