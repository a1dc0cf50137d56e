"""The log: no line tells a secret, or pretends to be another line; and each can be a JSON object (``ENGCRAWL_LOG``)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy.utils.log import get_scrapy_root_handler

from engcrawl.errors import UsageError
from engcrawl.text.visible import shown

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_run: str | None = None
_handler: logging.Handler | None = None


class Record(logging.LogRecord):
    """A log record of which every formatter gets what may be `shown`."""

    def getMessage(self) -> str:
        """Logging's interface: the message with its arguments."""
        return shown(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        """The traceback, once a formatter has written it."""
        return self._exc_text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self._exc_text = shown(text) if text else text


def configure(settings: BaseSettings) -> None:
    """Log as the settings say; to be called before Scrapy configures logging by itself. Raises UsageError."""
    global _handler
    form = settings["ENGCRAWL_LOG"]
    if form not in ("text", "json"):
        raise UsageError(f"setting ENGCRAWL_LOG={form}: must be text or json")
    level = settings["LOG_LEVEL"]
    if not isinstance(level, int) and level not in logging.getLevelNamesMapping():
        raise UsageError(f"setting LOG_LEVEL={level}: must be CRITICAL, ERROR, WARNING, INFO or DEBUG")
    try:
        handler = _output(settings)
    except OSError as error:
        raise UsageError(f"setting LOG_FILE={settings['LOG_FILE']}: can't be written: {error}") from error
    logging.setLogRecordFactory(Record)
    if form == "text":
        handler.close()  # Scrapy has its own
        return
    _handler = handler
    _handler.setFormatter(_json_lines())
    _handler.setLevel(settings["LOG_LEVEL"])
    # Scrapy's own handler has no setting for its formatter, and is made anew for each crawler.
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, "cmdline")
    logging.root.setLevel(logging.NOTSET)
    logging.root.addHandler(_handler)


def root_handler() -> logging.Handler | None:
    """The handler that writes the log; None where nothing does."""
    return _handler or get_scrapy_root_handler()


def name_run(name: str) -> None:
    """From now on the log is that of the run *name*."""
    global _run
    _run = name


def _output(settings: BaseSettings) -> logging.Handler:
    """Where Scrapy's settings want the log to be."""
    if filename := settings["LOG_FILE"]:
        mode = "a" if settings.getbool("LOG_FILE_APPEND") else "w"
        return logging.FileHandler(filename, mode, settings["LOG_ENCODING"])
    return logging.StreamHandler() if settings.getbool("LOG_ENABLED") else logging.NullHandler()


def _json_lines() -> logging.Formatter:
    from pythonjsonlogger.core import RESERVED_ATTRS  # other logs need none of it
    from pythonjsonlogger.json import JsonFormatter

    class JsonLines(JsonFormatter):
        """One JSON object a line: ``time``, ``run``, ``level``, ``logger``, ``message``, and ``exception`` if any."""

        def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
            moment = datetime.fromtimestamp(record.created, UTC)
            log_data["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            log_data["run"] = _run
            super().add_fields(log_data, record, message_dict)

        def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
            return {name: shown(value) if isinstance(value, str) else value for name, value in log_data.items()}

    names = {"levelname": "level", "name": "logger", "exc_info": "exception"}
    return JsonLines(
        ["levelname", "name", "message"],
        rename_fields=names,
        reserved_attrs=[*RESERVED_ATTRS, "_exc_text", "spider", "crawler"],  # Scrapy's extras are objects, not values
        json_ensure_ascii=False,
    )
