"""Post types: what REST and the names of sitemaps say of them."""

from __future__ import annotations

import json

import pytest

from engcrawl.pages import NotThePage, types
from engcrawl.pages.types import PostType


def test_types_for_readers_are_those_without_wordpress_own_internal_ones() -> None:
    listed = {
        "post": {"rest_base": "posts", "rest_namespace": "wp/v2", "taxonomies": ["category", "post_tag"]},
        "page": {"rest_base": "pages", "taxonomies": []},
        "podcast": {"rest_base": "", "rest_namespace": "studio/v1", "taxonomies": ["show"]},
        **{name: {"rest_base": name} for name in ("attachment", "nav_menu_item", "wp_block", "wp_template_part")},
    }
    assert types.read(json.dumps(listed)) == [
        types.POST,
        types.PAGE,
        PostType("podcast", "/studio/v1/podcast", ("show",)),
    ]


@pytest.mark.parametrize("text", ["", "[]", "<html>", '{"post": 1}', '{"code": "rest_forbidden"}', "[" * 200_000])
def test_what_is_no_list_of_types_is_not_the_page(text: str) -> None:
    with pytest.raises(NotThePage):
        types.read(text)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/wp-sitemap-posts-post-1.xml", "post"),
        ("/wp-sitemap-posts-case-study-12.xml", "case-study"),
        ("/wp-sitemap-posts-news-1.xml", "news"),
        ("/news-sitemap.xml", None),
        ("/wp-sitemap-taxonomies-show-1.xml", None),
        ("/wp-sitemap-users-1.xml", None),
        ("/post-sitemap2.xml.gz", "post"),
        ("/blog/web3-sitemap12.xml", "web3"),
        ("/category-sitemap.xml", None),
        ("/sitemap-pt-post-2024-01.xml", "post"),
        ("/sitemap-pt-case-study-p2-2024-01.xml.gz", "case-study"),
        ("/sitemap-posttype-post.202401.xml", "post"),
        ("/sitemap-posttype-page.xml", "page"),
        ("/sitemap-tax-category.xml", None),
        ("/sitemap-taxonomy-category.xml", None),
        ("/sitemap-misc.xml", None),
        ("/post-archive-sitemap.xml", None),
        ("/addl-sitemap.xml", None),
        ("/post-sitemap1.xml", "post"),
        ("/sitemap.xml", types.ANY),
        ("/sitemap-1.xml", types.ANY),
        ("/image-sitemap-1.xml", None),
        ("/everything.xml", None),
        ("/podcast-sitemap.html", None),
    ],
)
def test_a_sitemaps_name_says_its_type(path: str, name: str | None) -> None:
    assert types.in_sitemap(f"https://x.example{path}") == name


def test_a_name_that_says_nothing_of_a_sitemap_in_no_index_may_be_that_of_one_with_posts() -> None:
    names = ("everything.xml", "post-sitemap.xml", "category-sitemap.xml")
    assert [types.in_sitemap(f"https://x.example/{n}", alone=True) for n in names] == [types.ANY, "post", None]


def test_what_rest_knows_tells_which_names_of_plugins_are_types() -> None:
    url = "https://x.example/{}-sitemap.xml"
    known, others = {"news"}, {"show"}
    assert [types.in_sitemap(url.format(n), known, others) for n in ("news", "show", "episode")] == [
        "news",
        None,
        "episode",
    ]
