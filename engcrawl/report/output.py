"""The files that a run leaves in ``ENGCRAWL_OUTPUT``, and the rules by which they replace older ones."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from engcrawl.errors import OutputError, UsageError
from engcrawl.items import Post
from engcrawl.state import State
from engcrawl.state.lock import RunLock
from engcrawl.text.urls import blog_key, same_host

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_RECORD = TypeAdapter(Post)


class Output:
    """The folder of the archive: ``posts.jsonl``, and ``runs/`` with what each run found and how it ended."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).absolute()
        self.runs = self.folder / "runs"
        self.archive = self.folder / "posts.jsonl"
        self.report = self.folder / "report.html"
        self.latest = self.runs / "latest.json"
        self.lock = self.folder / "run.lock"
        self.state = self.folder / "archive.db"

    def locked(self) -> RunLock:
        """Make the folder, and lock it for a run. Raises LockedError and OutputError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.folder}: {error}") from error
        return RunLock(self.lock, str(self.folder))

    def check(self, site: str) -> None:
        """Raise UsageError where the last run in the folder was of another blog than that at *site*."""
        other = self._site_of_last_run()
        if other is not None and blog_key(other) != blog_key(site):
            raise self._others(site, other)

    def _others(self, site: str, other: str) -> UsageError:
        return UsageError(
            f"argument site={site}: {self.archive} is another site's ({other}); each site needs an ENGCRAWL_OUTPUT"
            " of its own"
        )

    def _site_of_last_run(self) -> str | None:
        try:
            file = self.runs / json.loads(self.latest.read_text())["file"]
            site: str = json.loads(file.read_text())["arguments"]["site"]
        except (OSError, ValueError, KeyError, TypeError):
            return None  # there is none, or its files were tidied away
        return site

    def reserve(self, spider: str, now: datetime) -> Run:
        """Return a new run's names, ``SPIDER-YYYYMMDDTHHMMSSZ``; with a suffix where another run has that one.

        The folder is to be locked. Raises OutputError.
        """
        name = f"{spider}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            run, number = Run(self, name), 1
            while run.part.exists() or run.feed.exists() or run.verdict.exists():
                number += 1
                run = Run(self, f"{name}-{number}")
            run.part.touch()
        except OSError as error:
            raise OutputError(f"{self.folder}: {error}") from error
        return run

    def records(self, site: str) -> Iterator[Post]:
        """Yield the records of the archive of *site*, none where there is none.

        Raises UsageError for those of another site, OutputError for anything else.
        """
        if not self.archive.exists():
            return
        known: set[int | None] = set()
        with self.archive.open("rb") as file:
            for number, line in enumerate(file, 1):
                where = f"{self.archive}: line {number}"
                try:
                    post = _RECORD.validate_json(line, strict=True)
                except ValidationError as error:
                    raise OutputError(f"{where} is no record of the archive: move the file away, or mend it") from error
                if post.id in known:
                    raise OutputError(f"{where} repeats post {post.id}: move the file away, or mend it")
                if not post.external and not same_host(post.url, site):
                    raise self._others(site, post.url)
                known.add(post.id)
                yield post

    def publish(self, state: State) -> bool:
        """Replace the archive by the posts of *state*, newest first, in one step; return False if it is theirs already.

        Raises OSError and StateError; the archive is then left as it was.
        """
        with contextlib.suppress(FileNotFoundError):
            if self.archive.stat().st_size == state.posts.measure()[1] and self._is_of(state):
                return False
        for left in self.folder.glob(f"{self.archive.name}.*.new"):  # of a run that was killed here
            left.unlink()
        with replacing(self.archive) as file:
            for line, _ in state.posts.lines():
                file.write(line.encode() + b"\n")
        return True

    def _is_of(self, state: State) -> bool:
        with self.archive.open("rb") as file:
            sums = (hashlib.sha256(line.removesuffix(b"\n")).hexdigest() for line in file)
            return all(one == other for one, other in zip_longest(sums, state.posts.checksums()))


class Run:
    """The names of one run's files."""

    def __init__(self, output: Output, name: str) -> None:
        self.output = output
        self.name = name
        self.feed = output.runs / f"{name}.jsonl"
        self.part = output.runs / f"{name}.jsonl.part"
        self.verdict = output.runs / f"{name}.json"
        self.log = output.runs / f"{name}.log"
        """Scrapy's log, of a run on a terminal alone."""

    def write_verdict(self, verdict: dict[str, Any]) -> None:
        """Write the verdict, and point ``latest.json`` at it. Raises OSError."""
        for path, content in ((self.verdict, verdict), (self.output.latest, self.pointer(verdict))):
            with replacing(path) as file:
                file.write(as_file(content))

    def pointer(self, verdict: dict[str, Any]) -> dict[str, Any]:
        """Return what ``latest.json`` says of the run."""
        ending = {key: verdict[key] for key in ("verdict", "exit_status", "end")}
        return {"run": self.name, "file": self.verdict.name} | ending


def as_file(content: dict[str, Any]) -> bytes:
    """Return what stands in a file of JSON that people read too."""
    return json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"


def state_url(settings: BaseSettings) -> tuple[str, bool]:
    """Return where the state is, and whether it is one blog's alone.

    It is where the setting ``ENGCRAWL_STATE`` says, else ``archive.db`` in the output folder, which is one blog's.
    """
    named = settings["ENGCRAWL_STATE"]
    return (named, False) if named else (f"sqlite:///{Output(settings['ENGCRAWL_OUTPUT']).state}", True)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of *path* in one step, when all of it is on disk; not at all after an error."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            yield file
            finish(file, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def withhold_writing() -> None:
    """Let nobody but owner and group write the files of this process, whatever its umask allows."""
    os.umask(os.umask(0o077) | 0o002)


def finish(file: IO[bytes], path: Path) -> None:
    """Flush what was written to *file* to the disk, close it, and name it *path*."""
    with file:
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Bring to the disk which names a folder has."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
