"""The facts of a post: what all sources together say of it, merged."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from engcrawl.items import Post, merged
from engcrawl.state.database import Row


@dataclass(frozen=True, slots=True)
class Facts:
    """The merged facts of a post, from all sources."""

    post: Post
    """The merged facts; no more than an address where no source says more."""
    fingerprint: str
    named: int
    """The last run in which a listing, or REST, named it; 0 for none."""
    listed: bool
    """Whether a listing ever did."""
    type: str | None
    """The post type, where REST or a sitemap's name says it."""


def merge(rows: list[Row], filed: set[str]) -> Facts:
    """Return what mentions of one post say, merged; *filed* are the categories whose listings file it there."""
    listings = rest = None
    modified: list[str] = []
    for row in rows:
        if row.modified:
            modified.append(f"{row.source} {row.modified}")
        if row.facts and row.source == "rest":
            rest = Post.of(row.facts)
        elif row.facts and listings is None:
            listings = Post.of(row.facts)
        elif row.facts and listings is not None:  # by its ID in one listing, by its address alone in another
            listings.see_again(Post.of(row.facts))
    if listings and filed:
        listings.categories = sorted({*listings.categories, *filed})
    post = merged(listings, rest) if listings or rest else Post(url=rows[0].url, title="")
    post.id = rows[0].post
    types = {row.source: row.type for row in rows if row.type}
    type_ = types.get("rest", types.get("sitemap"))
    post.type = type_ or post.type
    said = json.dumps([post.facts(), sorted(modified)])
    return Facts(
        post=post,
        fingerprint=hashlib.sha256(said.encode()).hexdigest()[:32],
        named=max((row.run for row in rows if row.source in ("listings", "rest")), default=0),
        listed=any(row.source == "listings" for row in rows),
        type=type_,
    )
