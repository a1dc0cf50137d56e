"""The README says what the code does."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from engcrawl import settings
from engcrawl.arguments import ArchiveArguments
from engcrawl.items import Post
from engcrawl.ledger import Outcome
from tests.conftest import ROOT

TEXT = (ROOT / "README.md").read_text("utf-8")


def test_every_argument_is_in_the_readme() -> None:
    section = TEXT.partition("## Arguments")[2].partition("## ")[0]
    named = re.findall(
        r"`(\w+)`", "".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    )
    assert named == list(ArchiveArguments.model_fields)


def test_every_key_of_the_record_is_in_the_readme_in_its_order() -> None:
    names = [field.name for field in fields(Post)]
    assert re.findall(r'^.?"(\w+)":', TEXT.partition("```json\n{")[2].partition("```")[0], re.MULTILINE) == names
    section = TEXT.partition("| key | meaning |")[2].partition("## ")[0]
    named = re.findall(
        r"`(\w+)`", "".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    )
    assert sorted(named) == sorted(names)


def test_every_verdict_is_in_the_readme() -> None:
    section = TEXT.partition("## Verdicts")[2].partition("## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\d) \|", section, re.MULTILINE)
    assert {name: int(status) for name, status in rows} == {str(outcome): int(outcome) for outcome in Outcome}


def test_every_setting_of_the_projects_own_is_in_the_readme() -> None:
    section = TEXT.partition("## Settings that matter")[2].partition("## ")[0]
    named = set(re.findall(r"^\| `(ENGCRAWL_\w+)`", section, re.MULTILINE))
    assert named == {name for name in vars(settings) if name.startswith("ENGCRAWL_")} | {"ENGCRAWL_CONTACT"}


@pytest.mark.parametrize("status", [0, 3])
def test_the_crontabs_line_prints_something_only_where_the_run_is_not_complete(tmp_path: Path, status: int) -> None:
    *environment, line = TEXT.partition("```crontab\n")[2].partition("\n```")[0].splitlines()
    assert "%" not in line  # cron makes a new line of it
    assert all(re.fullmatch(r"[A-Z_]+=\S+", each) for each in environment)
    scrapy = tmp_path / ".venv/bin/scrapy"
    scrapy.parent.mkdir(parents=True)
    scrapy.write_text(f'#!/bin/sh\necho "$PWD $*"\nexit {status}\n')
    scrapy.chmod(0o755)
    job = line.split(None, 5)[5].replace("/opt/engcrawl", str(tmp_path)).replace("/var/log", str(tmp_path))
    printed = subprocess.run(["/bin/sh", "-c", job], capture_output=True, text=True, env={}, check=False)
    log = f"{tmp_path} crawl archive\n"
    assert (tmp_path / "engcrawl.log").read_text() == log
    assert (printed.stdout, printed.stderr) == ("" if status == 0 else f"engcrawl: exit status {status}\n{log}", "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_the_systemd_units_are_right(tmp_path: Path) -> None:
    units = re.findall(r"```ini\n# /etc/systemd/system/(\S+)\n(.*?)```", TEXT, re.DOTALL)
    assert [name for name, _ in units] == ["engcrawl.service", "engcrawl.timer", "engcrawl-mail.service"]
    for name, text in units:
        (tmp_path / name).write_text(text.replace("/opt/engcrawl/.venv/bin/scrapy", "/bin/true"))
    line = ["systemd-analyze", "verify", *(str(tmp_path / name) for name, _ in units)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    said = [text for text in done.stderr.splitlines() if str(tmp_path) in text or text.startswith("engcrawl")]
    assert (done.returncode, said) == (0, [])
