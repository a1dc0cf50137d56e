"""``scrapy export``: the archive in the formats of other tools."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from engcrawl.errors import OutputError, UsageError
from engcrawl.export.beside import UNFINISHED, Beside
from engcrawl.export.card import BLOGS, MADE_BY, Tally, card
from engcrawl.export.formats import KINDS, Format, Line, Plan, writer
from engcrawl.fleet.states import States
from engcrawl.printing import StateCommand
from engcrawl.report.freshness import whole
from engcrawl.selection import Selection
from engcrawl.state import State
from engcrawl.text import dates


class ExportOptions(Selection):
    """The options of an export: the choice of posts, the format and the folder."""

    format: Format = Field("parquet", title="FORMAT", description=f"{', '.join(KINDS)} (default: parquet)")
    by_year: bool = Field(False, description="with parquet: write one file for each year, KEY/year=YYYY/posts.parquet")
    folder: Path = Field(title="DEST", description="the folder to write to: a new one, or that of an older export")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.by_year and self.format != "parquet":
            raise ValueError("option --by-year: needs --format=parquet")
        return self

    @property
    def narrowed(self) -> list[str]:
        """Return the options that leave posts out."""
        given = {"since": self.since, "category": self.category, "gone": self.gone, "as-of": self.as_of}
        return [f"--{name}={value}" for name, value in given.items() if value not in (None, "with")]


class Command(StateCommand[ExportOptions]):
    """Write the archive into a folder, in a format of another tool.

    Each blog gets a file, or with markdown a folder, named by its key. README.md, a dataset card, says what the export
    has and how complete the archive was. The new files replace those of an older export only when all are written. The
    command also works while a run is working.
    """

    options_class = ExportOptions
    takes = "DEST"

    def show(self, state: State, options: ExportOptions) -> None:
        """Export one blog. Raises UsageError, StateError and OutputError."""
        options.check([state])
        _export([state], [state.blog], options)

    def show_all(self, states: States, keys: list[str], options: ExportOptions) -> None:
        """Export several blogs, one after the other. Raises UsageError, StateError and OutputError."""
        options.check(states.each(keys))
        _export(states.each(keys), keys, options)


def _export(states: Iterable[State], keys: list[str], options: ExportOptions) -> None:
    write, taken = writer(options.format), options.as_of or dates.now()
    tallies = []
    try:
        _check(options.folder, options.format, keys)
        with Beside(options.folder) as beside:
            for state in states:
                plan = Plan(beside, state.blog, state, as_of=options.as_of, by_year=options.by_year)
                tallies.append(tally := Tally(state.site, state.blog, _last_run(plan)))
                with closing(options.posts(state)) as posts:
                    write(plan, _counted(posts, tally, state.posts.measure()[0]))
            text = card(options.format, tallies, taken=taken, narrowed=options.narrowed)
            beside.path("README.md").write_text(text, "utf-8")
            beside.publish()
    except OSError as error:
        raise OutputError(f"{options.folder}: can't be written: {error}") from error
    for tally in tallies:
        print(f"{options.folder}: {tally.posts} posts of {tally.key} as {options.format}")


def _last_run(plan: Plan) -> dict[str, Any] | None:
    runs = (run for run in plan.state.runs.each() if plan.was_by(run["end"]))
    return next((run for run in runs if run["verdict"] in ("complete", "incomplete") and whole(run)), None)


def _check(folder: Path, form: Format, keys: list[str]) -> None:
    """Raise UsageError unless a folder is new, or an older export of this format without any other blogs."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"DEST={folder}: must be a folder")
    try:
        lines = (folder / "README.md").read_text("utf-8").splitlines()
        made = next(line for line in lines if line.startswith(MADE_BY))
        there = json.loads(next(line for line in lines if line.startswith(BLOGS)).removeprefix(BLOGS))
    except (OSError, ValueError, StopIteration):
        if any(file.is_file() and not file.name.endswith(UNFINISHED) for file in folder.rglob("*")):
            raise UsageError(
                f"DEST={folder}: has other files: must be a new folder, or that of an older export"
            ) from None
        return
    if not made.endswith(f", {form}"):
        raise UsageError(f"DEST={folder}: is an export as {made.rpartition(', ')[2]}; {form} needs another folder")
    if others := sorted({*there} - {*keys}):
        raise UsageError(
            f"DEST={folder}: has {', '.join(others)} too, which this export leaves out: take another folder"
        )


def _counted(posts: Iterator[tuple[str, str | None]], tally: Tally, total: int) -> Iterator[Line]:
    """Count the posts and yield them; show the progress on a terminal."""
    if sys.stderr.isatty():
        from rich.console import Console  # scripts need no rich
        from rich.progress import track

        posts = iter(track(posts, tally.key, total, console=Console(stderr=True), transient=True))
    for text, gone_since in posts:
        line = Line(text, json.loads(text), gone_since)
        tally.count(line)
        yield line
