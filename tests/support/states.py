"""States with a few records, without a crawl."""

from __future__ import annotations

from engcrawl.items import Found, Post
from engcrawl.state import State

SITE = "https://x.example"


def post(number: int = 1, **facts: object) -> Found:
    found = {"id": number, "url": f"{SITE}/{number}/", "title": "t", "crawled_at": "2026-11-23T00:00:00Z"}
    return Found(post=Post(**found | facts))  # type: ignore[arg-type]


def begun(url: str, site: str = SITE) -> State:
    state = State.open(url, site)
    state.runs.begin("run", "archive", {}, "2026-11-23T00:00:00Z")
    return state


def ended(state: State) -> None:
    """End a run whose feed is finished."""
    state.changes.delivered()
    state.runs.end("complete", "2026-11-23T00:00:01Z", {})
