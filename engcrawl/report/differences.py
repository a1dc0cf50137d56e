"""The differences between two versions of a record, for people and for scripts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engcrawl.items import Post

_TEXTS = ("content_html", "content_markdown")
_OURS = ("crawled_at",)
"""Keys that say when the crawler was there, nothing of the post."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key with another value: both values, or, of a body, the lines that differ (a unified diff)."""

    key: str
    old: Any
    new: Any
    diff: str | None = None


def differing(old: Post, new: Post) -> list[str]:
    """Return the keys whose values differ, in the record's order."""
    before = old.record()
    return [key for key, value in new.record().items() if key not in _OURS and value != before[key]]


def differences(old: Post, new: Post) -> Iterator[Difference]:
    """Yield how two versions differ, key by key; of a body's two forms the Markdown, where that differs."""
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
