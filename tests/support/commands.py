"""Run the project's commands beside ``scrapy crawl`` as processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.crawls import environment
from tests.support.folders import ROOT


def run(output: Path, *line: str, status: int = 0) -> str:
    """Run ``scrapy LINE``: what it prints; what it says on standard error, where *status* isn't 0."""
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *line],
        cwd=ROOT,
        env=environment(output),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    silent, said = (done.stderr, done.stdout) if status == 0 else (done.stdout, done.stderr)
    assert silent == ""
    return said
