"""Hold the README to what the code does, and to saying it once."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields

from engcrawl import settings
from engcrawl.arguments import ArchiveArguments
from engcrawl.items import Post
from engcrawl.report.verdict import Outcome
from tests.support.folders import ROOT

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


def test_no_heading_stands_twice_in_the_readme() -> None:
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ .+$", prose, re.MULTILINE)
    assert headings
    assert [heading for heading, times in Counter(headings).items() if times > 1] == []
