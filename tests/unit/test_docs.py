"""Hold the README and the docs to what the code does, and to saying it once."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections import Counter
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest
from scrapy.commands import ScrapyCommand
from scrapy.commands import list as scrapy_list
from scrapy.settings import Settings

from engcrawl import settings
from engcrawl.arguments import ArchiveArguments
from engcrawl.items import Post
from engcrawl.report.verdict import Outcome
from tests.support.folders import ROOT
from tests.support.reference import made

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}
README = TEXTS["README.md"]
REFERENCE = {name: text for name, text in TEXTS.items() if name.startswith("docs/reference/")}
MADE = made()
COMMANDS = sorted(path.stem for path in (ROOT / "engcrawl/commands").glob("[a-z]*.py"))

page = pytest.mark.parametrize("name", TEXTS)


def _prose(text: str) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", _prose(text), re.MULTILINE)


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", MADE)
def test_what_the_code_says_is_in_the_docs(name: str) -> None:
    found = (ROOT / name).read_text("utf-8")
    assert found == MADE[name], f"{name} is stale: run `make docs`"


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 180


def test_every_argument_is_in_the_readme_and_in_the_reference() -> None:
    for text in (README, REFERENCE["docs/reference/arguments.md"]):
        rows = re.findall(r"^\| `(\w+)` \|", text.partition("| argument |")[2].partition("\n\n")[0], re.MULTILINE)
        assert rows == list(ArchiveArguments.model_fields)


def _options(command: ScrapyCommand) -> set[str]:
    command.settings = Settings()
    parser = ArgumentParser(add_help=False)
    command.add_options(parser)
    return set(re.findall(r"(?<!\w)--?[a-zA-Z][a-z-]*", parser.format_usage()))


def test_every_command_and_option_is_in_the_reference() -> None:
    text = REFERENCE["docs/reference/commands.md"]
    commands = [heading.removeprefix("scrapy ") for heading in _headings(text)[1:]]
    assert sorted(commands) == COMMANDS
    of_every_command = _options(scrapy_list.Command())
    for name in commands:
        section = text.partition(f"## scrapy {name}\n")[2].partition("\n## ")[0]
        own = _options(import_module(f"engcrawl.commands.{name}").Command()) - of_every_command
        assert own
        assert {option for option in own if f"`{option} " not in section and f"`{option}`" not in section} == set()


def test_every_setting_and_variable_is_in_the_reference() -> None:
    text = REFERENCE["docs/reference/settings.md"]
    assert [name for name in vars(settings) if name.isupper() and f"`{name}" not in text] == []
    code = "".join(path.read_text("utf-8") for path in (ROOT / "engcrawl").rglob("*.py"))
    variables = set(re.findall(r"environ\.get\(['\"](\w+)", code))
    assert variables
    assert {one for one in variables if f"`{one}`" not in REFERENCE["docs/reference/environment.md"]} == set()


def test_every_key_of_the_record_is_in_the_readme_in_its_order() -> None:
    names = [field.name for field in fields(Post)]
    assert re.findall(r'^.?"(\w+)":', README.partition("```json\n{")[2].partition("```")[0], re.MULTILINE) == names


def test_every_verdict_is_in_the_readme() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d) \|", README, re.MULTILINE)
    assert {name: int(status) for name, status in rows} == {str(outcome): int(outcome) for outcome in Outcome}


@page
def test_no_heading_stands_twice_on_a_page(name: str) -> None:
    headings = _headings(TEXTS[name])
    assert headings
    # A changelog has the same kinds of change in each release.
    assert name == "CHANGELOG.md" or [heading for heading, times in Counter(headings).items() if times > 1] == []


@page
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    for link, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", _prose(TEXTS[name])):
        target = (ROOT / name).parent / link if link else ROOT / name
        assert target.exists(), link
        assert not anchor or anchor in map(_anchor, _headings(target.read_text("utf-8"))), f"{link}#{anchor}"


@page
def test_every_path_target_and_command_that_a_page_names_is_there(name: str) -> None:
    text = TEXTS[name]
    for path in re.findall(r"`((?:engcrawl|tests|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
    targets = re.findall(r"^([\w-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for line in re.findall(r"(?:^    |`)make ([a-z][\w -]*)", text, re.MULTILINE):
        assert {word for word in line.split("  ")[0].split() if word.islower()} <= set(targets), line
    for command in re.findall(r"scrapy ([a-z]+)(?= -|`|$)", text, re.MULTILINE):
        assert command in COMMANDS, command


def test_every_page_is_named_in_the_readme() -> None:
    pages = {name for name in TEXTS if name.startswith("docs/")} | {
        Path(name).name for name in TEXTS if "/" not in name
    }
    assert {name for name in pages - {"README.md"} if f"({name})" not in README} == set()
