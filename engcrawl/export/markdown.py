"""Records as Markdown: a folder with one file for each post, for version control."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from engcrawl.export.beside import UNFINISHED
from engcrawl.export.formats import Line, Plan

_NAME = re.compile(r".*-([1-9][0-9]*)\.md")
_BODY = ("content_html", "content_markdown")
_LONGEST_SLUG = 80
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def markdown(plan: Plan, lines: Iterator[Line]) -> None:
    """Write ``KEY/DAY-SLUG-ID.md`` for each post: its record as YAML front matter, then its body.

    Files whose content stays the same aren't written. A post keeps its file name. Files of posts that aren't exported
    any more are removed, and files that aren't a post's stay. New files replace the old ones when all are written.
    """
    folder = plan.beside.folder / plan.key
    older = dict(_files(folder))
    ending = f".{os.getpid()}{UNFINISHED}"
    for line in lines:
        name = older.pop(line.record["id"], None) or _name(line.record)
        text = _text(line).encode()
        if not (folder / name).exists() or (folder / name).read_bytes() != text:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}{ending}").write_bytes(text)
    for new in folder.glob(f"*{ending}"):
        new.replace(folder / new.name.removesuffix(ending))
    for name in older.values():
        (folder / name).unlink()


def _files(folder: Path) -> Iterator[tuple[int, str]]:
    """Yield each post that has a file in a folder: its ID and the file's name."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            with path.open("rb") as file:
                if [file.readline(), file.readline()] == [b"---\n", b"id: %s\n" % match[1].encode()]:
                    yield int(match[1]), path.name


def _text(line: Line) -> str:
    head = {name: value for name, value in line.record.items() if name not in _BODY} | {"gone_since": line.gone_since}
    head |= {name: _typed(value) for name, value in head.items() if name.endswith(("_at", "_date", "_since")) and value}
    front: str = yaml.dump(head, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{front}---\n\n{line.record['content_markdown'] or ''}\n"


def _typed(value: Any) -> date | datetime:
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)


def _name(record: dict[str, Any]) -> str:
    """Return a file name from day, slug and ID; the ID makes it unique."""
    slug = unquote(urlsplit(record["url"]).path.rstrip("/").rpartition("/")[2])
    word = re.sub(r"[^\w-]+", "-", slug).strip("-").encode()[:_LONGEST_SLUG].decode(errors="ignore")
    return "-".join(filter(None, (record["published_date"] or "undated", word, str(record["id"])))) + ".md"
