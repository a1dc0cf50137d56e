"""A post's own page: which post it is of, what it says of it, and the pages that only look like one."""

from __future__ import annotations

import pytest

from engcrawl.pages import NotThePage
from tests.support.articles import BODY, SITE, URL, own, read

REST = f'<link rel="alternate" type="application/json" href="{SITE}/wp-json/wp/v2/posts/{{}}">'
SHORT = f'<link rel="shortlink" href="{SITE}/?p={{}}">'


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
