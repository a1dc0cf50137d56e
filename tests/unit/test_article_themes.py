"""A post's own page as common themes and page builders write it: one post, the same facts from each."""

from __future__ import annotations

import pytest
from lxml import html
from parsel import Selector

from engcrawl.pages import NotThePage, article
from engcrawl.pages.article import ArticlePage
from engcrawl.text import dates

URL = "https://blog.example.com/a-walk/"
TEXT = "<p>First we walked up the hill, which was steeper than the map had said it would be.</p>" + (
    "<h2>Down again</h2><ul><li>by the road</li></ul><pre>rm -r x</pre><p>Then we walked down, and that was all.</p>"
)
OTHER = "<p>A summary of quite another post, which is long enough to be taken for a text by itself.</p>"
COMMENT = "<p>I have walked there too, and a comment can easily be longer than the post that it is for.</p>" * 5

TILE = (
    '<article id="post-{n}" class="post-{n} post type-post hentry category-{c}"><h2 class="entry-title">'
    '<a href="/other-{n}/">Other {n}</a></h2><time class="entry-date published" datetime="2020-01-0{n}T00:00:00+00:00">'
    'x</time><a rel="category tag" href="/category/{c}/">{c}</a><div class="entry-content">'
    + OTHER
    + "</div></article>"
)
COMMENTS = (
    '<div id="comments" class="comments-area"><ol class="comment-list"><li id="comment-9" class="comment depth-1">'
    '<article id="div-comment-9" class="comment-body"><a class="url fn" rel="author">Eve</a>'
    f'<time datetime="2015-06-07T08:09:10+00:00">June 7, 2015</time><div class="comment-content">{COMMENT}</div>'
    '</article></li></ol><div id="respond" class="comment-respond"><form id="commentform"></form></div></div>'
)
SIDEBAR = (
    '<aside id="secondary" class="widget-area"><section class="widget"><h2>About</h2><p>A blog of walks, and of what '
    'can be seen on them, since 2003.</p><time datetime="2003-01-01">2003</time></section></aside>'
)
SINGLE = "post-template-default single single-post postid-7 single-format-standard"

THEMES = {
    "Kubrick": (
        "",
        '<div id="page"><div id="header"><h1><a href="/">Walks</a></h1><div class="description">All about walks</div>'
        '</div><div id="content" class="widecolumn"><div class="navigation"><a href="/older/">&laquo; Older</a></div>'
        f'<div class="post" id="post-7"><h2>A walk</h2><div class="entry">{TEXT}<p class="postmetadata alt"><small>'
        "This entry was posted on Wednesday, March 5th, 2014 at 5:35 pm and is filed under"
        ' <a href="/category/hills/" rel="category tag">Hills</a>.</small></p></div></div>'
        f'<h3 id="comments">1 Response</h3><ol class="commentlist"><li class="alt" id="comment-9">{COMMENT}</li></ol>'
        f'<h3 id="respond">Reply</h3><form id="commentform"></form></div><div id="sidebar">{OTHER}</div></div>',
    ),
    "Twenty Ten": (
        SINGLE,
        '<div id="header"><div id="site-title"><a href="/" rel="home">Walks</a></div></div><div id="content">'
        '<div id="nav-above" class="navigation">x</div><div id="post-7" class="post-7 post type-post hentry'
        ' category-hills"><h1 class="entry-title">A walk</h1><div class="entry-meta"><span>Posted on</span>'
        ' <a href="/a-walk/" rel="bookmark"><span class="entry-date">March 5, 2014</span></a> by <span class="author'
        ' vcard"><a class="url fn n" href="/author/ada/">Ada</a></span></div>'
        f'<div class="entry-content">{TEXT}</div><div class="entry-utility">Filed under <a rel="category tag"'
        f' href="/category/hills/">Hills</a></div></div>{COMMENTS}</div>{SIDEBAR}',
    ),
    "Twenty Seventeen": (
        SINGLE,
        '<main id="main"><article id="post-7" class="post-7 post type-post hentry category-hills"><header'
        ' class="entry-header"><div class="entry-meta"><span class="posted-on"><a href="/a-walk/" rel="bookmark">'
        '<time class="entry-date published" datetime="2014-03-05T23:30:00-08:00">March 5, 2014</time>'
        '<time class="updated" datetime="2016-01-01T00:00:00-08:00">January 1, 2016</time></a></span><span'
        ' class="byline"> by <span class="author vcard"><a class="url fn n" href="/author/ada/">Ada</a></span></span>'
        f'</div><h1 class="entry-title">A walk</h1></header><div class="entry-content">{TEXT}</div><footer'
        f' class="entry-footer"><a rel="category tag" href="/category/hills/">Hills</a></footer></article>{COMMENTS}'
        f'<nav class="navigation post-navigation"><a href="/older/">Older</a></nav></main>{SIDEBAR}',
    ),
    "Genesis": (
        SINGLE,
        '<main class="content" id="genesis-content"><article class="post-7 post type-post status-publish'
        ' category-hills entry" itemscope itemtype="https://schema.org/CreativeWork"><header class="entry-header">'
        '<h1 class="entry-title" itemprop="headline">A walk</h1><p class="entry-meta"><time class="entry-time"'
        ' itemprop="datePublished" datetime="2014-03-05T10:00:00+01:00">March 5, 2014</time> by <span'
        ' class="entry-author" itemprop="author"><a href="/author/ada/" class="entry-author-link" rel="author">'
        '<span class="entry-author-name" itemprop="name">Ada</span></a></span></p></header><div class="entry-content"'
        f' itemprop="text">{TEXT}</div><footer class="entry-footer"><p class="entry-meta">Filed Under: <a rel="category'
        ' tag" href="/category/hills/">Hills</a></p></footer></article><section class="author-box"><h4>About Ada</h4>'
        f"{OTHER}</section>{COMMENTS}</main>{SIDEBAR}",
    ),
    "Divi": (
        SINGLE,
        '<div id="left-area"><article id="post-7" class="et_pb_post post-7 post type-post hentry category-hills"><div'
        ' class="et_post_meta_wrapper"><h1 class="entry-title">A walk</h1><p class="post-meta"> by <span class="author'
        ' vcard"><a href="/author/ada/" title="Posts by Ada" rel="author">Ada</a></span> | <span class="published">Mar'
        ' 5, 2014</span> | <a href="/category/hills/" rel="category tag">Hills</a></p></div><div class="entry-content">'
        f'<div class="et_pb_section"><div class="et_pb_row">{TEXT}</div></div></div></article></div>{SIDEBAR}',
    ),
    "Divi's theme builder": (
        SINGLE,
        '<div id="et-boc"><div class="et-l"><div class="et_builder_inner_content"><div class="et_pb_section">'
        '<div class="et_pb_module et_pb_post_title"><h1 class="entry-title">A walk</h1><p'
        ' class="et_pb_title_meta_container">by <span class="author vcard"><a rel="author" href="/author/ada/">Ada</a>'
        '</span> | <span class="published">Mar 5, 2014</span> | <a href="/category/hills/" rel="category tag">Hills</a>'
        f'</p></div><div class="et_pb_module et_pb_post_content et_pb_post_content_0_tb_body">{TEXT}</div>'
        f'<div class="et_pb_module et_pb_blog_0">{TILE.format(n=8, c="roads")}</div></div></div></div></div>',
    ),
    "Elementor": (
        SINGLE,
        '<div data-elementor-type="single-post" data-elementor-id="99" class="elementor elementor-99'
        ' elementor-location-single post-7 post type-post hentry category-hills"><section class="elementor-section">'
        '<div class="elementor-widget elementor-widget-theme-post-title"><div class="elementor-widget-container"><h1'
        ' class="elementor-heading-title">A walk</h1></div></div><div class="elementor-widget'
        ' elementor-widget-post-info"><ul class="elementor-post-info"><li itemprop="author"><a href="/author/ada/">'
        '<span class="elementor-post-info__item--type-author">Ada</span></a></li><li itemprop="datePublished"><span'
        ' class="elementor-post-info__item elementor-post-info__item--type-date">March 5, 2014</span></li></ul></div>'
        '<div class="elementor-widget elementor-widget-theme-post-content"><div class="elementor-widget-container">'
        f'{TEXT}</div></div><div class="elementor-widget elementor-widget-share-buttons">Share</div><div'
        f' class="elementor-posts">{TILE.format(n=8, c="roads")}</div></section></div>{SIDEBAR}',
    ),
    "GeneratePress": (
        SINGLE,
        '<main class="site-main"><article id="post-7" class="post-7 post type-post hentry category-hills"><div'
        ' class="inside-article"><header class="entry-header"><h1 class="entry-title" itemprop="headline">A walk</h1>'
        '<div class="entry-meta"><span class="posted-on"><time class="updated" datetime="2016-01-01T00:00:00+00:00"'
        ' itemprop="dateModified">January 1, 2016</time><time class="entry-date published"'
        ' datetime="2014-03-05T10:00:00+00:00" itemprop="datePublished">March 5, 2014</time></span> <span'
        ' class="byline">by <span class="author vcard" itemprop="author"><a class="url fn n" rel="author"'
        ' href="/author/ada/"><span class="author-name" itemprop="name">Ada</span></a></span></span></div></header>'
        f'<div class="entry-content" itemprop="text">{TEXT}</div></div></article>{COMMENTS}</main>{SIDEBAR}',
    ),
    "Newspaper": (
        SINGLE + " td-standard-pack",
        '<article id="post-7" class="post-7 post type-post hentry category-hills td-post-template-1"><div'
        ' class="td-post-header"><header class="td-post-title"><h1 class="entry-title">A walk</h1><div'
        ' class="td-module-meta-info"><div class="td-post-author-name"><a href="/author/ada/">Ada</a></div><span'
        ' class="td-post-date"><time class="entry-date updated td-module-date" datetime="2014-03-05T10:00:00+01:00">'
        'March 5, 2014</time></span></div></header></div><div class="td-post-sharing-top">Facebook</div><div'
        f' class="td-post-content tagdiv-type">{TEXT}<div class="td-a-rec advert">Ad</div></div><footer><div'
        ' class="td-post-source-tags"><ul class="td-tags"><li>x</li></ul></div></footer></article><div'
        ' class="td_block_wrap td_block_related_posts"><div class="td_module_related_posts"><h3 class="entry-title'
        f' td-module-title"><a href="/other-8/">Other 8</a></h3>{OTHER}</div></div>{COMMENTS}',
    ),
    "Avada": (
        SINGLE,
        '<section id="content"><article id="post-7" class="post post-7 type-post hentry category-hills"><h1'
        ' class="entry-title fusion-post-title">A walk</h1><div class="post-content"><div class="fusion-fullwidth">'
        f'{TEXT}</div></div><div class="fusion-meta-info"><div class="fusion-meta-info-wrapper">By <span class="vcard">'
        '<span class="fn"><a href="/author/ada/" rel="author">Ada</a></span></span><span class="fusion-inline-sep">|'
        '</span><span>March 5th, 2014</span></div></div><div class="fusion-sharing-box">Share</div><section'
        f' class="about-author">{OTHER}</section><section class="related-posts single-related-posts">{OTHER}</section>'
        f"</article></section>{SIDEBAR}",
    ),
    "Twenty Twenty-Four": (
        SINGLE + " wp-embed-responsive",
        '<div class="wp-site-blocks"><header class="wp-block-template-part"><p class="wp-block-site-title"><a href="/"'
        ' rel="home">Walks</a></p></header><main class="wp-block-group"><h1 class="wp-block-post-title">A walk</h1>'
        '<div class="wp-block-group"><div class="wp-block-post-date"><time datetime="2014-03-05T10:00:00+01:00">'
        '<a href="/a-walk/">March 5, 2014</a></time></div><div class="wp-block-post-author-name"><a'
        ' href="/author/ada/">Ada</a></div><div class="taxonomy-category wp-block-post-terms"><a'
        f' href="/category/hills/" rel="tag">Hills</a></div></div><div class="entry-content wp-block-post-content'
        f' is-layout-flow">{TEXT}</div><div class="wp-block-query"><ul class="wp-block-post-template"><li'
        ' class="wp-block-post post-8 post type-post hentry category-roads"><h2 class="wp-block-post-title"><a'
        f' href="/other-8/">Other 8</a></h2><div class="wp-block-post-excerpt">{OTHER}</div></li><li'
        ' class="wp-block-post post-7 post type-post hentry category-hills"><h2 class="wp-block-post-title"><a'
        f' href="/a-walk/">A walk</a></h2></li></ul></div><div class="wp-block-comments">{COMMENT}</div></main></div>',
    ),
    "a news site's own": (
        SINGLE,
        '<main><article class="c-article"><header class="c-article__header"><h1 class="c-article__title">A walk</h1>'
        '<div class="c-article__meta"><a class="c-article__author" href="/author/ada/">Ada</a> <time'
        ' datetime="2014-03-05T10:00:00+01:00">5 March</time></div></header><div class="c-article__main"><div'
        f' class="c-article__content">{TEXT}<footer class="c-article__footer"><div class="c-article__sharing">Share'
        f'</div></footer></div></div></article><div class="c-related"><article class="c-card"><h3><a href="/other-8/">'
        f'Other 8</a></h3><time datetime="2020-02-02T00:00:00+00:00">x</time>{OTHER}</article></div></main>',
    ),
}


def read(theme: str, post_id: int | None = None) -> ArticlePage:
    classes, body = THEMES[theme]
    head = '<title>A walk – Walks</title><link rel="shortlink" href="https://blog.example.com/?p=7">'
    text = f"<html lang='en'><head>{head}</head><body class='{classes}'>{body}</body></html>"
    return article.read(Selector(text), text, URL, post_id)


def words(markup: str | None) -> str:
    return " ".join(html.fragment_fromstring(markup or "", create_parent="div").text_content().split())


@pytest.mark.parametrize("theme", THEMES)
def test_a_post_is_read_from_any_theme(theme: str) -> None:
    post = read(theme).post
    assert (post.id, post.title, post.content_source) == (7, "A walk", "page")
    assert words(post.content_html) == words(TEXT)
    assert post.published_date
    assert dates.day(post.published_date).isoformat() == "2014-03-05"
    assert post.authors == ([] if theme == "Kubrick" else ["Ada"])


@pytest.mark.parametrize("theme", [name for name in THEMES if name not in ("a news site's own", "Twenty Twenty-Four")])
def test_the_categories_are_the_posts_own(theme: str) -> None:
    assert read(theme).post.categories == ["hills"]


@pytest.mark.parametrize("theme", THEMES)
def test_a_page_is_the_one_that_was_asked_for_or_it_is_refused(theme: str) -> None:
    assert read(theme, 7).post.id == 7
    with pytest.raises(NotThePage, match=r"not the page of post 6, but of post 7"):
        read(theme, 6)
