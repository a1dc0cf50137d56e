"""Read a post's page as a user's script does: by the theme's selectors, the same fields in both peers."""

from __future__ import annotations

import re
from typing import Any

from markdownify import markdownify
from parsel import Selector


def read(page: Selector, url: str) -> dict[str, Any]:
    """Return the post that a page shows."""
    post = page.css("main article")
    body = post.css(".entry-content").get()
    body = body and re.sub(
        r"<(script|style|noscript)\b.*?</\1>|<!--.*?-->|<div class=\"sharedaddy.*", "", body, flags=re.S
    )
    if post.css(".post-password-form"):
        body = None
    return {
        "id": int(post.attrib["id"].removeprefix("post-")),
        "url": page.css("link[rel=canonical]::attr(href)").get(url),
        "title": post.css("h1.entry-title").xpath("normalize-space()").get(),
        "published_date": post.css("time.published::attr(datetime)").get(),
        "published_at": page.css("meta[property='article:published_time']::attr(content)").get(),
        "modified_at": page.css("meta[property='article:modified_time']::attr(content)").get(),
        "authors": post.css(".author::text").getall(),
        "categories": re.findall(r"\bcategory-(\S+)", post.attrib["class"]),
        "tags": post.css("a[rel=tag]::text").getall(),
        "kind": "video" if "tag-video" in post.attrib["class"] else "article",
        "protected": bool(post.css(".post-password-form")),
        "excerpt": page.css("meta[property='og:description']::attr(content)").get(),
        "image_url": page.css("meta[property='og:image']::attr(content)").get(),
        "language": page.attrib.get("lang"),
        "content_html": body,
        "content_markdown": body and markdownify(body, heading_style="ATX").strip(),
    }
