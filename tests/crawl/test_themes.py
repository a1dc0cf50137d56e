"""Blogs with other themes and other ways to page, crawled as they would answer."""

from __future__ import annotations

import json
from pathlib import Path

from engcrawl.settings import ITEM_PIPELINES
from tests.support.crawls import Crawl, crawl

SITE = "https://blog.example.com"
ARTICLE = '<html><body><main><article id="post-1"><div class="entry-content">x</div></article></main></body></html>'


def menu(*slugs: str) -> str:
    items = (f'<li class="menu-item-object-category"><a href="/category/{s}/">{s}</a></li>' for s in slugs)
    return f"<ul>{''.join(items)}</ul>"


def page(*numbers: int, rest: str = "", classes: str = "category-storage") -> str:
    posts = "".join(
        f'<article id="post-{n}" class="hentry {classes}"><h2 class="entry-title">'
        f'<a href="/2024/01/{n:02}/p{n}/">Post {n}</a></h2></article>'
        for n in numbers
    )
    menu = '<ul><li class="menu-item-object-category"><a href="/category/storage/">Storage</a></li></ul>'
    return f"<html><body>{menu}<main>{posts}</main>{rest}</body></html>"


def replay(output: Path, pages: dict[str, str], *arguments: str, settings: dict[str, str] | None = None) -> Crawl:
    """Crawl a site that answers with *pages* by path, and 404 else."""
    folder = output.parent / "pages"
    folder.mkdir(exist_ok=True)
    files = {}
    for number, (path, text) in enumerate(pages.items()):
        file = folder / f"{number}.html"
        file.write_text(text)
        files[path if path.startswith("https:") else SITE + path] = str(file)
    replayed = {
        "DOWNLOAD_HANDLERS": json.dumps({"https": "tests.support.replay.ReplayHandler"}),
        "REPLAY": json.dumps(files),
    }
    site = () if any("site=" in a for a in arguments) else ("-a", f"site={SITE}")
    return crawl(output, "-a", "articles=no", *site, *arguments, settings=replayed | (settings or {}))


NEXT_LINKS = {
    "storage": '<a class="nextpostslink" rel="next" href="/category/storage/page/2/">»</a>',
    "web": '<div class="alignleft"><a href="https://blog.example.com/category/web/page/2/">Older Entries</a></div>',
    "mobile": '<li class="pagination-next"><a href="page/2">Next</a></li>',
    "video": '<a class="wp-block-query-pagination-next" href="/category/video/page/2/">Next</a>',
    "culture": '<div class="nav-previous"><a href="/category/culture/page/2/">Older posts</a></div>',
    "data": '<a class="page-numbers" href="/category/data/page/2/"><span>Page </span>2</a>',
    "ai": "",  # nothing at all: the next page is tried, and WordPress answers 404 past the end
}


TIMES = {
    "2024-01-01": '<time class="entry-date published">2 days ago</time>',  # the permalink's day
    "2024-01-03": '<time class="entry-date published" datetime="2024-01-03">x</time>',
}
"""A listing's days, and how it tells them."""


def test_every_page_is_walked_whatever_the_link_to_it_looks_like_and_a_day_read_however_it_is_told(
    output: Path,
) -> None:
    pages, posts = {"/": page(99, rest=menu(*NEXT_LINKS))}, range(1, 3 * len(NEXT_LINKS) + 1)
    for number, (slug, link) in enumerate(NEXT_LINKS.items()):
        first, second, third = posts[3 * number : 3 * number + 3]
        pages[f"/category/{slug}/"] = page(first, second, rest=link, classes=f"category-{slug}")
        pages[f"/category/{slug}/page/2/"] = page(third, classes=f"category-{slug}")
    pages["/category/mobile/page/2"] = pages["/category/mobile/page/2/"]
    for slug, time in zip(NEXT_LINKS, TIMES.values(), strict=False):
        pages[f"/category/{slug}/"] = pages[f"/category/{slug}/"].replace("</article>", f"{time}</article>", 1)
    done = replay(output, pages)
    assert done.status == 0, done.log
    days = {post["id"]: post["published_date"] for post in done.feed}
    assert days.keys() == set(posts)
    assert [days[1], days[4]] == list(TIMES)
    ends = {c["slug"]: (c["walked"], c["end"]) for c in done.verdict["categories"]}
    assert {slug: ends[slug] for slug in NEXT_LINKS} == dict.fromkeys(NEXT_LINKS, (2, "last page"))


def test_a_blog_in_a_folder_takes_its_own_categories_alone(output: Path) -> None:
    other = '<li class="menu-item-object-category"><a href="/news/category/press/">Press</a></li>'
    own = '<li class="menu-item-object-category"><a href="/blog/topics/storage/">Storage</a></li>'
    pages = {
        "/blog/": page(9, rest=other + own).replace('href="/category/storage/"', 'href="/blog/topics/storage/"'),
        "/blog/topics/storage/": page(1).replace('href="/category/storage/"', 'href="/blog/topics/storage/"'),
        "/news/category/press/": page(7),
    }
    done = replay(output, pages, "-a", f"site={SITE}/blog")
    assert done.status == 0, done.log
    assert [post["id"] for post in done.feed] == [1]


def test_a_category_asked_for_is_found_at_the_address_the_site_links_to(output: Path) -> None:
    def topics(*numbers: int) -> str:
        return page(*numbers).replace("/category/storage/", "/topics/storage/")

    pages = {"/": topics(9), "/topics/storage/": topics(1, 2)}
    done = replay(output, pages, "-a", "categories=storage")
    assert done.status == 0, done.log
    assert {post["id"] for post in done.feed} == {1, 2}


def test_a_category_that_is_not_there_and_a_page_with_fewer_posts_than_the_site_puts_on_one_are_reported(
    output: Path,
) -> None:
    params = json.dumps({"max_page": "2", "posts": json.dumps({"posts_per_page": 3})})
    script = f"<script>var loadmore_params = {params};</script>"
    following = '<link rel="next" href="/category/storage/page/2/">'
    pages = {
        "/": page(9),
        "/category/storage/": page(1, 2, rest=script + following),
        "/category/storage/page/2/": page(3, rest=script, classes="category-storage category-culture"),
    }
    done = replay(output, pages)
    assert done.status == 3
    assert dict(done.problems) == {
        f"{SITE}/category/storage/": "2 posts, where the site puts 3 on a page",
        f"{SITE}/category/culture/": "HTTP 404",  # that a class alone names
    }


def test_a_slug_that_a_class_cannot_hold_is_walked_once_and_a_post_without_an_id_is_resolved_by_its_page(
    output: Path,
) -> None:
    link = '<ul><li class="cat-item"><a href="/category/c-%d1%8f%d0%b7/">c-яз</a></li></ul>'
    nameless = '<article class="hentry"><h2 class="entry-title"><a href="/x/">X</a></h2></article>'
    own = ARTICLE.replace('<article id="post-1">', '<article id="post-3"><h1 class="entry-title">X</h1>')
    pages = {
        "/": page(9, rest=link),
        "/category/storage/": page(1, classes="category-storage category-c-").replace("</main>", f"{nameless}</main>"),
        "/category/c-%d1%8f%d0%b7/": page(2, classes="category-c-"),
        "/2024/01/01/p1/": ARTICLE,
        "/2024/01/02/p2/": ARTICLE.replace("post-1", "post-2"),
        "/x/": own.replace("<body>", '<body class="single postid-3">'),
    }
    done = replay(output, pages, "-a", "articles=yes")
    assert done.status == 0, done.log
    assert {c["slug"] for c in done.verdict["categories"]} == {"storage", "c-яз", "uncategorized"}
    assert {post["id"]: post["title"] for post in done.feed} == {1: "Post 1", 2: "Post 2", 3: "X"}


def test_a_post_that_some_component_drops_is_noticed(output: Path) -> None:
    pages = {"/": page(9), "/category/storage/": page(1, 2)}
    pipelines = json.dumps({"tests.support.exporters.DropsTheSecond": 50} | ITEM_PIPELINES)
    done = replay(output, pages, settings={"ITEM_PIPELINES": pipelines})
    assert done.status == 3
    assert done.verdict["reason"] == "1 posts were read but have no record"


# Odd articles: whatever is wrong with one, the run goes on, and its post with it

_LD = '<script type="application/ld+json">'
ODD: list[tuple[str, str, dict[str, object]]] = [
    ("", '<p><a href="http://[your-host]/">x</a></p>', {"content_markdown": "x"}),
    (
        _LD + '{"@type": "Article", "author": [{"@id": ["x"]}, "Jane", "A \\ud83d"]}</script>',
        "x",
        {"authors": ["Jane", "A ?"]},
    ),
    (
        _LD + '{"@type": "Article", "datePublished": "2024-01-03"}</script>'
        '<meta property="article:published_time" content="2024-01-03T03:04:05+00:00">',
        "x",
        {"published_at": "2024-01-03T03:04:05Z"},
    ),
    (
        "",
        '<p><img src="data:image/gif;base64,x" data-src="/a.png" alt="A">'
        '<noscript><img src="/a.png"></noscript></p>'
        '<iframe data-src="https://video.example/1" title="A video"></iframe>',
        {"content_markdown": f"![A]({SITE}/a.png)\n\n[A video](https://video.example/1)"},
    ),
    ("", "x" + '<div class="page-links"></div>', {"content_html": "x"}),
    (f"{_LD}{'[' * 200_000}</script>", "x", {"content_html": "x"}),
    ("", "<div>" * 200 + "x" + "</div>" * 200, {"content_html": "<div>" * 200 + "x" + "</div>" * 200}),
]
"""What is odd in an article's head and content, and what its record says all the same."""


def test_an_odd_article_gives_its_record(output: Path) -> None:
    pages = {"/": page(99), "/category/storage/": page(*range(1, len(ODD) + 1))}
    for number, (head, content, _) in enumerate(ODD, 1):
        pages[f"/2024/01/{number:02}/p{number}/"] = (
            f"<html><head>{head}</head><body><main><article id='post-{number}'>"
            f"<div class='entry-content'>{content}</div></article></main></body></html>"
        )
    done = replay(output, pages, "-a", "articles=yes")
    assert done.status == 0, done.log
    found = {post["id"]: post for post in done.feed}
    for number, (_, _, expected) in enumerate(ODD, 1):
        assert {key: found[number][key] for key in expected} == expected
