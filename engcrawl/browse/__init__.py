"""The archive as pages on loopback: Datasette over the SQLite export, with templates and a small plugin."""
