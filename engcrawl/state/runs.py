"""The runs of a blog, this one and those before it, and the sweeps that they are part of."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engcrawl.arguments import ALL_TYPES
from engcrawl.state.database import CHUNK, Database
from engcrawl.state.lock import HOST
from engcrawl.state.tables import BLOGS, MENTIONS, POSTS, RUNS

UNFINISHED = ("died", "stopped")
"""Verdicts of runs that never came to their end: their blog stays due."""
_NONE = 2**31 - 1
"""More than the number of any run."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A walk of everything, which may take several runs."""

    number: int
    """Of the run that began it."""
    start: str
    """The instant when it began."""
    types: list[str]
    """The post types that it is of."""


class Runs:
    """The runs of one blog."""

    def __init__(self, db: Database, blog: str) -> None:
        self._db = db
        self._blog = blog
        self._of_blog = RUNS.c.blog == blog
        self.number = 0
        """Of this run, from `begin` on; 0 where the state is only read."""
        self.types: list[str] = [ALL_TYPES]
        """The post types that this run asks for."""

    def begin(self, name: str, spider: str, arguments: dict[str, Any], start: str) -> None:
        """Record that this run begins; those before it that never ended are dead."""
        self.types = arguments.get("types", self.types)
        self._db.execute(RUNS.update().where(self._of_blog, RUNS.c.verdict.is_(None)).values(verdict="died"))
        self.number = 1 + (self._db.scalar(sa.select(sa.func.max(RUNS.c.id)).where(self._of_blog)) or 0)
        values = {"blog": self._blog, "id": self.number, "name": name, "spider": spider, "start": start}
        values |= {"arguments": json.dumps(arguments), "host": HOST, "pid": os.getpid()}
        self._db.execute(RUNS.insert().values(values))
        self._db.commit()

    def end(self, verdict: str, end: str, report: dict[str, Any]) -> None:
        """Record how this run ended, and bring it to the disk."""
        values = {"verdict": verdict, "end": end, "report": json.dumps(report)}
        self._db.execute(RUNS.update().where(self._of_blog, RUNS.c.id == self.number).values(values))
        self._db.commit()

    # Post types

    def asks_for(self, type_: str) -> bool:
        """Return whether this run asks for a post type."""
        return ALL_TYPES in self.types or type_ in self.types

    def asked_for(self) -> sa.ColumnElement[bool]:
        """Return the condition that a post is of a type that this run asks for, or that a category's archive lists it.

        Others stay in the archive as they are.
        """
        if ALL_TYPES in self.types:
            return sa.true()
        m, c = MENTIONS.c, POSTS.c
        listed = sa.exists().where(m.blog == c.blog, m.post == c.id, m.source == "listings")
        return sa.or_(c.type.is_(None), c.type.in_(self.types), listed)

    # Sweeps

    def sweep(self) -> Sweep | None:
        """Return the sweep under way or done last; None if a new one is due."""
        began = sa.and_(RUNS.c.blog == BLOGS.c.blog, RUNS.c.id == BLOGS.c.sweep)
        query = sa.select(RUNS.c.id, RUNS.c.start, RUNS.c.arguments).join(BLOGS, began).where(self._of_blog)
        row = self._db.one(query)
        return Sweep(row.id, row.start, json.loads(row.arguments)["types"]) if row else None

    def begin_sweep(self) -> None:
        """Begin a sweep with this run."""
        self._db.execute(BLOGS.update().where(BLOGS.c.blog == self._blog).values(sweep=self.number))

    def sweep_next(self) -> None:
        """Make the next run begin a sweep."""
        self._db.execute(BLOGS.update().where(BLOGS.c.blog == self._blog).values(sweep=None))

    # Looking back

    def last(self, count: int) -> list[dict[str, Any]]:
        """Return the last *count* runs, newest first.

        Each has its name, spider, arguments, host, pid, start, end, verdict and report (None if it left none).
        """
        return [run for _, run in zip(range(count), self.each(), strict=False)]

    def each(self) -> Iterator[dict[str, Any]]:
        """Yield all runs as `last` returns them, newest first, a few in memory at a time."""
        names = ("id", "name", "spider", "arguments", "host", "pid", "start", "end", "verdict", "report")
        query = sa.select(*(RUNS.c[name] for name in names)).where(self._of_blog).order_by(RUNS.c.id.desc())
        last = _NONE
        while rows := self._db.all(query.where(RUNS.c.id < last).limit(CHUNK)):
            for row in rows:
                last = row.id
                run = dict(row._mapping)
                del run["id"]
                report = json.loads(run["report"]) if run["report"] else None
                yield run | {"arguments": json.loads(run["arguments"]), "report": report}

    def last_reports(self) -> dict[str, dict[str, Any]]:
        """Return the report of each spider's last run that ended: spider -> report."""
        last = sa.select(sa.func.max(RUNS.c.id)).where(self._of_blog, RUNS.c.report.is_not(None))
        query = sa.select(RUNS.c.spider, RUNS.c.report).where(
            self._of_blog, RUNS.c.id.in_(last.group_by(RUNS.c.spider))
        )
        return {spider: json.loads(report) for spider, report in self._db.all(query)}

    def last_finished(self) -> str | None:
        """Return when the last run of `archive` ended that wasn't stopped and didn't die; None if there was none."""
        ended = RUNS.c.verdict.not_in(UNFINISHED)
        query = sa.select(RUNS.c.end).where(self._of_blog, RUNS.c.spider == "archive", ended)
        end: str | None = self._db.scalar(query.order_by(RUNS.c.id.desc()).limit(1))  # clocks may have been wrong
        return end

    def last_complete(self) -> dict[str, str]:
        """Return when each spider's last complete run ended, of those that had one: spider -> instant."""
        query = sa.select(RUNS.c.spider, sa.func.max(RUNS.c.end)).where(self._of_blog, RUNS.c.verdict == "complete")
        return dict(map(tuple, self._db.all(query.group_by(RUNS.c.spider))))
