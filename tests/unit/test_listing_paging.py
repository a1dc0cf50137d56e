"""Which page of its archive a listing page is, where the next one is, and listing pages without posts."""

from __future__ import annotations

import pytest
from parsel import Selector

from engcrawl.pages import NotThePage, listing

URL = "https://blog.example.com/category/storage/"
ARCHIVE = "archive category category-storage category-7"
POST = '<article id="post-9" class="post-9 hentry"><h2 class="entry-title"><a href="/a-post/">A post</a></h2></article>'


def read(main: str, *, url: str = URL, head: str = "", rest: str = "", classes: str = ARCHIVE) -> listing.ListingPage:
    text = f'<html><head>{head}</head><body class="{classes}"><main>{main}</main>{rest}</body></html>'
    return listing.read(Selector(text), text, url)


@pytest.mark.parametrize(
    ("links", "following", "pages"),
    [
        ('<div class="navigation"><div class="alignleft"><a href="page/2/">Older</a></div></div>', "page/2/", 2),
        ('<div class="nav-previous"><a href="/category/storage/page/2/">Older posts</a></div>', "page/2/", 2),
        ('<a class="wp-block-query-pagination-next" href="/category/storage/page/2/">Next</a>', "page/2/", 2),
        ('<div class="pagination"><a href="/category/storage/page/2/?et_blog">Older</a></div>', "page/2/", 2),
        ('<ul class="pager"><li><a href="page/2/">2</a><li><a href="page/9/">9</a></ul>', "page/2/", 9),
        ('<span class="pages">Page 1 of 13</span><a href="page/2/">&raquo;</a>', "page/2/", 13),
        ('<div class="pagination">Seite 1 von 13</div><a href="page/2/">&raquo;</a>', "page/2/", 13),
        ('<div class="nav-previous"><a href="/2020/01/a-post/">Older post</a></div>', None, None),
        ('<a href="/category/other/page/2/">2</a>', None, None),
    ],
)
def test_the_next_page_is_this_archives(links: str, following: str | None, pages: int | None) -> None:
    page = read(POST + links)
    assert (page.next_url and page.next_url.partition("?")[0], page.pages) == (following and URL + following, pages)


@pytest.mark.parametrize(
    ("url", "link", "following"),
    [
        ("https://blog.example.com/?cat=4", "/?cat=4&amp;paged=2", "https://blog.example.com/?cat=4&paged=2"),
        ("https://blog.example.com/", "/?paged=2", "https://blog.example.com/?paged=2"),
        ("https://blog.example.com/?cat=4", "/?cat=5&amp;paged=2", None),
        ("https://blog.example.com/blog/", "/blog/?query-3-page=2", "https://blog.example.com/blog/?query-3-page=2"),
    ],
)
def test_plain_permalinks_page_by_query(url: str, link: str, following: str | None) -> None:
    assert read(POST + f'<a href="{link}">Older</a>', url=url).next_url == following


@pytest.mark.parametrize(
    ("head", "body", "classes"),
    [
        ("", "", f"{ARCHIVE} paged paged-7 category-paged-7"),
        ("", '<nav class="pagination"><span class="page-numbers current">7</span></nav>', ""),
        ("", '<nav class="pagination"><span aria-current="page" class="page-numbers current">Page 7</span></nav>', ""),
        ("<title>Storage - Seite 7 von 9</title>", "", ""),
        ('<link rel="next" href="page/8/">', "", ""),
        ('<link rel="prev" href="/category/storage/page/6/">', "", ""),
        (f'<link rel="canonical" href="{URL}page/7/">', "", ARCHIVE),
    ],
)
@pytest.mark.parametrize("asked", [f"{URL}page/7/", f"{URL}page/3/", URL])
def test_a_page_says_itself_which_it_is(head: str, body: str, classes: str, asked: str) -> None:
    head = head.replace('href="page/8/"', f'href="{URL}page/8/"')
    page = read(POST + body, url=asked, head=head, classes=classes)
    assert (page.number, page.url) == (7, f"{URL}page/7/")


def test_a_first_page_answered_for_a_later_one_is_noticed() -> None:
    page = read(POST, url=f"{URL}page/7/", head=f'<link rel="canonical" href="{URL}">')
    assert (page.number, page.url) == (1, URL)


# Pages without posts


@pytest.mark.parametrize(
    "main",
    [
        '<section class="no-results not-found"><p>Nothing here.</p></section>',
        '<div class="wp-block-query-no-results"><p>Nothing here.</p></div>',
        '<h2 class="center">Sorry, but there aren’t any posts in the Storage category yet.</h2>',
        '<h1>Storage</h1><p>Nothing found.</p><form role="search"><input type="search"></form>',
        '<div class="no-results">Nothing here.</div><h3><a href="/popular/">Popular</a></h3>',
    ],
)
def test_an_empty_category_is_an_empty_listing(main: str) -> None:
    menu = "<nav><a href='/about/'>About</a></nav><aside><h3><a href='/popular/'>Popular</a></h3></aside>"
    page = read(main, rest=menu)
    assert (page.posts, page.pages, page.next_url) == ([], None, None)


@pytest.mark.parametrize(
    ("main", "classes"),
    [
        ("<h1>Just a moment...</h1>", ""),
        ("<form><input type='password'></form>", "login wp-core-ui"),
        ("<h1>Nothing found</h1>", "error404"),
        ("<h1>Storage</h1><a class='page-numbers' href='/category/storage/page/2/'>2</a>", ARCHIVE),
        ("<h1>Storage</h1><div class='spinner'></div><button class='load-more'>More</button>", ARCHIVE),
        ("<h1>Storage</h1><p><a href='/a-post/'>A post</a></p>", ARCHIVE),
        ("<h1>Storage</h1><time>May 5, 2020</time>", ARCHIVE),
        ("<h1>Storage</h1>", f"{ARCHIVE} paged paged-3"),
        ("<h1>About</h1><p>We write.</p>", "page page-id-2"),
        ("<article id='post-3' class='post-3 page hentry'><h1 class='entry-title'>Blog</h1></article>", "page"),
        (POST, "single single-post postid-9"),
        ("<h3><a href='/services/'>Services</a></h3><h3><a href='/team/'>Team</a></h3>", "home page page-id-2"),
    ],
)
def test_a_page_that_is_no_listing_is_not_an_empty_one(main: str, classes: str) -> None:
    with pytest.raises(NotThePage):
        read(main, classes=classes)
