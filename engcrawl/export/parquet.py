"""Records as Parquet, with real types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from engcrawl.export.formats import Line, Plan

_GROUP = 500
"""The number of posts in a row group, which are in memory together."""
_INSTANT = pa.timestamp("s", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("published_date", pa.date32()),
        pa.field("published_at", _INSTANT),
        pa.field("modified_at", _INSTANT),
        pa.field("authors", pa.list_(pa.string()), nullable=False),
        pa.field("categories", pa.list_(pa.string()), nullable=False),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("external", pa.bool_(), nullable=False),
        pa.field("protected", pa.bool_(), nullable=False),
        pa.field("excerpt", pa.string()),
        pa.field("image_url", pa.string()),
        pa.field("language", pa.string()),
        pa.field("content_html", pa.string()),
        pa.field("content_markdown", pa.string()),
        pa.field("content_source", pa.string()),
        pa.field("crawled_at", _INSTANT),
        pa.field("gone_since", _INSTANT),
    ]
)
_UNKNOWN = "__HIVE_DEFAULT_PARTITION__"
"""The year of posts without a day, as Hive writes it."""


def parquet(plan: Plan, lines: Iterator[Line]) -> None:
    """Write ``KEY.parquet``, or ``KEY/year=YYYY/posts.parquet`` for each year."""
    plan.beside.replaces(f"{plan.key}.parquet", f"{plan.key}/year=*/posts.parquet")
    if not plan.by_year:
        _write(plan.beside.path(f"{plan.key}.parquet"), lines)
        return
    for year, of_year in groupby(lines, key=lambda line: (line.record["published_date"] or _UNKNOWN)[:4]):
        name = _UNKNOWN if year == _UNKNOWN[:4] else year
        _write(plan.beside.path(f"{plan.key}/year={name}/posts.parquet"), of_year)


def _write(path: Path, lines: Iterator[Line]) -> None:
    with ExitStack() as stack:
        writer = stack.enter_context(ParquetWriter(path, SCHEMA, compression="zstd"))
        while rows := [_row(line) for line in islice(lines, _GROUP)]:
            writer.write_batch(pa.RecordBatch.from_pylist(rows, SCHEMA))


def _row(line: Line) -> dict[str, Any]:
    row = line.record | {"gone_since": line.gone_since}
    for name in ("published_at", "modified_at", "crawled_at", "gone_since"):
        if row.get(name):
            row[name] = datetime.fromisoformat(row[name])
    if row["published_date"]:
        row["published_date"] = date.fromisoformat(row["published_date"])
    return row
