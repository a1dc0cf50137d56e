"""The states of all blogs that have one: in one database, or each in the blog's folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

import sqlalchemy as sa
from scrapy.settings import BaseSettings

from engcrawl.errors import NoStateError, StateError, UsageError
from engcrawl.report.output import Output, state_url
from engcrawl.state import State
from engcrawl.state.database import Database
from engcrawl.state.tables import BLOGS
from engcrawl.text.urls import blog_key


class States:
    """The blogs' states, by the blogs' keys. They are only read.

    They are in the database that ``ENGCRAWL_STATE`` names. Without that setting, they are in ``archive.db`` in the
    output folder, and in the ``archive.db`` of each of its subfolders.
    """

    def __init__(self, settings: BaseSettings) -> None:
        url, alone = state_url(settings)
        output = Output(settings["ENGCRAWL_OUTPUT"])
        folders = sorted(file.parent for file in output.folder.glob(f"*/{output.state.name}")) if alone else []
        self._files = {folder.name: f"sqlite:///{Output(folder).state}" for folder in folders}
        self._shared: Database | None = None
        self._sites: dict[str, str] = {}
        self._none: UsageError | NoStateError
        try:
            self._shared = Database(url)
            self._sites = {row.blog: row.site for row in self._shared.all(sa.select(BLOGS))}
            self._none = UsageError(f"{self._shared.name}: has no blog yet")
        except NoStateError as error:
            self._none = error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shared:
            self._shared.close()

    @property
    def keys(self) -> list[str]:
        """Return the keys of the blogs that have a state."""
        return sorted(self._sites.keys() | self._files.keys())

    def chosen(self, name: str | None) -> list[str]:
        """Return the key of the blog with this key or address; all keys if *name* is None.

        Raises UsageError if there is no such blog, and NoStateError if there is no state at all.
        """
        keys = self.keys
        if not keys:
            raise self._none
        if name is None:
            return keys
        key = blog_key(name) if "://" in name else name
        if key not in keys:
            raise UsageError(f"option --blog={name}: must be one of {', '.join(keys)}")
        return [key]

    @contextmanager
    def open(self, key: str) -> Iterator[State]:
        """Open the state of the blog with this key. Raises StateError."""
        if file := self._files.get(key):
            try:
                state = State.read(file, key)
            except UsageError as error:
                raise StateError(str(error)) from error
            with state:
                yield state
        elif self._shared and key in self._sites:
            yield State(self._shared, self._sites[key])
        else:
            raise NoStateError(f"{key}: the blog has never run")

    def each(self, keys: Iterable[str]) -> Iterator[State]:
        """Open the states of the blogs with these keys, one after the other. Raises StateError."""
        for key in keys:
            with self.open(key) as state:
                yield state
