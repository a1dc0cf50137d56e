"""``scrapy runs --check``: whether the archive is fresh, after real runs; and the judgement, case by case."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engcrawl.ages import duration, readable
from engcrawl.check import judge
from engcrawl.dates import rfc3339
from engcrawl.lock import HOST
from tests.blog import Fault, Server
from tests.support.crawls import Serve, command, crawl, environment
from tests.support.folders import ROOT


def check(output: Path, *options: str) -> tuple[int, str]:
    """The exit status and the one line."""
    line = [sys.executable, "-m", "scrapy", "runs", "--check", *options]
    done = subprocess.run(line, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
    return done.returncode, done.stdout.strip()


def let_pass(output: Path, hours: int) -> None:
    """Move all runs back in time."""
    with closing(sqlite3.connect(output / "archive.db", timeout=30)) as db, db:
        for number, *moments in db.execute("SELECT id, start, end FROM runs").fetchall():
            moved = [m and rfc3339(datetime.fromisoformat(m) - timedelta(hours=hours)) for m in moments]
            db.execute("UPDATE runs SET start = ?, end = ? WHERE id = ?", (*moved, number))


def names(output: Path) -> list[str]:
    """The runs' names, the newest first."""
    with closing(sqlite3.connect(output / "archive.db")) as db:
        return [name for (name,) in db.execute("SELECT name FROM runs ORDER BY id DESC")]


def test_where_no_run_has_been_or_the_state_cannot_be_read_it_is_unknown(output: Path) -> None:
    status, line = check(output, "--max-age", "26h")
    assert (status, line) == (
        3,
        f"UNKNOWN: sqlite:///{output}/archive.db: there is no such file: no run has been here",
    )
    output.mkdir()
    (output / "archive.db").write_text("no database")
    assert check(output) == (3, f"UNKNOWN: sqlite:///{output}/archive.db: file is not a database")


def test_an_archive_gets_stale_with_time_and_only_a_run_of_all_of_it_makes_it_fresh(
    server: Server, output: Path
) -> None:
    (first,) = names(output)
    status, line = check(output, "--max-age", "26h")
    assert status == 0
    assert line.startswith(f"OK: {first} was complete ")
    assert " | age=" in line
    assert line.endswith("s;;93600;0")
    let_pass(output, 30)
    status, line = check(output, "--max-age", "26h")
    assert status == 2
    assert line.startswith("CRITICAL: the last complete run ended 1d 6h ago | age=108")
    assert check(output, "--max-age", "2d")[0] == 0
    assert crawl(output, "-a", "categories=web", site=server.url).status == 0
    assert check(output)[0] == 2
    assert crawl(output, site=server.url).status == 0
    assert check(output)[0] == 0


def test_a_run_with_holes_is_a_warning(server: Server, output: Path) -> None:
    post = server.blog.publish(("web",))
    server.faults.append(Fault("status", post.path, status=500))
    assert crawl(output, site=server.url, settings={"RETRY_TIMES": "0"}).status == 3
    last = names(output)[0]
    status, line = check(output)
    assert status == 1
    assert line.startswith(f"WARNING: {last} is incomplete: 1 pages or posts could not be had; the last complete run ")
    with closing(sqlite3.connect(output / "archive.db")) as db, db:
        db.execute("UPDATE runs SET end = '2026-01-01T00:00:00Z' WHERE verdict = 'complete'")
    status, line = check(output)
    assert status == 1
    assert line.startswith("WARNING: the last complete run ended ")


def test_a_run_that_was_killed_is_found_and_one_that_does_not_end(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    line = command(site=server.url, settings={"DOWNLOAD_DELAY": "0.4"})
    quiet = subprocess.DEVNULL
    with subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=quiet, stderr=quiet) as process:
        while len(server.requests) < 5:
            assert process.poll() is None
            time.sleep(0.05)
        status, told = check(output)
        assert (status, told.partition(" | ")[0]) == (2, "CRITICAL: no run of the whole archive has ended yet")
        let_pass(output, 27)
        (name,) = names(output)
        status, told = check(output)
        assert (status, told) == (
            2,
            f"CRITICAL: {name} is at work for 1d 3h (pid {process.pid} on {HOST}) | age=U;;93600;0",
        )
        process.send_signal(signal.SIGKILL)
    status, told = check(output)
    assert (status, told.partition(" | ")[0]) == (
        2,
        f"CRITICAL: no run was complete; {name} died without a verdict (pid {process.pid} on {HOST})",
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-age", "26"], "option --max-age=26: must be a whole number of minutes, hours or days, like 90m"),
        (["--max-age", "-1h"], "expected one argument"),
        (["--max-age"], "expected one argument"),
        (["--fast"], "takes options alone, not '--fast'"),
    ],
)
def test_a_wrong_option_is_unknown_too_for_a_monitor(output: Path, options: list[str], said: str) -> None:
    status, line = check(output, *options)
    assert status == 3
    assert line.startswith("UNKNOWN: ")
    assert said in line


def test_max_age_alone_is_a_wrong_option(output: Path) -> None:
    line = [sys.executable, "-m", "scrapy", "runs", "--max-age", "1h"]
    done = subprocess.run(line, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "scrapy runs: option --max-age: goes with --check\n")


# The judgement

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
