"""Try the code alone: no process, no server, no browser, no database but SQLite."""
