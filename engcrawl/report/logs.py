"""The log: no line tells a secret, or pretends to be another line; and each can be a JSON object (``ENGCRAWL_LOG``)."""

from __future__ import annotations

import atexit
import json
import logging
import sys
from datetime import UTC, datetime
from logging.handlers import MemoryHandler
from pathlib import Path
from typing import ClassVar

from scrapy.settings import BaseSettings
from scrapy.utils.log import TopLevelFormatter

from engcrawl.errors import UsageError
from engcrawl.text.visible import shown

_held: MemoryHandler | None = None
"""On a terminal: the log's first lines, until the run has a name; at the process' end they go to standard error."""
_file: Path | None = None
_MANY = 1_000_000
"""More lines, and a higher level, than any run has before it has a name."""


class Record(logging.LogRecord):
    """A log record of which every formatter gets what may be `shown`."""

    run: ClassVar[str | None] = None
    """The run that the log is of; None before it has a name."""

    def getMessage(self) -> str:
        """Return the message with its arguments."""
        return shown(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        """Return the traceback, once a formatter has written it."""
        return self._exc_text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self._exc_text = shown(text) if text else text


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time``, ``run``, ``level``, ``logger``, ``message``, and ``exception`` if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": moment.replace("+00:00", "Z"), "run": Record.run, "level": record.levelname}
        line |= {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["exception"] = shown(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(settings: BaseSettings) -> None:
    """Log as the settings say; call this before Scrapy configures logging by itself. Raises UsageError.

    On a terminal that the settings leave the log to, its lines are held back until `name_run` says where they go.
    """
    global _held
    form, level, filename = settings["ENGCRAWL_LOG"], settings["LOG_LEVEL"], settings["LOG_FILE"]
    if form not in ("text", "json"):
        raise UsageError(f"setting ENGCRAWL_LOG={form}: must be text or json")
    if not isinstance(level, int) and level not in logging.getLevelNamesMapping():
        raise UsageError(f"setting LOG_LEVEL={level}: must be CRITICAL, ERROR, WARNING, INFO or DEBUG")
    try:
        handler = _output(settings)
    except OSError as error:
        raise UsageError(f"setting LOG_FILE={filename}: can't be written: {error}") from error
    logging.setLogRecordFactory(Record)
    on_terminal = settings.getbool("LOG_ENABLED") and not filename and sys.stderr.isatty()
    if form == "text" and not on_terminal:
        handler.close()  # Scrapy has its own
        return
    if form == "json":
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"]))
    handler.setLevel(level)
    # Scrapy's own handler has no setting for its formatter, and is made anew for each crawler.
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, "cmdline")
    logging.root.setLevel(logging.NOTSET)
    if on_terminal:
        # Not flushed by logging.shutdown: Scrapy's own configuration of the log calls that.
        _held = MemoryHandler(_MANY, _MANY, flushOnClose=False)
        _held.setLevel(level)
        _held.setFormatter(handler.formatter)
        if settings.getbool("LOG_SHORT_NAMES"):
            _held.addFilter(TopLevelFormatter(["scrapy"]))
        atexit.register(_release, handler)
        handler = _held
    logging.root.addHandler(handler)


def name_run(name: str, file: Path) -> None:
    """Name the run in each line from now on; where the log's lines were held back, write them all to *file*.

    Raises OSError.
    """
    global _file
    if _held is not None:
        handler = logging.FileHandler(file, encoding="utf-8")
        _release(handler)
        _file = file
    Record.run = name


def file_of_terminal() -> Path | None:
    """Return the file that has the log of a run on a terminal; None where the log is where the settings want it."""
    return _file


def _release(handler: logging.Handler) -> None:
    """Write the lines that were held back, if there are any, and all further ones, by *handler*."""
    global _held
    if _held is None:
        return
    logging.root.removeHandler(_held)
    logging.root.addHandler(handler)
    handler.setLevel(_held.level)
    handler.setFormatter(_held.formatter)
    for one in _held.filters:
        handler.addFilter(one)
    _held.setTarget(handler)
    _held.flush()
    _held = None


def _output(settings: BaseSettings) -> logging.Handler:
    """Return a handler that writes where Scrapy's settings want the log to be."""
    if filename := settings["LOG_FILE"]:
        mode = "a" if settings.getbool("LOG_FILE_APPEND") else "w"
        return logging.FileHandler(filename, mode, settings["LOG_ENCODING"])
    return logging.StreamHandler() if settings.getbool("LOG_ENABLED") else logging.NullHandler()
