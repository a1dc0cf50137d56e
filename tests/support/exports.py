"""Export a state that has what a blog can have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engcrawl.items import Found, Post
from engcrawl.state import State
from tests.blog import Blog
from tests.support.commands import run

KEY = "x.example_blog"
SITE = "https://x.example/blog"
AT = "2026-11-01T03:00:00Z"
NASTY: dict[str, Any] = {
    "title": '"; DROP TABLE posts; -- | --- \U0001f600 é\u2028\x7f',
    "excerpt": "a,b\r\n'c'",
    "authors": ["Zoë, Jr.", "Zoë: & Co", "- x"],
    "tags": ["---", "yes"],
    "content_html": "<p>---</p>",
    "content_markdown": "---\n\n---\nid: 2\n",
    "content_source": "page",
}


def post(number: int, **facts: Any) -> Post:
    known: dict[str, Any] = {"id": number, "url": f"{SITE}/2024/{number}/", "title": "t", "crawled_at": AT}
    return Post(**known | facts)


def export(archive: Path, folder: Path, *options: str, status: int = 0) -> str:
    return run(archive, "export", *options, str(folder), status=status)


def rows(archive: Path) -> list[dict[str, Any]]:
    """The archive's records with ``gone_since``, in its order."""
    with State.read(f"sqlite:///{archive}/archive.db", None) as state:
        return [json.loads(line) | {"gone_since": gone} for line, gone in state.posts.lines()]


def odd_archive(folder: Path) -> Path:
    """Make a state with the records of a blog of 60 posts, some odd ones, an edited one and one that is gone."""
    output = folder / "output"
    output.mkdir()
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        state.runs.begin("archive-1", "archive", {"site": SITE}, AT)
        for record in Blog(60).truth():
            state.posts.store(Found(post=Post(**record | {"crawled_at": AT})))
        state.posts.store(Found(post=post(900_001, **NASTY)))
        state.posts.store(
            Found(post=post(900_002, url=f"{SITE}/2024/05/%E6%97%A5%E6%9C%AC/", published_date="2024-05-01"))
        )
        state.posts.store(Found(post=post(900_003, title="gone")))
        state.posts.mark_gone(900_003)
        edited = NASTY | {"title": "edited", "tags": ["yes"]}
        state.posts.store(Found(post=post(900_001, **edited)))
        again = edited | {"content_markdown": f"{NASTY['content_markdown']}written otherwise\n"}
        state.posts.store(Found(post=post(900_001, **again)))  # which is no change
        report = {"reason": "proven by rest", "posts": {"new": 63}, "problems": [], "coverage": {"posts": 63}}
        state.runs.end("complete", AT, report)
        state.commit()
    return output
