"""Listing pages as real sites sent them, read side by side with what a reader sees there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from parsel import Selector

from engcrawl.pages import listing

PAGES = Path(__file__).parents[2].parent / "shared" / "pages"
SAMPLES: list[dict[str, Any]] = (
    [sample for sample in json.loads((PAGES / "PAGES.json").read_text()) if sample["kind"] == "listing"]
    if (PAGES / "PAGES.json").exists()
    else []
)
FIRST_AND_LAST = {
    "blocks-blog.html": (1402, 871),
    "blocks-blog-page-6.html": (561, 444),
    "listing-category-reviews-page-2.html": (173, 35),
    "listing-101.html": (12, 115),
    "listing-74.html": (17832, 17651),
    "listing-97.html": (1531, 1493),
    "listing-category-uncategorized.html": (776, 561),
}
DAYS = {
    "blocks-blog.html": "July 27, 2026",
    "blocks-blog-page-6.html": "March 5, 2025",
    "listing-74.html": "Jul 10, 2015",
    "listing-97.html": "2016年3月11日",
    "listing-category-uncategorized.html": "07/04/2019",
}
TITLES = {
    "blocks-blog.html": "Adding Interactivity on Static WordPress sites",
    "listing-101.html": "Indomotoblog",
    "listing-74.html": "Jurassic Park Wedding Cake",
    "listing-97.html": "退路を断つ",
}

pytestmark = pytest.mark.skipif(not SAMPLES, reason=f"the captured pages are not there: {PAGES}")


def read(sample: dict[str, Any]) -> listing.ListingPage:
    text = (PAGES / sample["file"]).read_text(encoding="utf-8", errors="replace")
    return listing.read(Selector(text), text, sample["url"])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["file"])
def test_a_captured_listing_gives_what_its_reader_sees(sample: dict[str, Any]) -> None:
    page = read(sample)
    following = listing.page_number(page.next_url) if page.next_url else None
    assert (len(page.posts), page.number, following, page.pages) == (
        sample["posts"],
        sample["page"],
        sample["next_page"],
        sample["last_page"],
    )
    assert page.flaw is None
    assert all(post.title and post.url.startswith(sample["url"].partition("/category")[0][:20]) for post in page.posts)
    assert len({post.id for post in page.posts}) == len({post.url for post in page.posts}) == sample["posts"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["file"])
def test_a_captured_listings_posts_have_their_own_facts(sample: dict[str, Any]) -> None:
    posts, name = read(sample).posts, sample["file"]
    assert (posts[0].id, posts[-1].id) == FIRST_AND_LAST[name]
    assert posts[0].published_date == DAYS.get(name)
    assert TITLES.get(name, posts[0].title) == posts[0].title


def test_a_page_asked_for_as_another_is_noticed_whatever_its_canonical_address_says() -> None:
    sample = next(sample for sample in SAMPLES if sample["file"] == "listing-74.html")
    text = (PAGES / sample["file"]).read_text(encoding="utf-8", errors="replace")
    page = listing.read(Selector(text), text, "http://whengeekswed.com/blog/page/7/")
    assert (page.number, page.url) == (12, "http://whengeekswed.com/blog/page/12/")
