"""Files that replace older ones only when all of them are written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from engcrawl.report.output import settle

UNFINISHED = ".new"
"""The end of the name of an unfinished file."""


class Beside:
    """New files of a folder. They are written beside the older files, and `publish` puts all of them in place.

    Raises OSError if they can't be written; the older files are then unchanged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._to_publish: dict[Path, Path] = {}
        self._replaced: list[str] = []
        for left in folder.rglob(f"*{UNFINISHED}") if folder.is_dir() else ():  # left by an export that was killed
            if not _at_work(left):
                left.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Return the path to which to write the new file *name*, which may be in a subfolder; make that folder."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return self._to_publish.setdefault(place, place.with_name(f"{place.name}.{os.getpid()}{UNFINISHED}"))

    def replaces(self, *globs: str) -> None:
        """Let `publish` remove older files that match these *globs* and have no new version."""
        self._replaced += globs

    def publish(self) -> None:
        """Sync the new files to disk, put each in its place, and remove the older files that they replace."""
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
    """Return whether the other process that writes this file is still running."""
    try:
        pid = int(file.name.split(".")[-2])
        os.kill(pid, 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return pid != os.getpid()
