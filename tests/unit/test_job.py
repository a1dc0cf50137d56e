"""What a job does with its process, whatever that does; real crawls are in tests/crawl."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engcrawl.errors import OutputError
from engcrawl.fleet.blogs import Blog
from engcrawl.fleet.job import Ended, Job
from engcrawl.fleet.pool import Pool
from engcrawl.report.verdict import Outcome

BLOG = Blog(site="https://a.example/blog", arguments={"types": "all"})
Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a job whose process is a shell script instead of a crawl."""

    def start(script: str, limit: float = 60, grace: float = 60) -> Ended:
        interpreter = tmp_path / "python"
        interpreter.write_text(f"#!/bin/sh\n{script}\n")
        interpreter.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(interpreter))
        job = Job(
            BLOG, tmp_path / "output", timedelta(seconds=limit), timedelta(seconds=grace), {"DOWNLOAD_DELAY": "3"}
        )
        return asyncio.run(job.run(asyncio.Event()))

    return start


def told(ended: Ended) -> tuple[Outcome, str]:
    return ended.outcome, ended.reason


def gone(pid: int) -> bool:
    """Tell whether a process ends within ten seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True  # nobody here reaps what its parent left
        time.sleep(0.1)
    return False


def test_the_process_is_a_crawl_of_the_blog_in_its_own_folder(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "output" / "a.example_blog"
    assert told(run('echo "$@"')) == (Outcome.COMPLETE, (folder / "crawl.log").read_text().strip())
    assert (folder / "crawl.log").read_text() == (
        "-m scrapy crawl archive -a site=https://a.example/blog -a types=all -s DOWNLOAD_DELAY=3"
        f" -s ENGCRAWL_OUTPUT={folder} -s ENGCRAWL_PARENT={os.getpid()}\n"
    )


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            "echo '2026 ERROR: Verdict: locked (exit status 4): another run works'; echo more; exit 4",
            (Outcome.LOCKED, "another run works"),
        ),
        (
            "echo 'Verdict: locked (exit status 4): busy'; echo 'Verdict: failed (exit status 1): other'; exit 4",
            (Outcome.LOCKED, "busy"),  # another run's verdict in the same log is not its own
        ),
        ("echo 'scrapy crawl: archive: wrong'; exit 2", (Outcome.USAGE, "scrapy crawl: archive: wrong")),
        ("exit 1", (Outcome.FAILED, "it left no verdict")),
        ("exit 7", (Outcome.FAILED, "exit status 7: it left no verdict")),
        ("kill -KILL $$", (Outcome.FAILED, "killed by SIGKILL: it left no verdict")),
    ],
)
def test_a_run_without_a_verdict_is_told_by_its_status_and_its_last_words(
    run: Run, script: str, expected: tuple[Outcome, str]
) -> None:
    assert told(run(script)) == expected


def test_words_of_an_earlier_run_are_not_its_own(run: Run) -> None:
    run("echo 'Verdict: failed (exit status 1): earlier'; exit 1")
    assert told(run("exit 1")) == (Outcome.FAILED, "it left no verdict")


def test_a_run_that_takes_too_long_is_stopped(run: Run) -> None:
    assert told(run("trap 'exit 5' TERM; while :; do sleep 0.05; done", limit=0.4)) == (
        Outcome.STOPPED,
        "not done within 0m",
    )


def test_a_run_that_does_not_end_is_killed_with_all_that_it_started(run: Run, tmp_path: Path) -> None:
    ended = run(f"trap '' TERM; sleep 300 & echo $! > {tmp_path}/pid; wait; sleep 300", limit=0.4, grace=0.4)
    assert told(ended) == (
        Outcome.STOPPED,
        "not done within 0m, and killed, because it didn't end within 0m after that",
    )
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_cancelled_run_ends_its_process_first(run: Run, tmp_path: Path) -> None:
    run("exit 0")
    (tmp_path / "python").write_text(
        f"#!/bin/sh\ntrap 'echo end > {tmp_path}/end; exit 5' TERM\nwhile :; do sleep 0.05; done"
    )

    async def cancel() -> None:
        task = asyncio.create_task(Job(BLOG, tmp_path / "output").run(asyncio.Event()))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert (tmp_path / "end").exists()


def test_a_long_log_is_begun_anew(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "output" / "a.example_blog" / "crawl.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * 10_000_001)
    run("echo new")
    assert (log.read_text(), log.with_name("crawl.log.1").stat().st_size) == ("new\n", 10_000_001)


def test_what_cannot_be_started_is_one_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(OutputError, match="No such file or directory"):
        asyncio.run(Job(BLOG, tmp_path / "output").run(asyncio.Event()))
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Not a directory"):
        asyncio.run(Job(BLOG, tmp_path / "file").run(asyncio.Event()))


def test_the_outcome_of_a_pool_is_its_worst(run: Run, tmp_path: Path) -> None:
    def outcome(*statuses: int) -> Outcome:
        run("")  # sets the interpreter
        script = 'for word; do case $word in EXIT=*) exit "${word#EXIT=}";; esac; done'
        (tmp_path / "python").write_text(f"#!/bin/sh\n{script}\n")
        jobs = [
            Job(Blog(site=f"https://{status}.example"), tmp_path / "output", settings={"EXIT": str(status)})
            for status in statuses
        ]
        return asyncio.run(Pool(jobs, 8, lambda job, ended: None).run(asyncio.Event()))

    worst_first = (1, 2, 5, 4, 3, 0)
    for at, status in enumerate(worst_first):
        assert outcome(*reversed(worst_first[at:])) == Outcome(status)
