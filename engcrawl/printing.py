"""What the commands that read the state share: their options, their errors, and rows for people and for scripts."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO, TextIOWrapper
from typing import Any, ClassVar, Literal, NoReturn, cast

from scrapy.commands import ScrapyCommand
from scrapy.exporters import CsvItemExporter

from engcrawl.errors import EngcrawlError, OutputError, UsageError
from engcrawl.report.output import state_url
from engcrawl.state import State
from engcrawl.text.visible import visible

Format = Literal["table", "jsonl", "csv"]
SEPARATOR = "\n"
"""Between the values of a list in one field of CSV: their white space is folded, so none has it."""
_BATCH = 500
"""Rows of a table that are laid out at a time."""


class StateCommand(ScrapyCommand):
    """A command that prints what the state knows; it never writes to it."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """``--blog``."""
        super().add_options(parser)
        parser.add_argument(
            "--blog", metavar="KEY", help="which blog, where the state has several (example.com_folder)"
        )
        parser.error = self._usage  # type: ignore[method-assign]  # argparse's own are several lines

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the options; a wrong one is one line, and exit status 2."""
        super().process_options(args, opts)
        if args:
            self._usage(f"takes options alone, not {' '.join(args)!r}")
        try:
            self.check(opts)
        except UsageError as error:
            self._usage(str(error))

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Print; an error is one line, and the exit status that goes with it."""
        assert self.settings is not None
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
        if isinstance(sys.stdout, TextIOWrapper):  # the archive's encoding, whatever the terminal's
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        try:
            url, _ = state_url(self.settings)
            with State.read(url, opts.blog) as state:
                self.show(state, opts)
            sys.stdout.flush()
        except EngcrawlError as error:
            self._end(str(error), error.exit_status)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left to write has nowhere to go
            self._end(f"standard output: {error}", OutputError.exit_status)

    def _usage(self, message: str) -> NoReturn:
        self._end(message, UsageError.exit_status)

    def _end(self, message: str, status: int) -> NoReturn:
        sys.stdout.flush()
        sys.stderr.write(f"scrapy {type(self).__module__.rpartition('.')[2]}: {' '.join(message.split())}\n")
        raise SystemExit(status)

    def check(self, opts: argparse.Namespace) -> None:
        """Replace the options' texts by what they mean. Raises UsageError."""

    @abstractmethod
    def show(self, state: State, opts: argparse.Namespace) -> None:
        """Print what *opts* ask for."""


class RowsCommand(StateCommand):
    """One that prints rows, in a format of one's choice."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """``--format``."""
        super().add_options(parser)
        parser.add_argument(
            "--format",
            metavar="FORMAT",
            default="table" if sys.stdout.isatty() else "jsonl",
            help="table, jsonl or csv (default: table on a terminal, else jsonl)",
        )

    def check(self, opts: argparse.Namespace) -> None:
        """The format."""
        option(opts, "format", one_of("table", "jsonl", "csv"))


def show(rows: Iterable[Mapping[str, Any]], columns: list[str], form: Format, nothing: str) -> None:
    """Print *rows* with *columns*; *nothing* is what a person reads where there is none."""
    if form == "table":
        _table(rows, columns, nothing)
    elif form == "csv":
        file = cast("BytesIO", sys.stdout.buffer)
        exporter = CsvItemExporter(file, fields_to_export=columns, join_multivalued=SEPARATOR)
        exporter.start_exporting()
        for row in rows:
            exporter.export_item(dict(row))
        exporter.finish_exporting()
    else:
        for row in rows:
            sys.stdout.write(json.dumps({name: row[name] for name in columns}, ensure_ascii=False) + "\n")


def option(opts: argparse.Namespace, name: str, read: Callable[[str], Any]) -> None:
    """Replace the text of a given option by what *read* makes of it. Raises UsageError, which says what is allowed."""
    text = getattr(opts, name)
    if text is not None:
        try:
            setattr(opts, name, read(text))
        except ValueError as error:
            raise UsageError(f"option --{name.replace('_', '-')}={text}: {error}") from error


def one_of(*words: str) -> Callable[[str], str]:
    """What reads one of *words*."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return text

    return read


def _table(rows: Iterable[Mapping[str, Any]], columns: list[str], nothing: str) -> None:
    from rich.cells import cell_len
    from rich.console import Console  # scripts need no rich
    from rich.table import Table
    from rich.text import Text

    cells = [tuple(_cell(row[name]) for name in columns) for row in rows]
    if not cells:
        print(nothing)
        return
    filled = [i for i, column in enumerate(zip(*cells, strict=True)) if any(column)]  # no post is gone: no such column
    columns, cells = [columns[i] for i in filled], [tuple(row[i] for i in filled) for row in cells]
    heads = [name.replace("_", " ") for name in columns]
    widths = [max(map(cell_len, column)) for column in zip(heads, *cells, strict=True)]
    console = Console(highlight=False)
    gaps = 2 * (len(columns) - 1)
    while sum(widths) + gaps > console.width:  # the widest that may be cut gives way
        widest = max((i for i, name in enumerate(columns) if name in _CUT), key=widths.__getitem__, default=None)
        if widest is None or widths[widest] <= len(heads[widest]):
            console.width = sum(widths) + gaps  # lines are longer than the terminal is wide: nothing is lost
            break
        widths[widest] -= 1
    for first in range(0, len(cells), _BATCH):
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=not first)
        for head, width in zip(heads, widths, strict=True):
            table.add_column(head, width=width, no_wrap=True, overflow="ellipsis")
        for row in cells[first : first + _BATCH]:
            table.add_row(*map(Text, row))
        console.print(table)


_CUT = ("title", "categories")


def _cell(value: Any) -> str:
    """*value* for a person, without what would steer the terminal."""
    return visible(", ".join(value) if isinstance(value, list) else "" if value is None else str(value))
