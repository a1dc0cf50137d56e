"""The formats of exports, and the libraries that each needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, get_args

from engcrawl.errors import UsageError
from engcrawl.export.beside import Beside
from engcrawl.state import State

Format = Literal["parquet", "sqlite", "markdown", "csv", "jsonl"]
NEEDS = "requirements-export.txt"
"""What to install for the formats that need a library."""


@dataclass(frozen=True, slots=True)
class Line:
    """A record on its way into an export."""

    text: str
    """As posts.jsonl has it, without its end."""
    record: dict[str, Any]
    gone_since: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The circumstances of writing one blog's posts."""

    beside: Beside
    """Where the files go."""
    key: str
    """The blog's key: it names the file, or the folder."""
    state: State
    as_of: str | None = None
    """The instant as of which it is taken; None for now."""
    by_year: bool = False

    def was_by(self, moment: str | None) -> bool:
        """Return whether what happened at *moment* had happened then; None is what hasn't happened yet."""
        return self.as_of is None or (moment is not None and moment <= self.as_of)


Write = Callable[[Plan, Iterator[Line]], None]
"""Writes the posts of one blog, which come newest first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A format: where its writer is, and the files that a dataset hub's viewer reads, as a glob; None where none."""

    module: str
    viewed: str | None


KINDS: dict[Format, Kind] = {
    "parquet": Kind("parquet", "**/*.parquet"),
    "sqlite": Kind("sqlite", None),
    "markdown": Kind("markdown", None),
    "csv": Kind("plain", "*.csv"),
    "jsonl": Kind("plain", "*.jsonl"),
}
assert tuple(KINDS) == get_args(Format)


def writer(name: Format) -> Write:
    """Return what writes a format. Raise UsageError where a library that it needs isn't installed."""
    try:
        module = import_module(f"engcrawl.export.{KINDS[name].module}")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"option --format={name}: needs {error.name}, which `pip install -r {NEEDS}` installs"
        ) from error
    write: Write = getattr(module, name)
    return write
