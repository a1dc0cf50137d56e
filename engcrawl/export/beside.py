"""Files that take the places of older ones when all of them are whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from engcrawl.report.output import settle

UNFINISHED = ".new"
"""How the name of a file ends that isn't whole yet."""


class Beside:
    """Files of a folder, written beside those whose places they take, all when `publish` is called, else none.

    Raises OSError where they can't be written; the older ones are then as they were.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._to_publish: dict[Path, Path] = {}
        self._replaced: list[str] = []
        for left in folder.rglob(f"*{UNFINISHED}") if folder.is_dir() else ():  # of an export that was killed
            if not _at_work(left):
                left.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Return where to write the new file *name* (with folders, if it lies in any)."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return self._to_publish.setdefault(place, place.with_name(f"{place.name}.{os.getpid()}{UNFINISHED}"))

    def replaces(self, *globs: str) -> None:
        """Have older files of some *globs* removed when the new ones take their places."""
        self._replaced += globs

    def publish(self) -> None:
        """Bring the files to the disk, and each to its place; remove those that they replace."""
        for file in self._to_publish.values():
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        for place, file in self._to_publish.items():
            file.replace(place)
        for old in {old for glob in self._replaced for old in self.folder.glob(glob)} - self._to_publish.keys():
            old.unlink()
            if old.parent != self.folder and not any(old.parent.iterdir()):
                old.parent.rmdir()
        for folder in {place.parent for place in self._to_publish}:
            settle(folder)
        self._to_publish.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for file in self.folder.rglob(f"*.{os.getpid()}{UNFINISHED}"):
                file.unlink()


def _at_work(file: Path) -> bool:
    """Return whether another process that writes a file is there still."""
    try:
        pid = int(file.name.split(".")[-2])
        os.kill(pid, 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return pid != os.getpid()
