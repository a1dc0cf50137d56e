"""Records as JSON Lines and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from io import BytesIO
from typing import cast

from scrapy.exporters import CsvItemExporter

from engcrawl.export.formats import Line, Plan
from engcrawl.items import Post
from engcrawl.printing import SEPARATOR


def jsonl(plan: Plan, lines: Iterator[Line]) -> None:
    """Write ``KEY.jsonl``: the records as in posts.jsonl."""
    with plan.beside.path(f"{plan.key}.jsonl").open("wb") as file:
        for line in lines:
            file.write(line.text.encode() + b"\n")


def csv(plan: Plan, lines: Iterator[Line]) -> None:
    """Write ``KEY.csv`` (RFC 4180, UTF-8): a column for each key; line feeds separate the values of a list."""
    with plan.beside.path(f"{plan.key}.csv").open("wb") as file:
        exporter = CsvItemExporter(
            cast("BytesIO", file), fields_to_export=[field.name for field in fields(Post)], join_multivalued=SEPARATOR
        )
        exporter.start_exporting()
        for line in lines:
            exporter.export_item(line.record)
        exporter.finish_exporting()
