"""The state's database: opening, locking, bringing its schema up; its errors as one line."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from engcrawl import migrations
from engcrawl.errors import LockedError, StateError
from engcrawl.lock import HOST, RunLock, holder
from engcrawl.tables import RUNS
from engcrawl.text.visible import masked


class Database:
    """The database at an SQLAlchemy URL. Every method raises StateError where it can't be read or written.

    With *create* it is made or brought to the newest schema, locked for this process (LockedError), and can be
    written; without, it is only read.
    """

    def __init__(self, url: str, *, create: bool = False) -> None:
        try:
            self.url = sa.make_url(url)
        except (ArgumentError, ValueError):  # of a port that is none; the error would tell parts of the URL
            raise StateError("ENGCRAWL_STATE: must be an SQLAlchemy URL, like postgresql+psycopg://host/name") from None
        self.name = masked(self.url.render_as_string(hide_password=True))
        self._file: Path | None = None
        if self.url.get_backend_name() == "sqlite":
            if not self.url.database or self.url.database == ":memory:":
                raise StateError(f"{self.name}: must name a file, like sqlite:////var/lib/engcrawl/archive.db")
            self._file = Path(self.url.database).absolute()
        with ExitStack() as stack:
            if create and self._file:
                lock = RunLock(self._file.with_name(f"{self._file.name}.lock"), self.name)
                stack.callback(lock.release)
            with self._errors():
                self._open(stack, create)
            self._held = stack.pop_all()

    def _open(self, stack: ExitStack, create: bool) -> None:
        if not create and self._file and not self._file.exists():
            raise StateError("there is no such file: no run has been here")
        engine = self._engine(create)
        stack.callback(engine.dispose)
        self._db = stack.enter_context(engine.connect())
        if create:
            if not self._file:
                self._lock_database()
            migrations.upgrade(self._db)
            self._db.commit()
        elif (found := migrations.version(self._db)) != len(migrations.STEPS):
            raise StateError(f"it has schema {found}; a run of this engcrawl brings it to {len(migrations.STEPS)}")

    def close(self) -> None:
        """Give the connection and the lock back; what wasn't committed is lost."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def commit(self) -> None:
        """Bring what was written to the disk."""
        if self._db.in_transaction():
            with self._errors():
                self._db.commit()

    def lives(self, pid: int, host: str) -> bool:
        """Whether that run is at work: a file's lock says it, else its process, as far as this host can tell."""
        if self._file:
            return _held(self._file.with_name(f"{self._file.name}.lock"))
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return host != HOST
        except PermissionError:
            pass  # it is there, and another user's
        return True

    def _update(self, table: sa.Table, where: sa.ColumnElement[bool], **values: Any) -> None:
        with self._errors():
            self._db.execute(table.update().where(where).values(values))

    def _engine(self, writing: bool) -> sa.Engine:
        timeout = {"connect_timeout": 15} if self.url.get_backend_name() == "postgresql" else {}
        engine = sa.create_engine(self.url, poolclass=sa.NullPool, connect_args=timeout)
        if self._file:

            @sa.event.listens_for(engine, "connect")
            def configure(connection: Any, _: Any) -> None:
                connection.isolation_level = None  # the transactions are SQLAlchemy's, not the driver's
                connection.execute("PRAGMA busy_timeout=30000")
                connection.execute("PRAGMA foreign_keys=ON")
                if writing:
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.execute("PRAGMA synchronous=FULL")

            @sa.event.listens_for(engine, "begin")
            def begin(connection: sa.Connection) -> None:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

        return engine

    def _lock_database(self) -> None:
        from sqlalchemy_dlock.factory import create_sadlock  # not for SQLite, which most runs have

        if create_sadlock(self._db, "engcrawl").acquire(block=False):
            return
        who = "it is just beginning"
        if migrations.version(self._db):
            query = sa.select(RUNS.c.pid, RUNS.c.host, RUNS.c.start).where(RUNS.c.verdict.is_(None))
            if row := self._db.execute(query.order_by(RUNS.c.id.desc()).limit(1)).one_or_none():
                who = holder(*row)
        raise LockedError(f"another run works on {self.name}: {who}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            raise StateError(f"{self.name}: {reason}") from error
        except ModuleNotFoundError as error:
            raise StateError(f"{self.name}: {error}: install the database's driver") from error
        except StateError as error:
            raise error if str(error).startswith(self.name) else StateError(f"{self.name}: {error}") from error


def _held(lock: Path) -> bool:
    """Whether a process holds the lock file; asking writes nothing, and takes it for no more than that moment."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
