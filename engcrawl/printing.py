"""The shared parts of the commands that print: options, errors, and rows for people and for scripts."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import signal
import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from typing import Any, ClassVar, Generic, Literal, NoReturn, TypeVar, cast

from pydantic import ConfigDict, Field
from scrapy.commands import ScrapyCommand
from scrapy.exporters import CsvItemExporter

from engcrawl.arguments import Given
from engcrawl.errors import EngcrawlError, OutputError, UsageError
from engcrawl.fleet.states import States
from engcrawl.state import State
from engcrawl.text.visible import visible

SEPARATOR = "\n"
"""Separates the values of a list in one field of CSV; no value contains it, as their white space is folded."""
_CUT = ("title", "categories")
_LEAST = 10
"""The columns that are cut on a narrow terminal (`_CUT`), and the least width that they keep."""


class Options(Given):
    """The options of every command that prints the state: each field is one, and its title the METAVAR."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))
    kind = "option --"

    blog: str | None = Field(
        None, title="KEY", description="one blog: its key (example.com_folder) or its address (default: all blogs)"
    )


class RowsOptions(Options):
    """The options of a command that prints rows in one of several formats."""

    format: Literal["table", "jsonl", "csv"] = Field(
        default_factory=lambda: "table" if sys.stdout.isatty() else "jsonl",
        title="FORMAT",
        description="table, jsonl or csv (default: table on a terminal, otherwise jsonl)",
    )


AnyOptions = TypeVar("AnyOptions", bound=Options)


class PrintingCommand(ScrapyCommand):
    """A command that prints, and stores nothing. Its docstring is its help; an error is one line."""

    requires_project = True
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def short_desc(self) -> str:
        """Return the docstring's first line."""
        return (inspect.getdoc(self) or "").partition("\n")[0].rstrip(".")

    def long_desc(self) -> str:
        """Return the docstring as one paragraph."""
        return " ".join((inspect.getdoc(self) or "").split())

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add Scrapy's own options."""
        super().add_options(parser)
        parser.error = self.fail  # type: ignore[method-assign]  # argparse's own are several lines

    @contextmanager
    def printing(self) -> Iterator[None]:
        """Print in UTF-8; an error is one line, and the exit status that goes with it."""
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
        if isinstance(sys.stdout, TextIOWrapper):  # the archive's encoding, whatever the terminal's
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        try:
            yield
            sys.stdout.flush()
        except EngcrawlError as error:
            self.fail(str(error), error.exit_status)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left to write has nowhere to go
            self.fail(f"standard output: {error}", OutputError.exit_status)

    def fail(self, message: str, status: int = UsageError.exit_status) -> NoReturn:
        """End with *message* on one line."""
        sys.stdout.flush()
        sys.stderr.write(f"scrapy {type(self).__module__.rpartition('.')[2]}: {' '.join(message.split())}\n")
        raise SystemExit(status)


class StateCommand(PrintingCommand, Generic[AnyOptions]):
    """A command that prints what the states of one blog or of all know, and never writes to them."""

    requires_crawler_process = False
    options_class: type[AnyOptions]
    takes: ClassVar[str | None] = None
    """What it takes beside its options: the title of the field that has no option."""

    def syntax(self) -> str:
        return f"[options] {self.takes}" if self.takes else "[options]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add an option for each field of *options_class*."""
        super().add_options(parser)
        add_fields(parser, self.options_class, besides=self.takes)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Print what the options ask for."""
        assert self.settings is not None
        with self.printing():
            options = self.options_class.parse(vars(opts) | self._taken(args))
            with States(self.settings) as states:
                keys = self.chosen(states, options)
                if len(keys) > 1:
                    self.show_all(states, keys, options)
                    return
                with states.open(keys[0]) as state:
                    self.show(state, options)

    def chosen(self, states: States, options: AnyOptions) -> list[str]:
        """Return the keys of the blogs that *options* ask for. May raise any EngcrawlError."""
        return states.chosen(options.blog)

    def _taken(self, args: list[str]) -> dict[str, str]:
        """Return what was given beside the options, by its field's name. Raises UsageError."""
        if self.takes is None:
            if args:
                raise UsageError(f"takes only options, not {' '.join(args)!r}")
            return {}
        if len(args) != 1:
            raise UsageError(f"takes {self.takes} beside its options" + (f", not {' '.join(args)!r}" if args else ""))
        fields = self.options_class.model_fields.values()
        return {str(field.alias): args[0] for field in fields if field.title == self.takes}

    @abstractmethod
    def show(self, state: State, options: AnyOptions) -> None:
        """Print what *options* ask for of one blog. May raise any EngcrawlError."""

    @abstractmethod
    def show_all(self, states: States, keys: list[str], options: AnyOptions) -> None:
        """Print what *options* ask for of the blogs with these keys. May raise any EngcrawlError."""


def add_fields(parser: argparse.ArgumentParser, options: type[Given], *, besides: str | None = None) -> None:
    """Add an option for each field of *options*, but for the one with the title *besides*."""
    for field in options.model_fields.values():
        if besides and field.title == besides:
            continue
        kind: dict[str, Any] = {"action": "store_true"} if field.annotation is bool else {"metavar": field.title}
        parser.add_argument(
            f"--{field.alias}", dest=field.alias, default=argparse.SUPPRESS, help=field.description, **kind
        )


def print_csv(rows: Iterable[dict[str, Any]]) -> None:
    """Print *rows* as CSV under the keys of the first one; print nothing if there is no row."""
    exporter = CsvItemExporter(cast("BytesIO", sys.stdout.buffer), join_multivalued=SEPARATOR)
    exporter.start_exporting()
    for row in rows:
        exporter.export_item(row)
    exporter.finish_exporting()


def print_jsonl(rows: Iterable[dict[str, Any]]) -> None:
    """Print each of *rows* as a line of JSON."""
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))


def print_table(rows: Iterable[Mapping[str, Any]], names: Iterable[str], nothing: str) -> None:
    """Print the columns *names* of *rows*, leaving out empty columns; print *nothing* if there is no row."""
    from rich.cells import cell_len, set_cell_size
    from rich.console import Console  # scripts need no rich
    from rich.text import Text

    def fit(cell: str, width: int) -> str:
        return set_cell_size(cell, width) if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "…"

    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    if not cells:
        print(nothing)
        return
    heads = [name.replace("_", " ") for name in names]
    columns = [column for column in zip(heads, *cells, strict=True) if any(column[1:])]
    widths = [max(map(cell_len, column)) for column in columns]
    cut = [i for i, column in enumerate(columns) if column[0] in _CUT]
    console = Console()
    room = console.width - 2 * (len(columns) - 1)
    # The widest gives way; where all are narrow, lines are longer than the terminal is wide, and nothing is lost.
    while sum(widths) > room and max((widths[i] for i in cut), default=0) > _LEAST:
        widths[max(cut, key=widths.__getitem__)] -= 1
    head, *lines = ("  ".join(map(fit, row, widths)).rstrip() for row in zip(*columns, strict=True))
    console.print(Text(head, "bold"), soft_wrap=True)
    print(*lines, sep="\n")


def _cell(value: Any) -> str:
    """Return *value* for a person, without what would steer the terminal."""
    return visible(", ".join(value) if isinstance(value, list) else "" if value is None else str(value))
