"""Blogs with other themes and other ways to page, crawled as they would answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engcrawl.settings import ITEM_PIPELINES
from tests.support.crawls import Crawl, crawl

SITE = "https://blog.example.com"
ARTICLE = '<html><body><main><article id="post-1"><div class="entry-content">x</div></article></main></body></html>'


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


@pytest.mark.parametrize(
    "link",
    [
        '<a class="nextpostslink" rel="next" href="/category/storage/page/2/">»</a>',
        '<div class="alignleft"><a href="https://blog.example.com/category/storage/page/2/">Older Entries</a></div>',
        '<li class="pagination-next"><a href="page/2">Next</a></li>',
        '<a class="wp-block-query-pagination-next" href="/category/storage/page/2/">Next</a>',
        '<div class="nav-previous"><a href="/category/storage/page/2/">Older posts</a></div>',
        '<a class="page-numbers" href="/category/storage/page/2/"><span>Page </span>2</a>',
        "",  # nothing at all: the next page is tried, and WordPress answers 404 past the end
    ],
)
def test_every_page_is_walked_whatever_the_link_to_it_looks_like(output: Path, link: str) -> None:
    pages = {
        "/": page(9),
        "/category/storage/": page(1, 2, rest=link),
        "/category/storage/page/2/": page(3),
    }
    pages["/category/storage/page/2"] = pages["/category/storage/page/2/"]
    done = replay(output, pages)
    assert done.status == 0, done.log
    assert {post["id"] for post in done.feed} == {1, 2, 3}
    storage = next(c for c in done.verdict["categories"] if c["slug"] == "storage")
    assert (storage["walked"], storage["end"]) == (2, "last page")


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


def test_a_category_that_only_a_class_names_and_that_is_not_there_is_reported(output: Path) -> None:
    pages = {"/": page(9), "/category/storage/": page(1, classes="category-storage category-culture")}
    done = replay(output, pages)
    assert done.status == 3
    assert done.problems == [(f"{SITE}/category/culture/", "HTTP 404")]


def test_a_slug_that_a_class_cannot_hold_is_walked_once(output: Path) -> None:
    link = '<ul><li class="cat-item"><a href="/category/c-%d1%8f%d0%b7/">c-яз</a></li></ul>'
    pages = {
        "/": page(9, rest=link),
        "/category/storage/": page(1, classes="category-storage category-c-"),
        "/category/c-%d1%8f%d0%b7/": page(2, classes="category-c-"),
    }
    done = replay(output, pages)
    assert done.status == 0, done.log
    assert {c["slug"] for c in done.verdict["categories"]} == {"storage", "c-яз", "uncategorized"}


def test_posts_without_an_id_are_resolved_by_their_own_pages(output: Path) -> None:
    nameless = '<article class="hentry"><h2 class="entry-title"><a href="/x/">X</a></h2></article>'
    own = ARTICLE.replace('<article id="post-1">', '<article id="post-2"><h1 class="entry-title">X</h1>')
    pages = {
        "/": page(9),
        "/category/storage/": page(1).replace("</main>", f"{nameless}</main>"),
        "/2024/01/01/p1/": ARTICLE,
        "/x/": own.replace("<body>", '<body class="single postid-2">'),
    }
    done = replay(output, pages, "-a", "articles=yes")
    assert done.status == 0, done.log
    assert {post["id"]: post["title"] for post in done.feed} == {1: "Post 1", 2: "X"}


def test_a_page_with_fewer_posts_than_the_site_puts_on_one_is_reported(output: Path) -> None:
    params = json.dumps({"max_page": "2", "posts": json.dumps({"posts_per_page": 3})})
    script = f"<script>var loadmore_params = {params};</script>"
    following = '<link rel="next" href="/category/storage/page/2/">'
    pages = {
        "/": page(9),
        "/category/storage/": page(1, 2, rest=script + following),
        "/category/storage/page/2/": page(3, rest=script),
    }
    done = replay(output, pages)
    assert done.status == 3
    assert done.problems == [(f"{SITE}/category/storage/", "2 posts, where the site puts 3 on a page")]


def test_a_post_that_some_component_drops_is_noticed(output: Path) -> None:
    pages = {"/": page(9), "/category/storage/": page(1, 2)}
    pipelines = json.dumps({"tests.support.exporters.DropsTheSecond": 50} | ITEM_PIPELINES)
    done = replay(output, pages, settings={"ITEM_PIPELINES": pipelines})
    assert done.status == 3
    assert done.verdict["reason"] == "1 posts were read but have no record"


def test_an_archive_of_another_site_is_left_alone(output: Path) -> None:
    pages = {"/": page(9), "/category/storage/": page(1), "/2024/01/01/p1/": ARTICLE}
    assert replay(output, pages, "-a", "articles=yes").status == 0
    before = (output / "posts.jsonl").read_bytes()
    other = "site=https://other.example"
    done = replay(output, pages, "-a", other)
    assert done.status == 2
    line = "argument site=https://other.example: sqlite:///.*/archive.db is the archive of http"
    assert re.search(rf"Verdict: usage \(exit status 2\): {line}", done.log)
    for path in output.glob("archive.db*"):
        path.unlink()
    done = replay(output, pages, "-a", other)  # there is no state that says whose it is, but the records do
    assert done.status == 2
    assert re.search(r"argument site=https://other.example: .*/posts.jsonl is another site's \(http", done.log)
    assert (output / "posts.jsonl").read_bytes() == before


# Odd articles: whatever is wrong with one, the run goes on, and its post with it


@pytest.mark.parametrize(
    ("head", "content", "expected"),
    [
        ("", '<p><a href="http://[your-host]/">x</a></p>', {"content_markdown": "x"}),
        (
            '<script type="application/ld+json">'
            '{"@type": "Article", "author": [{"@id": ["x"]}, "Jane", "A \\ud83d"]}</script>',
            "x",
            {"authors": ["Jane", "A ?"]},
        ),
        (
            '<script type="application/ld+json">{"@type": "Article", "datePublished": "2024-01-02"}</script>'
            '<meta property="article:published_time" content="2024-01-02T03:04:05+00:00">',
            "x",
            {"published_at": "2024-01-02T03:04:05Z"},
        ),
        (
            "",
            '<p><img src="data:image/gif;base64,x" data-src="/a.png" alt="A">'
            '<noscript><img src="/a.png"></noscript></p>'
            '<iframe data-src="https://video.example/1" title="A video"></iframe>',
            {"content_markdown": f"![A]({SITE}/a.png)\n\n[A video](https://video.example/1)"},
        ),
        ("", "x" + '<div class="page-links"></div>', {"content_html": "x"}),
        (f'<script type="application/ld+json">{"[" * 200_000}</script>', "x", {"content_html": "x"}),
    ],
)
def test_an_odd_article_gives_its_record(output: Path, head: str, content: str, expected: dict[str, object]) -> None:
    article = (
        f"<html><head>{head}</head><body><main><article id='post-1'>"
        f"<div class='entry-content'>{content}</div></article></main></body></html>"
    )
    pages = {"/": page(9), "/category/storage/": page(1), "/2024/01/01/p1/": article}
    done = replay(output, pages, "-a", "articles=yes")
    assert done.status == 0, done.log
    (post,) = done.feed
    assert {key: post[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("time", "day", "status"),
    [
        ('<time class="entry-date published">2 days ago</time>', "2024-01-01", 0),  # the permalink's day
        ('<time class="entry-date published" datetime="2023-12-31">x</time>', "2023-12-31", 0),
    ],
)
def test_a_listings_day_that_cannot_be_read_leaves_the_permalinks(
    output: Path, time: str, day: str, status: int
) -> None:
    pages = {"/": page(9), "/category/storage/": page(1).replace("</article>", f"{time}</article>")}
    done = replay(output, pages)
    assert done.status == status, done.log
    assert done.feed[0]["published_date"] == day


def test_a_body_that_is_nested_too_deeply_keeps_its_html(output: Path) -> None:
    content = "<div>" * 200 + "x" + "</div>" * 200
    article = f"<html><body><article id='post-1'><div class='entry-content'>{content}</div></article></body></html>"
    pages = {"/": page(9), "/category/storage/": page(1), "/2024/01/01/p1/": article}
    done = replay(output, pages, "-a", "articles=yes")
    assert done.status in (0, 3), done.log
    assert "x" in done.feed[0]["content_html"]
