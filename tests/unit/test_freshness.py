"""Judge by the last runs whether an archive is fresh, case by case; read and write ages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engcrawl.report.freshness import Judgement, Level, judge, together
from engcrawl.text.dates import rfc3339
from engcrawl.text.durations import duration, readable

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def run(verdict: str, hours: float, spider: str = "archive", **arguments: Any) -> dict[str, Any]:
    """A run that ended *hours* ago, or began then, where it is at work."""
    when = rfc3339(NOW - timedelta(hours=hours))
    arguments = {"site": "https://x.example", "articles": True} | arguments
    return {
        "name": f"{spider}-{hours}",
        "spider": spider,
        "arguments": arguments,
        "host": "h",
        "pid": 7,
        "start": when,
        "end": None if verdict in ("died", "running") else when,
        "verdict": verdict,
        "report": {"reason": "a|b"},
    }


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([], "CRITICAL: no run of the whole archive has ended yet"),
        ([run("complete", 1)], "OK: archive-1 was complete 1h ago"),
        ([run("running", 1), run("complete", 2)], "OK: archive-2 was complete 2h ago"),
        ([run("running", 27), run("complete", 28)], "CRITICAL: archive-27 is at work for 1d 3h (pid 7 on h)"),
        ([run("running", 27, "inventory"), run("complete", 3)], "CRITICAL: inventory-27 is at work for 1d 3h"),
        ([run("died", 1), run("complete", 2)], "WARNING: archive-1 died without a verdict (pid 7 on h); the last"),
        (
            [run("failed", 1), run("complete", 2)],
            "WARNING: archive-1 is failed: a/b; the last complete run ended 2h ago",
        ),
        ([run("stopped", 1), run("complete", 30)], "CRITICAL: the last complete run ended 1d 6h ago; archive-1 is"),
        ([run("incomplete", 1)], "WARNING: no run was complete; archive-1 is incomplete: a/b"),
        ([run("incomplete", 27)], "CRITICAL: no run was complete; archive-27 is incomplete: a/b"),
        ([run("died", 1), run("incomplete", 2)], "WARNING: no run was complete; archive-2 is incomplete: a/b"),
        ([run("complete", 1, since="2024-01-01"), run("complete", 30)], "CRITICAL: the last complete run ended 1d 6h"),
        ([run("complete", 1, articles=False)], "CRITICAL: no run of the whole archive has ended yet"),
        ([run("failed", 1, "inventory"), run("complete", 2)], "OK: archive-2 was complete 2h ago"),
    ],
)
def test_what_runs_say(runs: list[dict[str, Any]], said: str) -> None:
    assert str(judge(runs, NOW, timedelta(hours=26))).startswith(said)


def test_ages_are_read_and_written() -> None:
    assert [duration(text) for text in ("90m", "26h", "2d")] == [timedelta(hours=h) for h in (1.5, 26, 48)]
    for wrong in ("", "26", "0h", "1.5h", "h", "26H", "1w", "²h"):
        with pytest.raises(ValueError, match="like 90m, 26h or 2d"):
            duration(wrong)
    lengths = {"0m": 59, "1m": 60, "1h": 3600, "1h 1m": 3660, "1d": 86400, "2d 4h": 187260, "1d 1m": 86460}
    assert {readable(timedelta(seconds=seconds)): seconds for seconds in lengths.values()} == lengths


def test_of_several_blogs_the_worst_is_told_first_and_is_the_level() -> None:
    good = {f"{number}.example": Judgement(Level.OK, "fine") for number in range(3)}
    assert str(together(good)) == "OK: 3 of 3 blogs are fresh | fresh=3;;;0;3"
    bad = {
        "w": Judgement(Level.WARNING, "incomplete"),
        "u": Judgement(Level.UNKNOWN, "no database"),
        "c": Judgement(Level.CRITICAL, "stale"),
    }
    told = "3 of 6 blogs are fresh; c: stale; u: no database; w: incomplete | fresh=3;;;0;6"
    assert str(together(good | bad)) == f"CRITICAL: {told}"
    many = {f"{number}": Judgement(Level.WARNING, "x") for number in range(7)}
    assert str(together(many)).startswith("WARNING: 0 of 7 blogs are fresh; 0: x; 1: x; 2: x; 3: x; 4: x; and 2 more |")
