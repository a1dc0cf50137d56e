"""Publishing: each run copies the blog's files to a bucket or a shared folder (``ENGCRAWL_PUBLISH``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from engcrawl.errors import EngcrawlError, UsageError
from engcrawl.report.output import Run, as_file
from engcrawl.text.visible import masked

if TYPE_CHECKING:
    from obstore.store import ObjectStore, RetryConfig
    from scrapy.settings import BaseSettings

_SCHEMES = ("s3", "gs", "az", "file")
_RETRIES: RetryConfig = {"max_retries": 10, "backoff": {"init_backoff": timedelta(seconds=0.5)}}
"""Retries for about half a minute. After that, the next run publishes the file."""
_PARTS_AT_ONCE = 2
"""The number of parts of a big file that are in memory. The default, 12, would take 60 MB."""


class PublishError(EngcrawlError):
    """A file can't be published."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason


class Publisher:
    """Copies the files of a blog's runs to ``ENGCRAWL_PUBLISH/KEY/``, each in one step, the verdict last.

    The published ``runs/latest.json`` names the last run whose files are all there, and the checksum of
    ``posts.jsonl``. From it the next run, on any machine, knows which files are missing.
    """

    def __init__(self, target: str, blog: str) -> None:
        self.address = f"{target.rstrip('/')}/{blog}"
        self._target = target
        self._blog = blog
        self._opened: ObjectStore | None = None
        self._latest: dict[str, Any] = {}
        self._posts: dict[str, Any] | None = None

    @classmethod
    def of(cls, settings: BaseSettings, blog: str) -> Self | None:
        """Return the publisher for ``ENGCRAWL_PUBLISH``; None if that isn't set. Raises UsageError."""
        target = publish_target(settings)
        return cls(target, blog) if target else None

    async def put_files(self, files: Run, *, archive: bool, feed: bool) -> None:
        """Publish the archive, if it differs from the published one, and the run's feed. Raises PublishError."""
        self._latest = await self._read_latest()
        self._posts = self._latest.get("posts")
        if archive:
            await self._put_archive(files.output.archive)
        if feed and files.feed.exists():
            await self._put(f"runs/{files.feed.name}", files.feed)

    async def put_verdict(self, files: Run, verdict: dict[str, Any], earlier: Iterable[dict[str, Any]]) -> None:
        """Publish the run's verdict, and those of earlier runs that aren't published. Raises PublishError.

        *earlier* are the verdicts of earlier runs, newest first.
        """
        missing = []
        for report in earlier:
            if report["run"] == self._latest.get("run"):
                break
            missing.append(report)
        for report in (*reversed(missing), verdict):
            await self._put(f"runs/{report['run']}.json", as_file(report))
        await self._put("runs/latest.json", as_file(files.pointer(verdict) | {"posts": self._posts}))

    async def _read_latest(self) -> dict[str, Any]:
        import obstore

        name = "runs/latest.json"
        with self._errors(name):
            try:
                found = await obstore.get_async(self._store(), f"{self._blog}/{name}")
                latest = json.loads(bytes(await found.bytes_async()))
            except (FileNotFoundError, json.JSONDecodeError):
                return {}
        return latest if isinstance(latest, dict) else {}

    async def _put_archive(self, path: Path) -> None:
        with self._errors(path.name), path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        known = self._posts or {}
        if known.get("sha256") == checksum and known.get("etag") == await self._etag(path.name):
            return
        etag = await self._put(path.name, path)
        self._posts = {"sha256": checksum, "size": path.stat().st_size, "etag": etag}

    async def _etag(self, name: str) -> str | None:
        import obstore

        with self._errors(name):
            try:
                return (await obstore.head_async(self._store(), f"{self._blog}/{name}"))["e_tag"]
            except FileNotFoundError:
                return None

    async def _put(self, name: str, content: Path | bytes) -> str | None:
        import obstore

        with self._errors(name):
            put = await obstore.put_async(
                self._store(), f"{self._blog}/{name}", content, max_concurrency=_PARTS_AT_ONCE
            )
        return put["e_tag"]

    def _store(self) -> ObjectStore:
        if self._opened is None:
            self._opened = _open(self._target)
        return self._opened

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise PublishError(f"{self.address}/{name}", _reason(error)) from error


def publish_target(settings: BaseSettings) -> str | None:
    """Return the address that ``ENGCRAWL_PUBLISH`` names; None if there is none. Raises UsageError for a wrong one."""
    target: str | None = settings["ENGCRAWL_PUBLISH"] or None
    if target is None:
        return None
    what = f"setting ENGCRAWL_PUBLISH={masked(target)}"
    parts = urlsplit(target)
    if parts.scheme not in _SCHEMES or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            f"{what}: must be like s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder, and"
            " must not have a password (put it into the environment)"
        )
    if parts.scheme == "file" and (parts.netloc or not Path(unquote(parts.path)).is_dir()):
        raise UsageError(f"{what}: must name an existing folder, like file:///shared/blogs")
    try:
        from obstore.exceptions import BaseError
    except ModuleNotFoundError as error:
        raise UsageError(f"{what}: needs the package obstore: pip install obstore") from error
    try:
        _open(target)
    except (BaseError, ValueError) as error:
        raise UsageError(f"{what}: {_reason(error)}") from error
    return target


def _open(target: str) -> ObjectStore:
    """Return the bucket or folder, without a request to it. Credentials and endpoints come from the environment."""
    from obstore.store import from_url

    if urlsplit(target).scheme == "file":
        return from_url(target)
    return from_url(target, retry_config=_RETRIES)


def _reason(error: Exception) -> str:
    """Return the message of an obstore error on one line, without its debug part."""
    return masked(" ".join(str(error).partition("\n\nDebug source")[0].split()))
