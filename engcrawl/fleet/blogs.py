"""``blogs.yaml``: the list of blogs, which people write and ``scrapy blogs add`` extends."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from engcrawl.arguments import ArchiveArguments, Given, Site
from engcrawl.errors import OutputError, UsageError
from engcrawl.fleet.schedule import NIGHTLY, checked
from engcrawl.report.output import replacing
from engcrawl.text.urls import blog_key, host_key

_LONGEST_KEY = 200
"""The greatest length of a key in bytes, because the key names a folder."""


def _text(value: Any) -> str:
    """Return an argument's value in the form of the command line; YAML gives numbers, booleans and lists too."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(_text, value)) if isinstance(value, list) else "" if value is None else str(value)


def _arguments(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _text(one) for name, one in value.items()}
    raise ValueError("must be arguments of `scrapy crawl archive`, like {types: all}")


def _tags(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not all(isinstance(tag, str) and tag.strip() for tag in value):
        raise ValueError("must be a list of words, like [research, daily]")
    return tuple(dict.fromkeys(tag.strip() for tag in value))


class Blog(Given):
    """A blog of the list."""

    model_config = ConfigDict(extra="forbid")
    kind: ClassVar[str] = "key "

    site: Site = Field(description="the blog's address")
    schedule: Annotated[str, BeforeValidator(lambda value: checked(str(value)))] = Field(
        default=NIGHTLY, description="when it runs: nightly, or a cron expression (UTC)"
    )
    tags: Annotated[tuple[str, ...], BeforeValidator(_tags)] = Field(default=(), description="words to choose blogs by")
    arguments: Annotated[dict[str, str], BeforeValidator(_arguments)] = Field(
        default={}, description="further arguments of `scrapy crawl archive`"
    )

    @property
    def key(self) -> str:
        """Return the blog's key, which names its folder too."""
        return blog_key(self.site)

    @property
    def host(self) -> str:
        """Return the blog's host, with the port if it isn't the scheme's. Only one run at a time may use a host."""
        return host_key(self.site)


class Blogs:
    """The blogs of ``blogs.yaml``, in its order. Raises UsageError, which names each line with a mistake."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._text = text
        self._list = _parsed(path, text)
        self._blogs: dict[str, Blog] = {}
        wrong: list[tuple[int, str]] = []
        for at, entry in enumerate(self._list):
            line = self._list.lc.item(at)[0] + 1
            blog = _checked(entry, line, wrong)
            if blog is None:
                continue
            if blog.key in self._blogs:
                wrong.append((line, f"{blog.site}: the blog {blog.key} is already in the list"))
            self._blogs.setdefault(blog.key, blog)
        if wrong:
            raise UsageError(f"{path}: " + "; ".join(f"line {line}: {why}" for line, why in wrong))

    @classmethod
    def read(cls, path: Path) -> Blogs:
        """Read the list at *path*. Raise UsageError, also if the file doesn't exist."""
        try:
            return cls(path, path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise UsageError(f"{path}: doesn't exist: `scrapy blogs add URL` makes it") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{path}: must be text in UTF-8 ({error})") from error
        except OSError as error:
            raise UsageError(f"{path}: can't be read: {error.strerror}") from error

    def __iter__(self) -> Iterator[Blog]:
        return iter(self._blogs.values())

    def __len__(self) -> int:
        return len(self._blogs)

    def get(self, name: str) -> Blog | None:
        """Return the blog with a key or an address; None if it isn't in the list."""
        return self._blogs.get(blog_key(name) if "://" in name else name)

    def with_sites(self, sites: Iterable[str]) -> Blogs:
        """Return a list with one more line at its end for each address. Raise UsageError."""
        if self._list and self._list.fa.flow_style():
            raise UsageError(f"{self.path}: must have a line `- site: URL` for each blog, not brackets")
        margin = " " * (self._list.lc.item(0)[1] - 2 if self._list else 0)
        text = self._text + ("\n" if self._text and not self._text.endswith("\n") else "")
        return Blogs(self.path, text + "".join(f"{margin}- site: {site}\n" for site in sites))

    def write(self) -> None:
        """Write the list in one step. Raise OutputError if that fails; the file is then unchanged."""
        path = self.path.resolve()
        try:
            with replacing(path) as file:
                file.write(self._text.encode())
                if path.exists():
                    shutil.copymode(path, file.name)
        except OSError as error:
            raise OutputError(f"{self.path}: can't be written: {error.strerror}") from error


@contextmanager
def changing(path: Path) -> Iterator[Blogs]:
    """Open and lock the list to change it; other processes wait. If there is no file, the list is empty."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield Blogs.read(path) if path.exists() else Blogs(path, "")
    finally:
        os.close(folder)


def _parsed(path: Path, text: str) -> Any:
    """Return the YAML list in *text* (a CommentedSeq, or [] if *text* is empty). Raise UsageError for anything else."""
    from ruamel.yaml import YAML  # slow to import, and few commands need it
    from ruamel.yaml.constructor import RoundTripConstructor
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    class Constructor(RoundTripConstructor):
        """Reads dates as text, so that an impossible date gets the same error message as any wrong argument."""

    Constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
    yaml = YAML()
    yaml.Constructor = Constructor
    try:
        found = yaml.load(text)
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UsageError(f"{path}: {line}is no YAML: {error.problem}") from error
    except YAMLError as error:
        raise UsageError(f"{path}: is no YAML: {error}") from error
    if found is None:
        return []
    if not isinstance(found, list):
        raise UsageError(f"{path}: line 1: must be a list of blogs, each `- site: URL`")
    return found


def _checked(entry: Any, line: int, wrong: list[tuple[int, str]]) -> Blog | None:
    """Return the blog of an entry that begins in *line*, or None; add each mistake to *wrong*, with its line."""
    if not isinstance(entry, dict):
        wrong.append((line, "must be a blog, `site: URL`"))
        return None
    try:
        blog = Blog.model_validate(dict(entry))
    except ValidationError as error:
        wrong += [(_line(entry, one["loc"], line), Blog.told(one)) for one in error.errors()]
        return None
    if blog.key.startswith(".") or not blog.key.isprintable() or len(blog.key.encode()) > _LONGEST_KEY:
        wrong.append((_line(entry, ("site",), line), f"site={blog.site!r}: its key can't name a folder"))
    if "max_pages" in blog.arguments:  # a run with max_pages always ends stopped, so the blog would always be due
        wrong.append(
            (_line(entry, ("arguments", "max_pages"), line), "argument max_pages: isn't allowed in blogs.yaml")
        )
    try:
        ArchiveArguments.model_validate({"site": blog.site} | blog.arguments)
    except ValidationError as error:
        wrong += [
            (_line(entry, ("arguments", *one["loc"]), line), ArchiveArguments.told(one)) for one in error.errors()
        ]
    return blog


def _line(entry: Any, names: tuple[int | str, ...], line: int) -> int:
    """Return the line of the innermost of these keys in an entry that has a line of its own; otherwise *line*."""
    for name in names:
        if not hasattr(entry, "lc") or name not in (entry.lc.data or {}):
            break
        line, entry = entry.lc.key(name)[0] + 1, entry[name]
    return line
