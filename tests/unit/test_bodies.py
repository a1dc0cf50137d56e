"""Bodies: which element of a page is the post's, and what of it is no part of the text."""

from __future__ import annotations

import time

import pytest
from lxml import html
from parsel import Selector

from engcrawl.items import Post
from engcrawl.pages import article, body

URL = "https://blog.example.com/a-walk/"
LONG = "We walked up the hill, which was steeper than the map had said that it would be, and then down again. "
TEXT = f"<p>{LONG * 4}</p><p>{LONG}</p>"


def post(inside: str, around: str = "<article id='post-7' class='hentry'><h1>A walk</h1>{}</article>") -> Post:
    page = around.format(inside)
    text = f"<html><head><title>A walk</title></head><body class='single postid-7'><main>{page}</main></body></html>"
    return article.read(Selector(text), text, URL).post


def cleaned(inside: str) -> str | None:
    return body.cleaned(html.fragment_fromstring(inside, create_parent="div"), URL)


# Which element it is


@pytest.mark.parametrize(
    "page",
    [
        "<div class='entry-content'>{}</div>",
        "<div class='wp-block-post-content'>{}</div>",
        "<div itemprop='articleBody'>{}</div>",
        "<div itemprop='articleBody'><h1>A walk</h1><p>By Ada</p><div class='entry-content'>{}</div></div>",
        "<div class='entry-content'><p>The lead is in a box.</p></div><div class='entry-content clearfix'>{}</div>",
        "<div class='entry-content'><p>A box.</p></div><div class='text'>{}</div>",
        "<div class='post__content col-12'>{}</div>",
        "<div id='single_post_content'>{}</div>",
        "<div class='storycontent'>{}</div>",
        "<div class='entry'>{}</div>",
        "<div class='post-content'><h1>A walk</h1><div class='meta'>Ada</div><div class='post-body'>{}</div></div>",
        "<div class='wrapper'><div class='x'><div class='meta'>Ada</div></div><div class='y'>{}</div></div>",
        "<div class='y'>{}</div><div class='author-box'><p>" + LONG * 3 + "</p></div>",
        "<div class='y'>{}</div><aside><p>" + LONG * 9 + "</p></aside>",
        "<div class='y'>{}</div><div id='comments'><div class='entry-content'><p>" + LONG * 9 + "</p></div></div>",
    ],
)
def test_the_body_is_the_element_that_has_the_text(page: str) -> None:
    found = post(page.format(TEXT))
    assert (found.content_html, found.content_source) == (TEXT, "page")


def test_a_body_of_many_sections_is_whole() -> None:
    sections = "".join(f'<div class="section"><div class="column"><p>{LONG}</p></div></div>' for _ in range(5))
    found = post(f"<div class='x'><div class='y'>{sections}</div><div class='author-bio'>Ada</div></div>")
    assert found.content_html == sections


def test_text_without_paragraphs_is_a_body_too() -> None:
    lines = f"{LONG}<br><br>{LONG}<br><br>{LONG.strip()}"
    assert post(f"<div class='x'>{lines}</div><ul class='tags'><li>a</li></ul>").content_html == lines


@pytest.mark.parametrize("inside", ["", "<script>x()</script>", "<div class='sharedaddy'>Share</div>", "<!-- x -->"])
def test_an_empty_body_is_empty_and_no_reason_for_a_guess(inside: str) -> None:
    found = post(f"<div class='entry-content'>{inside}</div><footer><p>{LONG}</p></footer>")
    assert (found.content_html, found.content_source) == (None, "page")


def test_where_nothing_names_or_marks_the_body_an_extractor_guesses() -> None:
    around = (
        "<div><div><a href='/'>Home</a></div><h1>A walk</h1><div class='x'>{}</div><div><a href='/b/'>B</a></div></div>"
    )
    found = post(TEXT + "<ul><li>by the <a href='/road/'>road</a></li></ul>", around)
    assert found.content_source == "extracted"
    assert found.content_html
    text = html.fromstring(found.content_html).xpath("string()")
    assert " ".join(str(text).split()).startswith(LONG * 4)
    assert 'href="https://blog.example.com/road/"' in found.content_html


def test_a_page_without_any_text_has_no_body() -> None:
    found = post("", "<h1>A walk</h1><div class='x'>{}</div>")
    assert (found.content_html, found.content_source) == (None, "extracted")


# What is no part of it

BOXES = [
    "<div class='sharedaddy sd-sharing-enabled'>Share</div>",
    "<div id='jp-relatedposts' class='jp-relatedposts'>Related</div>",
    "<div class='addtoany_share_save_container addtoany_content'>Share</div>",
    "<div class='yarpp yarpp-related yarpp-related-website'><h3>Related</h3></div>",
    "<div class='heateor_sss_sharing_container heateor_sss_horizontal_sharing'>Share</div>",
    "<div class='shariff shariff-align-flex-start'>Share</div>",
    "<div class='wp-block-jetpack-subscriptions'>Subscribe</div>",
    "<div class='td-post-sharing-top'>Share</div>",
    "<div class='c-article__sharing'>Share</div>",
    "<ul class='post-tags'><li>a</li></ul>",
    "<p class='postmetadata alt'>Filed under</p>",
    "<div class='saboxplugin-wrap'>Ada walks.</div>",
    "<section class='author-box'>Ada walks.</section>",
    "<nav class='navigation post-navigation'>Older</nav>",
    "<p class='nav-links'>Older</p>",
    "<div id='comments' class='comments-area'><p>" + LONG * 30 + "</p></div>",
    "<div id='respond'><form><label>Name</label></form></div>",
    "<ol class='commentlist'><li id='comment-3'>No.</li></ol>",
    "<div class='wp-block-comments'>No.</div>",
    "<form class='mc4wp-form'><label>Your address</label><input></form>",
    "<div class='advert'>Buy</div>",
    "<footer class='entry-footer'>Filed under</footer>",
    "<div class='box'><hr><div class='print-links'>Print</div><div class='social-links'>Share</div></div>",
]


@pytest.mark.parametrize("box", BOXES)
def test_a_box_is_no_part_of_the_text(box: str) -> None:
    assert cleaned(f"<p>a</p>{box}<p>b</p>") == "<p>a</p><p>b</p>"
    assert cleaned(f"<div class='wp-block-group'><p>a</p>{box} tail</div>") == (
        '<div class="wp-block-group"><p>a</p> tail</div>'
    )


@pytest.mark.parametrize(
    "markup",
    [
        '<pre class="share"><code><span class="comment">a</span></code></pre>',
        '<h2 id="comments">Comments</h2>',
        '<h2 id="related">Related work</h2>',
        '<section id="share-of-voice"><p>a</p></section>',
        '<blockquote class="twitter-tweet"><p>a</p><footer>Ada</footer></blockquote>',
        '<figure class="wp-block-image"><img src="https://h/a.png"><figcaption>a</figcaption></figure>',
        '<div class="wp-caption"><img src="https://h/a.png"><p class="wp-caption-text">a</p></div>',
        '<div class="wp-block-embed is-provider-facebook"><iframe src="https://h/a"></iframe></div>',
        '<div class="elementor-widget elementor-widget-text-editor"><p>a</p></div>',
        '<div class="so-panel widget widget_sow-editor"><p>a</p></div>',
        '<div class="has-share-buttons is-related"><p>a</p></div>',
        '<table class="share-price-table"><tbody><tr><td>a</td></tr></tbody></table>',
        '<ol class="footnotes"><li>a</li></ol>',
        '<div class="gallery gallery-columns-3"><img src="https://h/a.png"></div>',
        f'<div class="related"><p>{LONG * 9}</p></div>',
    ],
)
def test_what_is_text_stays(markup: str) -> None:
    assert cleaned(f"<p>before</p>{markup}") == f"<p>before</p>{markup}"


# Whatever stands in it


@pytest.mark.parametrize("sign", ["\x01", "\x0b", "\x1b", "&#1;", "&#x1f;", "&#xfffe;", "\ufffe"])
@pytest.mark.parametrize(
    "markup",
    [
        "<p>a</p><!-- x -->{}b",
        "a<script>x</script>{}b",
        "a<div class='sharedaddy'>x</div>{}b",
        "a{}<script>x</script>b",
        "<p title='{}'>a</p>b",
        "<p a{}b='{}'>a</p>b",
        "<a href='/{}x/'>a</a>b",
        "<p style='background: url({}x.png)'>a</p>b",
        "<img srcset='{}a.png 1x' data-src='{}b.png'>b",
    ],
)
def test_no_control_character_breaks_a_body(markup: str, sign: str) -> None:
    page = f"<html><body class='single'><div class='entry-content'>{markup.replace('{}', sign)}</div></body></html>"
    content = article.read(Selector(page), page, URL).post.content_html
    assert content
    assert content.replace("</p>", "").endswith("b")


def test_addresses_are_absolute_wherever_they_stand() -> None:
    assert cleaned('<a href=" /x ">a</a><video poster="p.png" src="v.mp4"></video>') == (
        '<a href="https://blog.example.com/x">a</a><video poster="https://blog.example.com/a-walk/p.png"'
        ' src="https://blog.example.com/a-walk/v.mp4"></video>'
    )
    assert cleaned("""<p style="background: url('i.png'), url(/j.png)">a</p>""") == (
        "<p style=\"background: url('https://blog.example.com/a-walk/i.png'), url(https://blog.example.com/j.png)\">a</p>"
    )


@pytest.mark.parametrize(
    "markup",
    [
        f'<p style="{"background: url(a.png); " * 20_000}">a</p>',
        f'<p class="{"share-" * 50_000}x">a</p>',
        "<div class='x'>" * 5000 + "a",
        "<div class='sharedaddy'>" * 5000 + "a",
        "<article id='post-8' class='hentry'>" * 5000 + "a",
        "<a href='/a-walk/2/'>2</a>" * 5000,
    ],
)
def test_no_page_takes_long(markup: str) -> None:
    page = f"<html><body class='single postid-7'><div class='entry-content'>{markup}</div></body></html>"
    selector = Selector(page)
    began = time.process_time()
    article.read(selector, page, URL)
    assert time.process_time() - began < 5
