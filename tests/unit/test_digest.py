"""What the digest tells of blogs that had no run to look at; of real runs, tests/crawl/test_fleet.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scrapy.settings import Settings

from engcrawl.alerts.config import AlertSettings
from engcrawl.alerts.digest import digest
from engcrawl.fleet.blogs import Blog
from engcrawl.fleet.states import States
from engcrawl.state import State
from engcrawl.text.dates import rfc3339

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SINCE = NOW - timedelta(hours=24)


def had_a_run(output: Path, blog: Blog, hours: float, *, verdict: str | None) -> None:
    """Store a run that began *hours* ago, and ended then with *verdict*, or died."""
    when = rfc3339(NOW - timedelta(hours=hours))
    (output / blog.key).mkdir(parents=True)
    with State.open(f"sqlite:///{output}/{blog.key}/archive.db", blog.site) as state:
        state.runs.begin(f"archive-{hours}", "archive", {"site": blog.site}, when)
        if verdict:
            state.runs.end(verdict, when, {})


def test_blogs_without_a_run_are_told_with_the_reason(tmp_path: Path) -> None:
    never, broken, died, overdue = (Blog(site=f"https://{name}.example") for name in ("a", "b", "c", "d"))
    weekly = Blog(site="https://e.example", schedule="0 4 * * 6")
    had_a_run(tmp_path, died, 3, verdict=None)
    had_a_run(tmp_path, overdue, 40, verdict="complete")
    had_a_run(tmp_path, weekly, 48, verdict="complete")
    (tmp_path / broken.key).mkdir()
    (tmp_path / broken.key / "archive.db").write_bytes(b"nonsense" * 500)
    settings = Settings({"ENGCRAWL_OUTPUT": str(tmp_path), "ENGCRAWL_STATE": None})
    with States(settings) as states:
        blogs = (never, broken, died, overdue, weekly)
        message = digest(blogs, states, settings, AlertSettings.model_construct(), SINCE, NOW)
    assert message.subject == "engcrawl: 5 blogs: 1 never run, 1 unreadable, 1 died, 1 overdue, 1 not planned"
    assert {one["blog"]: one["alerts"] for one in message.values["blogs"]} == {
        "a.example": [{"monitor": "Overdue", "message": "the blog has never run"}],
        "b.example": [
            {"monitor": "State", "message": f"sqlite:///{tmp_path}/b.example/archive.db: file is not a database"}
        ],
        "c.example": [{"monitor": "NoneDied", "message": "archive-3 died without a verdict"}],
        "d.example": [
            {
                "monitor": "Overdue",
                "message": "no run since 2026-11-22T08:00:00Z, though one was planned for 2026-11-23T02:57:00Z",
            }
        ],
    }
    assert message.text.splitlines()[:2] == [
        "5 blogs: 1 never run, 1 unreadable, 1 died, 1 overdue, 1 not planned",
        "1 runs from 2026-11-22T08:00:00Z to 2026-11-23T08:00:00Z: 0 posts new, 0 posts updated, 0 posts gone",
    ]
