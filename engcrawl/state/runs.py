"""The runs of a blog, this one and those before it, and the sweeps that they are part of."""

from __future__ import annotations

import json
import os
from typing import Any

import sqlalchemy as sa

from engcrawl.state.database import Database
from engcrawl.state.lock import HOST
from engcrawl.state.tables import BLOGS, RUNS


class Runs:
    """The runs of one blog."""

    def __init__(self, db: Database, blog: str) -> None:
        self._db = db
        self._blog = blog
        self._of_blog = RUNS.c.blog == blog
        self.number = 0
        """Of this run, from `begin` on; 0 where the state is only read."""

    def begin(self, name: str, spider: str, arguments: dict[str, Any], start: str) -> None:
        """Record that this run begins; those before it that never ended are dead."""
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

    # Sweeps

    def sweep(self) -> tuple[int, str] | None:
        """Return the sweep under way or done last, and the instant when it began; None if a new one is due."""
        began = sa.and_(RUNS.c.blog == BLOGS.c.blog, RUNS.c.id == BLOGS.c.sweep)
        query = sa.select(RUNS.c.id, RUNS.c.start).join(BLOGS, began).where(self._of_blog)
        row = self._db.one(query)
        return (row.id, row.start) if row else None

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
        names = ("name", "spider", "arguments", "host", "pid", "start", "end", "verdict", "report")
        query = sa.select(*(RUNS.c[name] for name in names)).where(self._of_blog)
        runs = [dict(row._mapping) for row in self._db.all(query.order_by(RUNS.c.id.desc()).limit(count))]
        for run in runs:
            run["arguments"] = json.loads(run["arguments"])
            run["report"] = json.loads(run["report"]) if run["report"] else None
        return runs

    def last_reports(self) -> dict[str, dict[str, Any]]:
        """Return the report of each spider's last run that ended: spider -> report."""
        last = sa.select(sa.func.max(RUNS.c.id)).where(self._of_blog, RUNS.c.report.is_not(None))
        query = sa.select(RUNS.c.spider, RUNS.c.report).where(
            self._of_blog, RUNS.c.id.in_(last.group_by(RUNS.c.spider))
        )
        return {spider: json.loads(report) for spider, report in self._db.all(query)}

    def last_complete(self) -> dict[str, str]:
        """Return when each spider's last complete run ended, of those that had one: spider -> instant."""
        query = sa.select(RUNS.c.spider, sa.func.max(RUNS.c.end)).where(self._of_blog, RUNS.c.verdict == "complete")
        return dict(map(tuple, self._db.all(query.group_by(RUNS.c.spider))))
