"""The files that a run leaves in ``ENGCRAWL_OUTPUT``, and the rules by which they replace older ones."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any


class UnreadableError(OSError):
    """A file that should hold records holds something else."""


class UnwritableOutputError(OSError):
    """The output folder can't be written."""


class Output:
    """The folder of the archive: ``posts.jsonl``, and ``runs/`` with what each run found and how it ended."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).absolute()
        self.runs = self.folder / "runs"
        self.archive = self.folder / "posts.jsonl"
        self.latest = self.runs / "latest.json"

    def reserve(self, spider: str, now: datetime) -> Run:
        """A new run's names, ``SPIDER-YYYYMMDDTHHMMSSZ``; a suffix where another run has that one.

        Raises UnwritableOutputError.
        """
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            return self._reserve(spider, now)
        except OSError as error:
            raise UnwritableOutputError(f"{self.folder}: {error}") from error

    def _reserve(self, spider: str, now: datetime) -> Run:
        name = f"{spider}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        number = 1
        while True:
            run = Run(self, name if number == 1 else f"{name}-{number}")
            with contextlib.suppress(FileExistsError):
                os.close(os.open(run.part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                if not run.feed.exists() and not run.verdict.exists():
                    return run
                run.part.unlink()
            number += 1

    def count(self) -> int:
        """How many posts the archive has."""
        if not self.archive.exists():
            return 0
        with self.archive.open("rb") as file:
            return sum(1 for _ in file)

    def site(self) -> str | None:
        """The address of a post on the archive's own site; None where it has none."""
        if not self.archive.exists():
            return None
        with self.archive.open("rb") as file:
            posts = (_post(file, number, line) for number, line in enumerate(file, 1))
            return next((str(post["url"]) for post in posts if not post["external"]), None)

    def publish(self, feed: Path, posts: int, keep: Collection[int] | None) -> int:
        """Replace the archive by *feed*'s *posts* posts, newest first, in one step; the number of posts then in it.

        With *keep* (a run that isn't complete) the posts that the feed lacks stay, and those whose IDs are in
        *keep* (their page could not be had this time) stay as they were.

        Raises OSError, UnreadableError among them where the feed or the archive isn't what it should be.
        """
        with contextlib.ExitStack() as stack:
            new = stack.enter_context(feed.open("rb"))
            lines = list(_index(new))
            if len(lines) != posts:
                raise UnreadableError(f"{feed}: {len(lines)} posts, where the run wrote {posts}")
            if keep is not None and self.archive.exists():
                old = stack.enter_context(self.archive.open("rb"))
                found = {line.id for line in lines}
                kept = [line for line in _index(old) if line.id in keep or line.id not in found]
                stale = {line.id for line in kept}
                lines = [line for line in lines if line.id not in stale] + kept
            lines.sort(key=lambda line: line.age, reverse=True)
            with replacing(self.archive) as file:
                for line in lines:
                    line.file.seek(line.offset)
                    file.write(line.file.readline())
        return len(lines)


class Run:
    """The names of one run's files."""

    def __init__(self, output: Output, name: str) -> None:
        self.output = output
        self.name = name
        self.feed = output.runs / f"{name}.jsonl"
        self.part = output.runs / f"{name}.jsonl.part"
        self.verdict = output.runs / f"{name}.json"

    def write_verdict(self, verdict: dict[str, Any]) -> None:
        """Write the verdict, and point ``latest.json`` at it. Raises OSError."""
        with replacing(self.verdict) as file:
            file.write(json.dumps(verdict, ensure_ascii=False, indent=2).encode() + b"\n")
        pointer = {"run": self.name, "file": self.verdict.name} | {
            key: verdict[key] for key in ("verdict", "exit_status", "end")
        }
        with replacing(self.output.latest) as file:
            file.write(json.dumps(pointer, indent=2).encode() + b"\n")


class _Line:
    """Where a post's line is, and its age: what sorting needs, a few bytes a post."""

    __slots__ = ("age", "file", "id", "offset")

    def __init__(self, file: IO[bytes], offset: int, post: dict[str, Any]) -> None:
        self.file = file
        self.offset = offset
        self.id: int = post["id"]
        self.age: tuple[str, str, int] = (post["published_date"] or "", post["published_at"] or "", self.id)


def _index(file: IO[bytes]) -> Iterator[_Line]:
    offset = 0
    for number, line in enumerate(file, 1):
        yield _Line(file, offset, _post(file, number, line))
        offset += len(line)


def _post(file: IO[bytes], number: int, line: bytes) -> dict[str, Any]:
    try:
        post: dict[str, Any] = json.loads(line)
        if {"id", "url", "external", "published_date", "published_at"} <= post.keys():
            return post
    except (ValueError, AttributeError):
        pass  # said below
    raise UnreadableError(f"{file.name}: line {number} is no record of the archive")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of *path* in one step, when all of it is on disk; not at all after an error."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            yield file
            durable(file)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def durable(file: IO[bytes]) -> None:
    """Bring what was written to *file* to the disk."""
    file.flush()
    os.fsync(file.fileno())


def finish(part: Path, path: Path) -> None:
    """Give a finished file its finished name."""
    part.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
