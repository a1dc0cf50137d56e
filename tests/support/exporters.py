"""Provide exporters that a crawl's settings name."""

from __future__ import annotations

from scrapy.exporters import JsonLinesItemExporter


class Unwritable(JsonLinesItemExporter):
    """Export with an error."""

    def export_item(self, item: object) -> None:
        raise UnicodeEncodeError("ascii", "ж", 0, 1, "can't be said")
