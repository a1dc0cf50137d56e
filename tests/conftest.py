"""Prepare what tests begin with: an output folder, a blog that is served, an archive that a first run has made."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.support")  # before anything of it is imported: a failure there is told in full

from tests.blog import Blog, Fault, Server  # noqa: E402
from tests.support.counting import COUNTED  # noqa: E402
from tests.support.crawls import Serve, crawl  # noqa: E402

POSTS = 200
"""Posts of the blog that runs after the first are tried on."""


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output folder that isn't there yet."""
    return tmp_path / "output"


@pytest.fixture
def unused_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves blogs: ``serve(posts=120, faults=[...])`` gives a running `Server`."""
    with ExitStack() as stack:

        def start(posts: int = 120, seed: int = 1, faults: list[Fault] | None = None) -> Server:
            return stack.enter_context(Server(Blog(posts, seed), faults))

        yield start


@contextmanager
def _first_run(folder: Path, posts: int, *arguments: str) -> Iterator[tuple[Server, Path]]:
    """A blog, and the output folder of a first run."""
    with Server(Blog(posts)) as server:
        assert crawl(folder / "output", *arguments, site=server.url).status == 0
        yield server, folder / "output"


def _as_it_was(first: tuple[Server, Path], output: Path, posts: int) -> Server:
    """The blog as the first run found it, and its output, copied."""
    server, archive = first
    shutil.copytree(archive, output)
    server.show(Blog(posts))
    server.faults.clear()
    server.instead.clear()
    server.sitemap = "yoast"
    return server


@pytest.fixture(scope="session")
def _archived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    with _first_run(tmp_path_factory.mktemp("archived"), POSTS) as first:
        yield first


@pytest.fixture
def server(_archived: tuple[Server, Path], output: Path) -> Server:
    """A blog of `POSTS` posts, of which a first run has made the archive that is in *output*."""
    return _as_it_was(_archived, output, POSTS)


@pytest.fixture(scope="session")
def _inventoried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    with _first_run(tmp_path_factory.mktemp("inventoried"), COUNTED, "-a", "inventory=yes") as first:
        yield first


@pytest.fixture
def inventoried(_inventoried: tuple[Server, Path], output: Path) -> Server:
    """A blog of `COUNTED` posts, of which a first run has made the archive that is in *output*, and counted it."""
    return _as_it_was(_inventoried, output, COUNTED)
