"""Run ``scrapy blogs`` and its like as processes, over a list of blogs of one's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from engcrawl.text.urls import blog_key
from tests.blog import Server
from tests.support.crawls import IN_A_HURRY, Crawl
from tests.support.folders import ROOT


class Fleet:
    """A list of blogs, and the folder of their archives."""

    def __init__(self, folder: Path) -> None:
        self.list = folder / "blogs.yaml"
        self.output = folder / "output"

    def line(self, *words: str, **settings: str) -> list[str]:
        """Make a command line, for sites of one's own: no pauses."""
        options = [word for name, value in (IN_A_HURRY | settings).items() for word in ("-s", f"{name}={value}")]
        return [sys.executable, "-m", "scrapy", *words, *options]

    @property
    def environment(self) -> dict[str, str]:
        """Make the environment of a command."""
        return os.environ | {"ENGCRAWL_OUTPUT": str(self.output), "ENGCRAWL_BLOGS": str(self.list)}

    def run(self, *words: str, status: int = 0, settings: dict[str, str] | None = None, **variables: str) -> str:
        """Run a command to its end: what it prints, and then what it says on standard error."""
        done = subprocess.run(
            self.line(*words, **(settings or {})),
            cwd=ROOT,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            self.line(*words, **settings),
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def of(self, site: str | Server) -> Crawl:
        """Take what the runs of a blog have left."""
        return Crawl(0, "", self.output / key(site))

    def verdicts(self, site: str | Server) -> list[dict[str, Any]]:
        """Read the verdicts that the runs of a blog have left, oldest first."""
        files = sorted((self.of(site).output / "runs").glob("archive-*.json"))
        return [json.loads(file.read_text("utf-8")) for file in files]


def key(site: str | Server) -> str:
    """Tell a blog's key."""
    return blog_key(site if isinstance(site, str) else site.url)
