"""The queue of jobs: procrastinate's tables, beside the state in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from engcrawl.errors import EngcrawlError, StateError, UsageError
from engcrawl.state.database import check_clock, with_patience
from engcrawl.text.visible import masked

if TYPE_CHECKING:
    import psycopg
    from scrapy.settings import BaseSettings

_INSTALL = "pip install -r deploy/fleet/requirements.txt"
_VERSION = "engcrawl: "
"""What a table's comment has before the name of the last migration; procrastinate itself records no version."""


class QueueError(EngcrawlError):
    """The queue can't be reached, or its tables aren't engcrawl's; the message names the database."""


class Queue:
    """The queue in the database that ``ENGCRAWL_STATE`` names.

    Raises UsageError if that isn't PostgreSQL, or if a package is missing.
    """

    def __init__(self, settings: BaseSettings) -> None:
        try:
            url = sa.make_url(settings["ENGCRAWL_STATE"] or "sqlite://")
        except (ArgumentError, ValueError):
            raise UsageError("setting ENGCRAWL_STATE: must be an SQLAlchemy URL") from None
        if url.get_backend_name() != "postgresql":
            raise UsageError(
                "setting ENGCRAWL_STATE: workers need PostgreSQL, like postgresql+psycopg://host/name; without it, use"
                " `scrapy blogs run` on one machine"
            )
        self.name = masked(url.render_as_string(hide_password=True))
        self.conninfo = with_patience(url).set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            import procrastinate
            import psycopg  # noqa: F401
            import psycopg_pool  # noqa: F401
        except ImportError as error:
            raise UsageError(f"workers need the package {error.name}: {_INSTALL}") from error
        folder = Path(procrastinate.__file__).parent / "sql" / "migrations"
        self._migrations = {path.name: path for path in sorted(folder.glob("*.sql"))}
        self._newest = max(self._migrations)

    def set_up(self) -> str:
        """Make the queue's tables, or upgrade them to this version; return a sentence about what was done.

        Any number of processes may call this at any time. Raises QueueError.
        """
        from procrastinate.schema import SchemaManager

        with self._connected() as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext('engcrawl queue'))")  # until the connection ends
            found = self._version(connection)
            if found is None:
                self._apply(connection, self._newest, SchemaManager.get_schema())
                return f"made the queue's tables ({self._newest})"
            if not found:
                raise QueueError(
                    f"{self.name}: its procrastinate_… tables weren't made by `scrapy worker --setup`: use another"
                    " database, or another schema (search_path)"
                )
            steps = [name for name in self._migrations if name > found]
            for name in steps:
                self._apply(connection, name, self._migrations[name].read_text("utf-8"))
            return f"upgraded the queue's tables from {found} to {self._newest}" if steps else "nothing to do"

    def check(self) -> None:
        """Raise UsageError if `set_up` must be called first.

        Raise QueueError if the database can't be reached, or if its clock and this machine's differ.
        """
        with self._connected() as connection:
            found = self._version(connection)
            row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        try:
            check_clock(row[0])
        except StateError as error:
            raise QueueError(f"{self.name}: {error}") from error
        if not found or found < self._newest:
            state = f"has the queue's tables of an older version ({found})" if found else "has no queue yet"
            raise UsageError(f"{self.name} {state}: `scrapy worker --setup` makes it ready")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise the database's errors as QueueError: one line that names the database."""
        import psycopg
        from procrastinate.exceptions import ConnectorException

        try:
            yield
        except (psycopg.Error, ConnectorException) as error:
            cause = error.__cause__ if isinstance(error, ConnectorException) else error
            raise QueueError(f"{self.name}: {' '.join(str(cause).split())}") from error

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        import psycopg

        with self.errors(), psycopg.connect(self.conninfo, autocommit=True) as connection:
            yield connection

    def _version(self, connection: psycopg.Connection) -> str | None:
        """Return the name of the last migration of the tables; "" if it isn't known, None if there are no tables."""
        query = "SELECT t, obj_description(t, 'pg_class') FROM to_regclass('procrastinate_jobs') AS t"
        row = connection.execute(query).fetchone()
        assert row is not None
        table, comment = row
        if table is None:
            return None
        return comment.removeprefix(_VERSION) if comment and comment.startswith(_VERSION) else ""

    def _apply(self, connection: psycopg.Connection, name: str, text: str) -> None:
        """Execute a migration and record its name, in one transaction."""
        script = f"{text}\n;COMMENT ON TABLE procrastinate_jobs IS '{_VERSION}{name}'"
        connection.execute(script.encode())
