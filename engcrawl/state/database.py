"""The state's database: opening it, one run a blog, bringing its schema up; its errors as one line."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, PendingRollbackError, ResourceClosedError, SQLAlchemyError

from engcrawl.errors import LockedError, NoStateError, StateError
from engcrawl.state import migrations
from engcrawl.state.lock import HOST, RunLock, holder
from engcrawl.state.tables import RUNS
from engcrawl.text.durations import readable
from engcrawl.text.visible import masked

Row = sa.Row[*tuple[Any, ...]]
CHUNK = 50
"""Rows with records that are in memory at a time."""
_PATIENCE = {
    "connect_timeout": 15,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}
"""Seconds after which a connection to PostgreSQL is given up whose other end is gone; else it would be hours."""
_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far this machine's clock may be from the database's."""
_PATIENCE_OF_SERVER = {
    "tcp_keepalives_idle": 30,
    "tcp_keepalives_interval": 10,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""The same for the server, which then releases the lock of a run whose machine is gone."""


class Database:
    """The database at an SQLAlchemy URL. Every method raises StateError where it can't be read or written.

    With *blog*, that blog's key, it is made or brought to the newest schema, locked for a run of that blog
    (LockedError) and can be written: what was written is on disk when `commit` returns. Without, it is only read.
    An SQLite file serves one run at a time; other databases one run of each blog.
    """

    def __init__(self, url: str, blog: str | None = None) -> None:
        try:
            self.url = sa.make_url(url)
        except (ArgumentError, ValueError):  # of a port that is none; the error would tell parts of the URL
            raise StateError("ENGCRAWL_STATE: must be an SQLAlchemy URL, like postgresql+psycopg://host/name") from None
        self.name = masked(self.url.render_as_string(hide_password=True))
        self._reason = ""
        """What the last error was that did not follow from another."""
        self._file: Path | None = None
        if self.url.get_backend_name() == "sqlite":
            if not self.url.database or self.url.database == ":memory:":
                raise StateError(f"{self.name}: must name a file, like sqlite:////var/lib/engcrawl/archive.db")
            self._file = Path(self.url.database).absolute()
        with ExitStack() as stack:
            if blog is not None and self._file:
                lock = RunLock(self._file.with_name(f"{self._file.name}.lock"), self.name)
                stack.callback(lock.release)
            with self.errors():
                self._open(stack, blog)
            self._held = stack.pop_all()

    def _open(self, stack: ExitStack, blog: str | None) -> None:
        if blog is None and self._file and not self._file.exists():
            raise NoStateError("there is no such file: no run has made it yet")
        engine = self._engine(writing=blog is not None)
        stack.callback(engine.dispose)
        self._connection = stack.enter_context(engine.connect())
        if blog is not None:
            if self._file:
                migrations.upgrade(self._connection)
            else:
                self._lock_and_upgrade(blog)
            self._connection.commit()
        elif not (found := migrations.version(self._connection)):
            raise NoStateError("it is empty: no run has filled it yet")
        elif found != migrations.newest():
            raise StateError(f"it has schema {found}, not {migrations.newest()}: the next run updates an older one")

    def close(self) -> None:
        """Close the connection and release the lock; what wasn't committed is lost."""
        self._held.close()

    # Statements

    def execute(self, statement: sa.Executable, values: Any = None) -> sa.CursorResult[Any]:
        """Execute a statement, once or (with a list of *values*) for each of them."""
        with self.errors():
            return self._connection.execute(statement, values)

    def all(self, query: sa.Executable, values: Any = None) -> list[Row]:
        """Return every row of a query."""
        with self.errors():
            return list(self._connection.execute(query, values))

    def one(self, query: sa.Executable, values: Any = None) -> Row | None:
        """Return the only row of a query; None if it has none."""
        with self.errors():
            return self._connection.execute(query, values).one_or_none()

    def scalar(self, query: sa.Executable, values: Any = None) -> Any:
        """Return the first value of a query's first row; None if it has none."""
        with self.errors():
            return self._connection.scalar(query, values)

    def stream(self, query: sa.Select[Any]) -> Iterator[Row]:
        """Yield the rows of a query, a few in memory at a time."""
        with self.errors(), self._connection.execute(query.execution_options(yield_per=CHUNK)) as rows:
            yield from rows

    def commit(self) -> None:
        """Commit what was written."""
        if self._connection.in_transaction():
            with self.errors():
                self._connection.commit()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the database's errors into StateError, one line that names the database."""
        try:
            yield
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            if not isinstance(error, PendingRollbackError | ResourceClosedError):  # which follow from another
                self._reason = reason
            reason = self._reason or reason
            raise StateError(f"{self.name}: {reason}") from error
        except ModuleNotFoundError as error:
            raise StateError(f"{self.name}: {error}: install the database's driver") from error
        except StateError as error:
            raise error if str(error).startswith(self.name) else type(error)(f"{self.name}: {error}") from error

    # One run of a blog

    def lives(self, pid: int, host: str) -> bool:
        """Return whether a run without a verdict is at work: a file's lock says it, else its process, if it is here."""
        if self._file:
            return _held(self._file.with_name(f"{self._file.name}.lock"))
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return host != HOST
        except PermissionError:
            pass  # it is there, and another user's
        return True

    def _lock_and_upgrade(self, blog: str) -> None:
        from sqlalchemy_dlock.factory import create_sadlock  # not for SQLite, which most runs have

        if self.url.get_backend_name() == "postgresql":
            check_clock(self._connection.scalar(sa.select(sa.func.clock_timestamp())))
        with create_sadlock(self._connection, "engcrawl schema"):  # two first runs at once make one schema
            try:
                migrations.upgrade(self._connection)
                self._connection.commit()
            finally:  # of a step that failed: the lock is given back in a transaction that can go on
                self._connection.rollback()
        if create_sadlock(self._connection, f"engcrawl run {blog}").acquire(block=False):
            return
        query = sa.select(RUNS.c.pid, RUNS.c.host, RUNS.c.start).where(RUNS.c.blog == blog, RUNS.c.verdict.is_(None))
        row = self._connection.execute(query.order_by(RUNS.c.id.desc()).limit(1)).one_or_none()
        raise LockedError(
            f"another run works on {blog} in {self.name}: {holder(*row) if row else 'it is just beginning'}"
        )

    def _engine(self, *, writing: bool) -> sa.Engine:
        engine = sa.create_engine(with_patience(self.url), poolclass=sa.NullPool)
        if writing and self.url.get_backend_name() == "postgresql":

            @sa.event.listens_for(engine, "connect")
            def set_patience(connection: Any, _: Any) -> None:
                for name, value in _PATIENCE_OF_SERVER.items():
                    connection.execute(f"SET {name} = {value}")
                connection.commit()

        if self._file:

            @sa.event.listens_for(engine, "connect")
            def configure(connection: Any, _: Any) -> None:
                connection.isolation_level = None  # the transactions are SQLAlchemy's, not the driver's
                connection.execute("PRAGMA busy_timeout=30000")
                if writing:
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.execute("PRAGMA synchronous=FULL")

            @sa.event.listens_for(engine, "begin")
            def begin(connection: sa.Connection) -> None:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

        return engine


def with_patience(url: sa.URL) -> sa.URL:
    """Return the URL of a PostgreSQL with timeouts for a network that fails; those that it has stay as they are."""
    if url.get_backend_name() != "postgresql":
        return url
    return url.set(query={name: str(value) for name, value in _PATIENCE.items()} | dict(url.query))


def check_clock(there: Any) -> None:
    """Raise StateError where this machine's clock is far from *there*, the database's: what is due goes by both."""
    apart = datetime.now(UTC) - there
    if abs(apart) > _CLOCKS_DIFFER:
        way = "ahead of" if apart > timedelta(0) else "behind"
        raise StateError(f"this machine's clock is {readable(abs(apart))} {way} the database's: set it right")


def _held(lock: Path) -> bool:
    """Return whether a process holds the lock file; asking writes nothing, and takes it for no more than a moment."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
