"""Pages as real blogs served them, each beside what it must give: what PAGES.json says of a post's own page.

The pages aren't part of this project; without them these tests are skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from parsel import Selector

from engcrawl.pages import NotThePage, article
from engcrawl.text import dates

PAGES = Path(__file__).parents[3] / "shared" / "pages"
LIST = PAGES / "PAGES.json"

NOT_IN_A_BODY = {"wie flatterhaft das Mädl ist? :)"}
"""What the list wants, though it stands in a comment."""
IN_THE_BODY = {"Quelle: Deutscher Jagdverband (DJV)", "Neue DJV-Online-Seminare starten im März"}
"""What the list doesn't want, though it is the author's own text: a last line, and a picture's caption."""

pytestmark = pytest.mark.skipif(not LIST.exists(), reason=f"no {LIST}")


def pages(kind: str) -> list[Any]:
    """Return what the list says of each page of this kind."""
    listed = json.loads(LIST.read_text("utf-8")) if LIST.exists() else []
    return [pytest.param(page, id=page["file"]) for page in listed if page["kind"] == kind]


def read(page: dict[str, Any]) -> article.ArticlePage:
    text = (PAGES / page["file"]).read_text("utf-8", "replace")
    return article.read(Selector(text), text, page["url"])


@pytest.mark.parametrize("page", pages("article"))
def test_a_real_post_is_read(page: dict[str, Any]) -> None:
    post = read(page).post
    assert post.id == page["id"]
    assert post.title == page.get("title", post.title)
    assert post.content_source == "page"
    if "author" in page:
        assert [name.casefold() for name in post.authors] == [page["author"].casefold()]
    if "date" in page:
        assert post.published_date
        assert dates.day(post.published_date).isoformat() == page["date"]


@pytest.mark.parametrize("page", pages("article"))
def test_a_real_posts_body_is_its_text_alone(page: dict[str, Any]) -> None:
    content = read(page).post.content_html
    assert content
    text = " ".join(html.fragment_fromstring(content, create_parent="div").text_content().split())
    assert [part for part in page["must_have"] if part not in text and part not in NOT_IN_A_BODY] == []
    assert [part for part in page["must_not_have"] if part in text and part not in IN_THE_BODY] == []


@pytest.mark.parametrize("page", pages("listing"))
def test_a_real_listing_is_not_taken_for_a_post(page: dict[str, Any]) -> None:
    with pytest.raises(NotThePage, match="not the page of a post"):
        read(page)
