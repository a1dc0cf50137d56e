"""The real site's captures, crawled as the site itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.crawls import Crawl, crawl
from tests.support.folders import SHARED

CATEGORY = "https://engineering.fb.com/category/ai-research/"
ARTICLE = (
    "https://engineering.fb.com/2025/02/05/security/revolutionizing-software-testing-llm-powered-bug-catchers-meta-ach/"
)

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason=f"the site's captures are not there: {SHARED}")


def replayed(output: Path, pages: Mapping[str, str | Path], *arguments: str) -> Crawl:
    settings = {
        "DOWNLOAD_HANDLERS": json.dumps({"https": "tests.support.replay.ReplayHandler"}),
        "REPLAY": json.dumps({url: str(page) for url, page in pages.items()}),
    }
    return crawl(output, "-a", "categories=ai-research", *arguments, settings=settings)


@pytest.mark.parametrize("pagination", ["links", "auto"])
def test_the_category_page_gives_its_twelve_posts_and_an_incomplete_walk(output: Path, pagination: str) -> None:
    page = {CATEGORY: SHARED / "category-ai-research-2024.html"}
    done = replayed(output, page, "-a", "articles=no", "-a", f"pagination={pagination}")
    posts = done.feed
    assert done.status == 3
    assert {p["id"]: (p["published_date"], p["external"], p["kind"]) for p in posts} == {
        21793: ("2024-10-03", False, "article"),
        21568: ("2024-08-23", False, "article"),
        21571: ("2024-08-22", False, "article"),
        21564: ("2024-08-21", False, "article"),
        21559: ("2024-08-20", False, "video"),
        21542: ("2024-08-14", False, "article"),
        21522: ("2024-08-05", False, "article"),
        21183: ("2024-04-11", True, "article"),
        21177: ("2024-04-10", True, "article"),
        21038: ("2024-03-12", False, "article"),
        20873: ("2024-01-11", False, "article"),
        20703: ("2023-10-18", False, "article"),
    }
    assert len(posts) == 12
    assert next(p for p in posts if p["id"] == 21564) == {
        "id": 21564,
        "type": "post",
        "url": "https://engineering.fb.com/2024/08/21/production-engineering/bringing-llama-3-to-life/",
        "title": "Bringing Llama 3 to life",
        "published_date": "2024-08-21",
        "published_at": None,
        "modified_at": None,
        "authors": [],
        "categories": ["ai-research", "culture", "ml-applications", "open-source", "production-engineering"],
        "tags": ["ai-infra-scale"],
        "kind": "article",
        "external": False,
        "protected": False,
        "excerpt": None,
        "image_url": "https://engineering.fb.com/wp-content/uploads/2024/08/"
        "AI-@Scale-2024-YouTube-Thumbnail-JoeDeliaKaushikYe.webp",
        "language": None,
        "content_html": None,
        "content_markdown": None,
        "content_source": None,
    }
    assert next(p["url"] for p in posts if p["id"] == 21183) == (
        "https://www.metacareers.com/life/building-custom-silicon-for-the-future-of-ai/"
    )
    (category,) = done.verdict["categories"]
    assert (category["pages"], category["walked"], category["posts"]) == (12, 1, 12)
    assert (f"{CATEGORY}page/2/", "HTTP 404") in done.problems


def test_the_article_page_gives_the_whole_record(output: Path) -> None:
    listing = output.parent / "listing.html"
    listing.write_text(
        '<html><body class="archive"><main><article class="hentry" id="post-22242"><div class="entry-title">'
        f'<a href="{ARTICLE}">listed</a></div></article></main></body></html>'
    )
    done = replayed(output, {CATEGORY: listing, ARTICLE: SHARED / "article-2025-02-05.html"})
    assert done.status == 0, done.log
    (post,) = done.feed
    html, markdown = post.pop("content_html"), post.pop("content_markdown")
    excerpt = post.pop("excerpt")
    assert post == {
        "id": 22242,
        "type": "post",
        "url": ARTICLE,
        "title": "Revolutionizing software testing: Introducing LLM-powered bug catchers",
        "published_date": "2025-02-05",
        "published_at": "2025-02-05T18:30:51Z",
        "modified_at": "2025-02-05T17:50:21Z",
        "authors": [
            "Christopher Foster",
            "Abhishek Gulati",
            "Mark Harman",
            "Inna Harper",
            "Ke Mao",
            "Jillian Ritchey",
            "Hervé Robert",
            "Shubho Sengupta",
        ],
        "categories": ["ml-applications", "security"],
        "tags": [],
        "kind": "article",
        "external": False,
        "protected": False,
        "image_url": "https://engineering.fb.com/wp-content/uploads/2021/10/RiB_DarkBlue.jpg",
        "language": "en-US",
        "content_source": "page",
    }
    assert excerpt.startswith("WHAT IT IS Meta’s Automated Compliance Hardening (ACH) tool")
    assert html.startswith('<h2><span style="font-weight: 400;">WHAT IT IS</span></h2>')
    assert html.endswith("Mutation-Guided LLM-based Test Generation at Meta</span></a></p>")
    assert "share=" not in html
    assert "<script" not in html
    assert markdown.startswith("## WHAT IT IS\n\n[Meta’s Automated Compliance Hardening (ACH) tool](https://arxiv.org/")
    assert "1. An engineer describes the kind of bugs they’re concerned about.\n2. ACH uses" in markdown
    assert "share=" not in markdown
