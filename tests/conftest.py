"""Prepare what tests of every folder begin with: an output folder, a port, a blog that is served."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.support")  # before anything of it is imported: a failure there is told in full

from tests.blog import Blog, Fault, Server  # noqa: E402
from tests.support.crawls import Serve  # noqa: E402


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Name an output folder that isn't there yet."""
    return tmp_path / "output"


@pytest.fixture
def unused_port() -> int:
    """Find a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve blogs: ``serve(posts=120, faults=[...])`` gives a running `Server`."""
    with ExitStack() as stack:

        def start(posts: int = 120, seed: int = 1, faults: list[Fault] | None = None) -> Server:
            return stack.enter_context(Server(Blog(posts, seed), faults))

        yield start
