"""The log: no line tells a secret, or pretends to be another line; and each can be a JSON object (``ENGCRAWL_LOG``)."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import ClassVar

from scrapy.settings import BaseSettings
from scrapy.utils.log import get_scrapy_root_handler

from engcrawl.errors import UsageError
from engcrawl.text.visible import shown

_handler: logging.Handler | None = None


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
    """Log as the settings say; call this before Scrapy configures logging by itself. Raises UsageError."""
    global _handler
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
    if form == "text":
        handler.close()  # Scrapy has its own
        return
    _handler = handler
    _handler.setFormatter(JsonLines())
    _handler.setLevel(level)
    # Scrapy's own handler has no setting for its formatter, and is made anew for each crawler.
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, "cmdline")
    logging.root.setLevel(logging.NOTSET)
    logging.root.addHandler(_handler)


def root_handler() -> logging.Handler | None:
    """Return the handler that writes the log; None where nothing does."""
    return _handler or get_scrapy_root_handler()


def name_run(name: str) -> None:
    """Name the run in each line from now on."""
    Record.run = name


def _output(settings: BaseSettings) -> logging.Handler:
    """Return a handler that writes where Scrapy's settings want the log to be."""
    if filename := settings["LOG_FILE"]:
        mode = "a" if settings.getbool("LOG_FILE_APPEND") else "w"
        return logging.FileHandler(filename, mode, settings["LOG_ENCODING"])
    return logging.StreamHandler() if settings.getbool("LOG_ENABLED") else logging.NullHandler()
