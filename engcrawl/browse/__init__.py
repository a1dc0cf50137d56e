"""The archive as pages on loopback: Datasette over the SQLite export, with templates and a small plugin."""

import datasette.app  # noqa: F401  # first: any other of its modules would be registered half loaded, without its hooks
