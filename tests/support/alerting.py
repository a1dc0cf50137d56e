"""Crawls with alerts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.crawls import Crawl, crawl
from tests.support.receivers import Receivers

SECRET = "s3cr3t-8Kq"


def webhook(receivers: Receivers) -> dict[str, str]:
    return {"WEBHOOK": f"{receivers.url}/hook/{SECRET}"}


def alerting(output: Path, variables: dict[str, str], *arguments: str, **options: Any) -> Crawl:
    """A crawl with the alerts' *variables*, each without its prefix."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name if name.startswith(("ENGCRAWL", "SSL")) else f"ENGCRAWL_ALERT_{name}", value)
        done = crawl(output, *arguments, **options)
    assert SECRET not in done.log
    assert "Traceback" not in done.log.rpartition("Spider closed")[2]
    return done


def query(output: Path, *lines: str) -> None:
    with closing(sqlite3.connect(output / "archive.db")) as db, db:
        for line in lines:
            db.execute(line)
