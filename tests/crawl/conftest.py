"""Prepare archives that a first run has made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.blog import Blog, Server
from tests.support.counting import COUNTED
from tests.support.crawls import crawl
from tests.support.postgres import Postgres, database, own_postgres, postgres
from tests.support.receivers import Receivers
from tests.support.seen import chromium
from tests.support.themes import POSTS as THEMED

POSTS = 200
"""Posts of the blog that runs after the first are tried on."""


@contextmanager
def _first_run(folder: Path, posts: int, *arguments: str) -> Iterator[tuple[Server, Path]]:
    """Serve a blog, with the output folder of a first run."""
    with Server(Blog(posts)) as server:
        assert crawl(folder / "output", *arguments, site=server.url).status == 0
        yield server, folder / "output"


def _as_it_was(first: tuple[Server, Path], output: Path, posts: int) -> Server:
    """Put the blog back as the first run found it, and copy its output."""
    server, archive = first
    shutil.copytree(archive, output)
    server.show(Blog(posts))
    server.faults.clear()
    server.instead.clear()
    server.sitemap = "yoast"
    server.charset = "utf-8"
    return server


@pytest.fixture(scope="session")
def _archived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    with _first_run(tmp_path_factory.mktemp("archived"), POSTS) as first:
        yield first


@pytest.fixture
def server(_archived: tuple[Server, Path], output: Path) -> Server:
    """Serve a blog of `POSTS` posts, of which a first run has made the archive that is in *output*."""
    return _as_it_was(_archived, output, POSTS)


@pytest.fixture(scope="session")
def _inventoried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    with _first_run(tmp_path_factory.mktemp("inventoried"), COUNTED, "-a", "inventory=yes") as first:
        yield first


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL server: its URL. Tests that need it are of one group, so that one server serves them all."""
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/archive.db"
    return database(request.getfixturevalue("postgresql"))


@pytest.fixture
def inventoried(_inventoried: tuple[Server, Path], output: Path) -> Server:
    """Serve a blog of `COUNTED` posts, whose archive, in *output*, a first run has made and counted."""
    return _as_it_was(_inventoried, output, COUNTED)


@pytest.fixture(scope="session")
def _themes() -> Iterator[Server]:
    with Server(Blog(THEMED)) as server:
        yield server


@pytest.fixture
def themed(_themes: Server) -> Server:
    """Serve a blog of `tests.support.themes.POSTS` posts in the classic theme and in UTF-8, without faults."""
    _themes.show(Blog(THEMED))
    _themes.charset = "utf-8"
    _themes.faults.clear()
    return _themes


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    """Start the servers that alerts are sent to."""
    with Receivers() as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server_() -> Iterator[Postgres]:
    """Start a PostgreSQL that the module's tests may stop and kill."""
    with own_postgres() as server:
        yield server


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Hold what a test starts until its end."""
    with ExitStack() as stack:
        yield stack
