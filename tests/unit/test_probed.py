"""Say what a run of a probed blog would lack or need, judge it, and estimate its first run."""

from __future__ import annotations

from typing import Any

import pytest

from engcrawl.items import SOURCES
from engcrawl.phases.probed import Asked, Probed, ProbedCategory, ProbedListing, ProbedPost

URL = "https://example.com/category/web/"


def probed(**facts: Any) -> Probed:
    """Return a blog of which there is nothing to say, but for these facts."""
    listing = ProbedListing(slug="web", url=URL, posts=10, pages=3, button=False)
    given: dict[str, Any] = {
        "site": "https://example.com",
        "sources": {name: Asked(access="open") for name in SOURCES},
        "posts": 28,
        "types": {"post": 28, "page": 0},
        "categories": [ProbedCategory(slug="web", url=URL, posts=28, linked=True)],
        "listing": listing,
        "read": [ProbedPost(id=1, url=f"{URL}1", content_source="page")],
    }
    found = Probed(**given | facts)
    found.list_missing()
    found.judge()
    return found


def closed(*names: str) -> dict[str, Asked]:
    return {name: Asked(access="missing", detail="no") if name in names else Asked(access="open") for name in SOURCES}


def test_a_blog_that_lacks_nothing_fits() -> None:
    found = probed()
    assert (found.missing, found.fits, found.reason) == ([], True, "1 of 1 posts read whole")


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"sources": closed("rest", "sitemap", "feed")},
            "no REST and no sitemap: no list can prove that the archive is complete",
        ),
        (
            {"sources": closed("listings")},
            "no listing can be read: no: take it from REST alone, with -a source=rest",
        ),
        (
            {"categories": [ProbedCategory(slug="web", url=URL, posts=1300, linked=True)]},
            "hidden from listings: REST counts 1,300 posts in web, its listing has 30 at most",
        ),
        (
            {"types": {"post": 28, "podcast": 1200, "event": None, "page": 0}},
            "other post types, archived only with -a types=…: podcast 1,200, event",
        ),
        (
            {"read": [ProbedPost(id=1, url=URL, content_source="extracted")]},
            "1 of 1 bodies are only a guess at the page's main text",
        ),
        (
            {"read": [ProbedPost(id=1, url=URL, content_source="rest")]},
            "1 of 1 bodies are from REST, because the posts' own pages lack them",
        ),
        (
            {"listing": ProbedListing(slug="web", url=URL, posts=10, pages=None, button=True)},
            f"only a button leads to the next page of {URL}: a browser is needed",
        ),
        ({"types": {}}, "REST doesn't say which post types there are: posts of other types may be missing"),
        ({"crawl_delay": 10.0}, "robots.txt asks for 10 s between requests (Crawl-delay)"),
    ],
)
def test_what_a_run_would_lack_or_need_is_a_sentence(facts: dict[str, Any], sentence: str) -> None:
    assert probed(**facts).missing == [sentence]


def test_a_post_that_is_not_whole_does_not_fit() -> None:
    lost = ProbedPost(id=2, url=f"{URL}2", trouble="no body")
    found = probed(read=[ProbedPost(id=1, url=f"{URL}1", content_source="page"), lost])
    assert (found.fits, found.reason) == (False, f"1 of 2 posts read whole: no body: {URL}2")


def test_a_blog_that_names_no_post_does_not_fit() -> None:
    found = probed(read=[], sources=closed("rest"))
    assert (found.fits, found.reason) == (False, "no list names a post with a page of its own; rest: no")


def test_a_child_categorys_posts_are_in_its_parents_listing_too() -> None:
    child = ProbedCategory(slug="css", url=f"{URL}css/", posts=15, linked=True)
    alone, both = probed(), probed(categories=[*probed().categories, child])
    for found in (alone, both):
        found.estimate(sitemaps=2, delay=1.0)
    assert alone.first_run is not None
    assert both.first_run is not None
    # 3 pages, 28 posts; twice robots.txt and the front page; REST's categories, posts, types, pages, parts; the feed
    assert alone.first_run.requests == 3 + 28 + 3 + 5 + 2 + 1
    assert both.first_run.requests - alone.first_run.requests == 2 + 2
