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
"""The requirements file for the formats that need a library."""


@dataclass(frozen=True, slots=True)
class Line:
    """A record on its way into an export."""

    text: str
    """The line as in posts.jsonl, without its line feed."""
    record: dict[str, Any]
    gone_since: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The files, the blog and the options for writing one blog's posts."""

    beside: Beside
    """The files of the export."""
    key: str
    """The blog's key, which names the file or folder."""
    state: State
    as_of: str | None = None
    """The instant whose archive is exported; None for now."""
    by_year: bool = False

    def was_by(self, moment: str | None) -> bool:
        """Return whether something that happened at *moment* (None: not yet) is part of this export."""
        return self.as_of is None or (moment is not None and moment <= self.as_of)


Write = Callable[[Plan, Iterator[Line]], None]
"""A function that writes the posts of one blog. The newest posts come first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A format: the module of its writer, and a glob of the files for a dataset hub's viewer (None: it reads none)."""

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
    """Return the function that writes a format. Raise UsageError if a library that it needs isn't installed."""
    try:
        module = import_module(f"engcrawl.export.{KINDS[name].module}")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"option --format={name}: needs {error.name}, which `pip install -r {NEEDS}` installs"
        ) from error
    write: Write = getattr(module, name)
    return write
