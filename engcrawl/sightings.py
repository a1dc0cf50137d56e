"""What one run has seen of each post in listings, merged by ID, kept on disk until its record goes out."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import fields

from engcrawl.items import Post

_NAMES = [field.name for field in fields(Post)]


class Sightings:
    """The posts that listings named, each once, in the order in which they were first seen.

    SQLite's private temporary database holds them: a file that goes with the process, so that memory doesn't
    grow with the archive.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        # Nothing here outlives the process: no journal, no waiting for the disk.
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE post (n INTEGER PRIMARY KEY, id INTEGER UNIQUE, record TEXT, out INTEGER DEFAULT 0)"
        )

    def add(self, post: Post) -> bool:
        """Take a sighting; True if it is the first of its post, else it is merged into what is known.

        A post whose record is out already stays as it went out.
        """
        row = self._db.execute("SELECT record, out FROM post WHERE id = ?", (post.id,)).fetchone()
        if row is None:
            self._db.execute("INSERT INTO post (id, record) VALUES (?, ?)", (post.id, _packed(post)))
            return True
        record, out = row
        if not out:
            known = Post(**json.loads(record))
            known.see_again(post)
            self._db.execute("UPDATE post SET record = ? WHERE id = ?", (_packed(known), post.id))
        return False

    def take(self) -> Iterator[Post]:
        """Each post that isn't out yet, as merged so far; taken is out."""
        n = 0
        while row := self._db.execute(
            "SELECT n, record FROM post WHERE n > ? AND NOT out ORDER BY n LIMIT 1", (n,)
        ).fetchone():
            n, record = row
            self._db.execute("UPDATE post SET out = 1, record = NULL WHERE n = ?", (n,))
            yield Post(**json.loads(record))

    def waiting(self) -> bool:
        """Whether a post isn't out yet."""
        return self._db.execute("SELECT 1 FROM post WHERE NOT out LIMIT 1").fetchone() is not None

    def close(self) -> None:
        """Give the file back."""
        self._db.close()


def _packed(post: Post) -> str:
    return json.dumps({name: getattr(post, name) for name in _NAMES})
