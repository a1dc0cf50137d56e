"""Ask ``scrapy runs --check`` after real runs whether the archive is fresh."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engcrawl.state.lock import HOST
from engcrawl.text.dates import rfc3339
from tests.blog import Fault, Server
from tests.support.commands import ran, run
from tests.support.crawls import Serve, command, crawl, environment
from tests.support.folders import ROOT


def check(output: Path, *options: str) -> tuple[int, str]:
    """The exit status and the one line."""
    status, printed, said = ran(output, "runs", "--check", *options)
    assert said == ""
    assert len(printed.splitlines()) == 1
    return status, printed.strip()


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
        f"UNKNOWN: sqlite:///{output}/archive.db: there is no such file: no run has made it yet",
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
    server.faults += [Fault("status", post.path, status=500), Fault("status", "/wp-json/.*", status=404)]
    assert crawl(output, site=server.url, settings={"RETRY_TIMES": "0"}).status == 3
    last = names(output)[0]
    status, line = check(output)
    assert status == 1
    assert line.startswith(f"WARNING: {last} is incomplete: 1 pages or posts could not be read; the last complete run ")
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
        (["--fast"], "takes only options, not '--fast'"),
    ],
)
def test_a_wrong_option_is_unknown_too_for_a_monitor(output: Path, options: list[str], said: str) -> None:
    status, line = check(output, *options)
    assert status == 3
    assert line.startswith("UNKNOWN: ")
    assert said in line


def test_max_age_alone_is_a_wrong_option(output: Path) -> None:
    said = run(output, "runs", "--max-age", "1h", status=2)
    assert said == "scrapy runs: option --max-age: needs --check\n"


def test_a_monitor_gets_the_line_and_the_exit_status_from_the_process(output: Path) -> None:
    line = [sys.executable, "-m", "scrapy", "runs", "--check", "--fast"]
    done = subprocess.run(line, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == "UNKNOWN: takes only options, not '--fast'\n"
