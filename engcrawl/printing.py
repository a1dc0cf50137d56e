"""What the commands that read the state share: their options, their errors, and rows for people and for scripts."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, ClassVar, Literal, NoReturn, cast

from rich.console import Console
from rich.table import Table
from scrapy.commands import ScrapyCommand
from scrapy.exporters import CsvItemExporter

from engcrawl.errors import EngcrawlError, UsageError
from engcrawl.extensions.lock import state_url
from engcrawl.state import State

Format = Literal["table", "jsonl", "csv"]
SEPARATOR = "; "
"""Between the values of a list in one field of CSV."""


class StateCommand(ScrapyCommand):
    """A command that prints what the state knows; it never writes to it."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Scrapy's, and ``--format``."""
        super().add_options(parser)
        parser.error = self._usage  # type: ignore[method-assign]  # argparse's own are several lines
        parser.add_argument(
            "--format",
            choices=("table", "jsonl", "csv"),
            default="table" if sys.stdout.isatty() else "jsonl",
            help="default: table on a terminal, else jsonl",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Print; an error is one line, and the exit status that goes with it."""
        assert self.settings is not None
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
        if args:
            self._usage(f"takes options alone, not {' '.join(args)!r}")
        try:
            with State(state_url(self.settings)) as state:
                self.show(state, opts)
        except EngcrawlError as error:
            self._end(str(error), error.exit_status)

    def _usage(self, message: str) -> NoReturn:
        self._end(message, UsageError.exit_status)

    def _end(self, message: str, status: int) -> NoReturn:
        sys.stdout.flush()
        sys.stderr.write(f"scrapy {type(self).__module__.rpartition('.')[2]}: {message}\n")
        raise SystemExit(status)

    @abstractmethod
    def show(self, state: State, opts: argparse.Namespace) -> None:
        """Print what *opts* ask for."""


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


def _table(rows: Iterable[Mapping[str, Any]], columns: list[str], nothing: str) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.replace("_", " "), no_wrap=name not in ("title", "categories", "reason"))
    for row in rows:
        values = [row[name] for name in columns]
        table.add_row(*(", ".join(v) if isinstance(v, list) else "" if v is None else str(v) for v in values))
    console = Console(highlight=False, markup=False)
    console.print(table if table.row_count else nothing)
