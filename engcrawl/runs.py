"""The runs on a state, in its database."""

from __future__ import annotations

import json
import os
from typing import Any

import sqlalchemy as sa

from engcrawl.database import Database
from engcrawl.lock import HOST
from engcrawl.tables import POSTS, RUNS


class Runs(Database):
    """This run, and those before it."""

    run = 0
    """The number of this run, from `begin` on."""

    def begin(self, name: str, spider: str, arguments: dict[str, Any], start: str) -> None:
        """A run begins; those before it that never ended are dead."""
        with self._errors():
            self._db.execute(RUNS.update().where(RUNS.c.verdict.is_(None)).values(verdict="died"))
            inserted = self._db.execute(
                RUNS.insert().values(
                    name=name,
                    spider=spider,
                    arguments=json.dumps(arguments),
                    host=HOST,
                    pid=os.getpid(),
                    start=start,
                    full_since="",
                )
            )
            assert inserted.inserted_primary_key is not None
            self.run = inserted.inserted_primary_key[0]
            self._db.commit()

    def last_full_walk(self) -> str | None:
        """When the last full walk began; None if there was none yet. This run's own doesn't count."""
        query = sa.select(sa.func.max(RUNS.c.full_since)).where(RUNS.c.id < self.run, RUNS.c.full_since != "")
        with self._errors():
            since: str | None = self._db.scalar(query)
        return since

    def part_of_full_walk(self, since: str) -> None:
        """This run is part of the full walk that began at *since*; empty for none."""
        self._update(RUNS, RUNS.c.id == self.run, full_since=since)

    def walk_fully_next(self) -> None:
        """No full walk counts any more: the next run begins one."""
        self._update(RUNS, RUNS.c.full_since != "", full_since="")

    def end(self, verdict: str, end: str, report: dict[str, Any], *, delivered: bool) -> None:
        """The run is over; *delivered* says whether its feeds are finished and have each of its changes."""
        with self._errors():
            if delivered:
                self._db.execute(POSTS.update().where(POSTS.c.change_run == self.run).values(change=None))
            self._db.execute(
                RUNS.update().where(RUNS.c.id == self.run).values(verdict=verdict, end=end, report=json.dumps(report))
            )
            self._db.commit()

    def runs(self, last: int) -> list[dict[str, Any]]:
        """The *last* runs, the newest first.

        Each with its name, spider, arguments, host, pid, start, end, verdict and report (None if it has none).
        """
        names = ("name", "spider", "arguments", "host", "pid", "start", "end", "verdict", "report")
        query = sa.select(*(RUNS.c[name] for name in names)).order_by(RUNS.c.id.desc()).limit(last)
        with self._errors():
            rows = self._db.execute(query).mappings()
            return [
                dict(row)
                | {
                    "arguments": json.loads(row["arguments"]),
                    "report": json.loads(row["report"]) if row["report"] else None,
                }
                for row in rows
            ]

    def last_reports(self) -> dict[str, dict[str, Any]]:
        """The report of each spider's last run that ended: spider -> report."""
        last = sa.select(sa.func.max(RUNS.c.id)).where(RUNS.c.report.is_not(None)).group_by(RUNS.c.spider)
        with self._errors():
            rows = self._db.execute(sa.select(RUNS.c.spider, RUNS.c.report).where(RUNS.c.id.in_(last)))
            return {spider: json.loads(report) for spider, report in rows}

    def last_complete(self) -> dict[str, str]:
        """When each spider's last complete run ended: spider -> instant; those alone that had one."""
        query = sa.select(RUNS.c.spider, sa.func.max(RUNS.c.end)).where(RUNS.c.verdict == "complete")
        with self._errors():
            return {row.spider: row[1] for row in self._db.execute(query.group_by(RUNS.c.spider))}
