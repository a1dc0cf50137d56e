"""The post types of a blog, as the verdict lists them: none is lost in silence."""

from __future__ import annotations

from typing import Any

from engcrawl.state import State


def found_types(state: State) -> list[dict[str, Any]] | None:
    """Return each post type that REST or a sitemap names: ``type``, ``count`` and whether it was ``asked`` for.

    The count is REST's, else that of the sitemap's addresses; None where neither says it. None without any list.
    """
    rest, sitemap = state.lists.asked("rest"), state.lists.asked("sitemap")
    in_rest = {type_["name"]: type_["count"] for type_ in rest.answer.more.get("types", ())} if rest else {}
    in_sitemap = sitemap.answer.more.get("types", {}) if sitemap else {}
    if rest is None and sitemap is None:
        return None
    counts = in_sitemap | {name: in_sitemap.get(name) if n is None else n for name, n in in_rest.items()}
    return [{"type": name, "count": counts[name], "asked": state.runs.asks_for(name)} for name in sorted(counts)]


def not_asked_for(found: list[dict[str, Any]] | None) -> str:
    """Return the types with posts that weren't asked for, in a line: ``podcast (12), page (8)``; "" for none."""
    left = [one for one in found or () if not one["asked"] and one["count"] != 0]
    return ", ".join(one["type"] if one["count"] is None else f"{one['type']} ({one['count']})" for one in left)
