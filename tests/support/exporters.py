"""Provide exporters, pipelines and middlewares with errors in them, which a crawl's settings name."""

from __future__ import annotations

from typing import Any

from scrapy.exceptions import DropItem
from scrapy.exporters import JsonLinesItemExporter


class Unwritable(JsonLinesItemExporter):
    """Export with an error."""

    def export_item(self, item: object) -> None:
        raise UnicodeEncodeError("ascii", "ж", 0, 1, "can't be said")


class FailsAtPosts:
    """A downloader middleware with an error in it."""

    def process_response(self, request: Any, response: Any) -> Any:
        """Let the pages through that aren't a post's."""
        if "/20" in request.url:
            raise KeyError("no such thing")
        return response


class DropsTheSecond:
    """A pipeline with an error in it: it drops post 2, and tells nobody."""

    def process_item(self, item: Any) -> Any:
        """Let the others through."""
        if item.post.id == 2:
            raise DropItem("for no reason")
        return item
