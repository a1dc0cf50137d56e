"""Run ``scrapy crawl`` as a process, and read what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.blog import Server
from tests.support.folders import ROOT

IN_A_HURRY = {
    "AUTOTHROTTLE_ENABLED": "False",
    "DOWNLOAD_DELAY": "0",
    "CONCURRENT_REQUESTS": "16",
    "CONCURRENT_REQUESTS_PER_DOMAIN": "16",
    "ENGCRAWL_REPORT": "no",
}
"""Settings for a site of one's own: no pauses, and no report of each run."""

CHANGES = {"new", "updated", "gone"}
"""What a feed's line says of its post."""

Serve = Callable[..., Server]
"""The fixture that serves blogs."""


@dataclass
class Crawl:
    """Hold a finished ``scrapy crawl``."""

    status: int
    log: str
    output: Path

    @property
    def verdict(self) -> dict[str, Any]:
        """Read the verdict that ``latest.json`` points at."""
        latest = json.loads((self.output / "runs" / "latest.json").read_text())
        verdict: dict[str, Any] = json.loads((self.output / "runs" / latest["file"]).read_text())
        return verdict

    @property
    def feed(self) -> list[dict[str, Any]]:
        """Read the run's own feed, without the moments at which its records were read."""
        return records(self.output / "runs" / self.verdict["feed"], feed=True)

    @property
    def changes(self) -> dict[int, str]:
        """Tell what the run's feed says of each post: new, updated or gone."""
        assert self.feed is not None  # each line is checked there
        lines = (self.output / "runs" / self.verdict["feed"]).read_text("utf-8").splitlines()
        return {line["id"]: line["change"] for line in map(json.loads, lines)}

    @property
    def posts(self) -> list[dict[str, Any]]:
        """Read the archive, likewise."""
        return records(self.output / "posts.jsonl", feed=False)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """List what could not be had: address and reason."""
        return [(p["url"], p["reason"]) for p in self.verdict["problems"]]


def records(path: Path, *, feed: bool) -> list[dict[str, Any]]:
    """Read the records of a JSON Lines file, each post once, without what is checked here alone.

    That is ``crawled_at``, the last key, and behind it, in a *feed*, ``change``.
    """
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for record in found:
        assert list(record)[-2:] == (["crawled_at", "change"] if feed else ["content_source", "crawled_at"])
        assert not feed or record.pop("change") in CHANGES
        moment = record.pop("crawled_at")
        assert moment.endswith("Z")
        assert len(moment) == 20
    assert len({record["id"] for record in found}) == len(found)
    return found


def command(
    *arguments: str, site: str | None = None, settings: dict[str, str] | None = None, spider: str = "archive"
) -> list[str]:
    """Make the command line of a crawl: of the pages alone, if the arguments don't ask for more (``inventory=yes``)."""
    line = [sys.executable, "-m", "scrapy", "crawl", spider, *([] if site is None else ["-a", f"site={site}"])]
    if spider == "archive" and not any(argument.startswith(("inventory=", "source=")) for argument in arguments):
        line += ["-a", "inventory=no"]
    for name, value in (IN_A_HURRY | (settings or {})).items():
        line += ["-s", f"{name}={value}"]
    return [*line, *arguments]


def environment(output: Path) -> dict[str, str]:
    """Make the environment of a crawl: *output* is its folder. Its modules are compiled once, whatever ours says."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return ours | {"ENGCRAWL_OUTPUT": str(output)}


def crawl(
    output: Path,
    *arguments: str,
    site: str | None = None,
    settings: dict[str, str] | None = None,
    spider: str = "archive",
) -> Crawl:
    """Run ``scrapy crawl`` to its end."""
    done = run(command(*arguments, site=site, settings=settings, spider=spider), output)
    assert "Deprecat" not in done.log
    return done


def run(line: list[str], output: Path, **variables: str) -> Crawl:
    """Run a command line to its end, with *output* for its folder and these variables in its environment."""
    done = subprocess.run(
        line,
        cwd=ROOT,
        env=environment(output) | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return Crawl(done.returncode, done.stdout, output)


def newest_first(truth: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort records in the order of the archive."""
    return sorted(truth, key=lambda r: (r["published_date"] or "", r["published_at"] or "", r["id"]), reverse=True)


def by_id(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort records in the order of their IDs."""
    return sorted(found, key=lambda r: int(r["id"]))
