"""The differences between two versions of a record, for people and for scripts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engcrawl.items import Post

_TEXTS = ("content_html", "content_markdown")
_OURS = ("crawled_at",)
"""Keys that describe the crawl, not the post."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key whose value differs: both values, or for a body the lines that differ (a unified diff)."""

    key: str
    old: Any
    new: Any
    diff: str | None = None


def differing(old: Post, new: Post) -> list[str]:
    """Return the keys whose values differ, in the record's order."""
    before = old.record()
    return [key for key, value in new.record().items() if key not in _OURS and value != before[key]]


def differences(old: Post, new: Post) -> Iterator[Difference]:
    """Yield the differences of two versions, key by key. If a body's Markdown differs, its HTML is left out."""
    keys = differing(old, new)
    before, after = old.record(), new.record()
    for key in keys:
        if key == "content_html" and "content_markdown" in keys:
            continue
        if key in _TEXTS and (diff := _unified(before[key] or "", after[key] or "")):
            yield Difference(key, None, None, diff)
        else:
            yield Difference(key, before[key], after[key])


def _unified(old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "after", lineterm="")
    return "\n".join(lines)
