"""Datasette with the project's settings, on loopback."""

from __future__ import annotations

import asyncio
import signal
import socket
import webbrowser
from pathlib import Path
from typing import Any

import uvicorn
from datasette import handle_exception
from datasette.app import Datasette
from datasette.plugins import pm

from engcrawl import overview
from engcrawl.browse import names, plugin
from engcrawl.browse.names import LINKED
from engcrawl.errors import UsageError

HOST = "127.0.0.1"
_HERE = Path(__file__).parent
_REPORT = Path(*overview.__path__) / "templates"
"""Where the report's style is, which these pages have too."""
_SETTINGS = {
    "default_page_size": 30,
    "max_returned_rows": 1000,
    "sql_time_limit_ms": 5000,
    "facet_time_limit_ms": 3000,
    "default_facet_size": 15,
    "suggest_facets": False,
    "allow_download": False,
}
_TABLES: dict[str, Any] = {
    "posts": {
        "label_column": "title",
        "sort_desc": "published_date",
        "facets": ["year", *({"names": names} for names in LINKED)],
    },
    "runs": {"sort_desc": "start"},
    "changes": {"sort_desc": "at", "facets": ["change"]},
    "versions": {"sort_desc": "since"},
    "made_of": {"hidden": True},
}


def listen(port: int) -> socket.socket:
    """Return a socket on loopback, of a free port where *port* is 0. Raises UsageError."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise UsageError(f"option --port={port}: {error.strerror}; another one may be free") from error
    return listening


def serve(databases: list[Path], listening: socket.socket, *, show: bool) -> None:
    """Serve the databases until an interrupt or SIGTERM comes; *show* opens a browser."""
    for module in (plugin, names):
        if not pm.is_registered(module):
            pm.register(module)
    metadata = {"title": "The archive", "databases": {file.stem: {"tables": _TABLES} for file in databases}}
    datasette = Datasette(
        immutables=[str(file) for file in databases],
        metadata=metadata,
        settings=_SETTINGS,
        template_dir=str(_HERE / "templates"),
        static_mounts=[("engcrawl", str(_HERE / "static")), ("report", str(_REPORT))],
    )
    for database in datasette.databases.values():
        database.cached_hash = database.name  # its colour on Datasette's pages; the file's own would take seconds
    server = uvicorn.Server(uvicorn.Config(datasette.app(), log_level="warning", lifespan="on"))
    handle_exception.rich = None  # an address that isn't there is no reason for pages of traceback
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a browser that goes away ends nothing
    for number in (signal.SIGINT, signal.SIGTERM):  # before uvicorn's own, and after: it raises again what ended it
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    address = f"http://{HOST}:{listening.getsockname()[1]}/"
    print(f"{address} (Ctrl-C ends it)", flush=True)
    if show:
        webbrowser.open(address)
    asyncio.run(_run(datasette, server, listening))


async def _run(datasette: Any, server: uvicorn.Server, listening: socket.socket) -> None:
    await datasette.invoke_startup()
    await server.serve(sockets=[listening])
