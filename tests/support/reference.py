"""``make docs``: write docs/reference/, the record's JSON Schema and the README's arguments from the code."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, get_args

from pydantic import SecretStr, TypeAdapter

from engcrawl import settings
from engcrawl.alerts import PREFIX
from engcrawl.alerts.config import AlertSettings
from engcrawl.arguments import ArchiveArguments, Arguments
from engcrawl.items import Change, Post
from engcrawl.spiders.archive import ArchiveSpider
from engcrawl.spiders.inventory import InventorySpider
from engcrawl.state.lock import HOST
from engcrawl.text.durations import readable
from tests.support.folders import ROOT
from tests.support.reference_commands import MADE, commands, table

README_PART = re.compile(r"(?<=<!-- arguments, by `make docs` -->\n).*?(?=<!-- end -->)", re.DOTALL)


@dataclass
class _Settings:
    """Settings that stand together in settings.py."""

    source: str
    reason: str
    """The comments, as one paragraph."""
    values: dict[str, str]
    """What is shown of each one's value, by its name."""


def made() -> dict[str, str]:
    """Return what the code says each file must have, by the file's name in the project."""
    readme = (ROOT / "README.md").read_text("utf-8")
    return {
        "README.md": README_PART.sub(lambda _: f"\n{_arguments(ArchiveArguments)}\n", readme),
        "docs/reference/arguments.md": arguments(),
        "docs/reference/commands.md": commands(),
        "docs/reference/environment.md": environment(),
        "docs/reference/record.md": record(),
        "docs/reference/settings.md": of_settings(),
        "docs/record.schema.json": json.dumps(schema(), indent=2) + "\n",
    }


def arguments() -> str:
    """Return the page of the spiders' arguments."""
    return (
        "# Arguments\n\n"
        + MADE
        + "An argument is given as `scrapy crawl SPIDER -a NAME=VALUE`. Arguments are checked before the first"
        " request: an unknown or wrong one\nends the run with one line and exit status 2.\n\n"
        f"## scrapy crawl {ArchiveSpider.name}\n\n{_arguments(ArchiveArguments)}\n"
        "With `categories`, `since`, `until`, `max_pages` or `articles=no` a run takes only *a part of the archive*."
        " With\n`source=rest` only `site`, `types`, `since`, `until` and `full` can be given.\n\n"
        f"## scrapy crawl {InventorySpider.name}\n\n{_arguments(InventorySpider.arguments_class)}"
    )


def environment() -> str:
    """Return the page of the environment's variables."""
    read = re.compile(r"environ\.get\(['\"](ENGCRAWL_\w+)['\"]\)")
    own = [
        (f"`{variable}`", f"the setting [`{variable}`](settings.md)" if variable in one.values else one.reason)
        for one in _settings()
        for variable in read.findall(one.source)
    ]
    own.append(
        ("`ENGCRAWL_CHROMIUM`", "the path of the Chromium to start, see [the browser](../how-it-works.md#the-browser)")
    )
    alerts = _docs_of_fields(AlertSettings)
    rows = [
        (f"`{field.alias}`", alerts[name], _default(field.default))
        for name, field in AlertSettings.model_fields.items()
    ]
    return (
        "# Environment variables\n\n"
        + MADE
        + "An empty variable counts as not set.\n\n"
        + table(("variable", "meaning"), sorted(own))
        + "\n## Alerts\n\nThe variables of any of the five ways switch [alerts](../alerts.md) on. If a variable that"
        f" begins with `{PREFIX}` is\nwrong or unknown, or needs another one that is missing, the run ends with one"
        " line and exit status 2, before the first request.\n\n" + table(("variable", "meaning", "default"), rows)
    )


def record() -> str:
    """Return the page of the record."""
    types = schema()["properties"]
    docs = _docs_of_fields(Post)
    rows = [(f"`{field.name}`", _type(types[field.name]), docs[field.name]) for field in fields(Post)]
    return (
        "# The record\n\n"
        + MADE
        + "`posts.jsonl` and the runs' feeds are JSON Lines in UTF-8, with one record on each line. Every record has"
        " every key, in this order.\n`null` means that the site doesn't say."
        " [record.schema.json](../record.schema.json) is the JSON Schema of a record.\n\n"
        + table(("key", "type", "meaning"), rows)
        + "\nThe records in a run's feed have one more key, `change`: `new`, `updated` or `gone`.\n"
    )


def of_settings() -> str:
    """Return the page of the settings."""
    own: list[list[str]] = []
    scrapys: list[list[str]] = []
    for one in _settings():
        for name, value in one.values.items():
            if name.startswith("ENGCRAWL_"):
                own.append([f"`{name}`", one.reason, value and f"`{value}`"])
        names = [f"`{name} = {value}`" if value else f"`{name}`" for name, value in one.values.items()]
        if not names[0].startswith("`ENGCRAWL_"):
            scrapys.append(["<br>".join(names), one.reason])
    return (
        "# Settings\n\n"
        + MADE
        + "The settings are in [engcrawl/settings.py](../../engcrawl/settings.py). To change one for a run, give"
        " `-s NAME=VALUE` on the command line, or\n`setting=NAME=VALUE` to a Scrapyd job. Some can also be set in the"
        " [environment](environment.md).\n\n## engcrawl's own\n\n"
        + table(("setting", "meaning", "default"), own)
        + "\n## Scrapy's, if changed\n\n[Scrapy's documentation]"
        "(https://docs.scrapy.org/en/latest/topics/settings.html) explains each setting. This table says why engcrawl"
        " changes it.\n\n" + table(("setting", "why"), scrapys)
    )


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a record: a line of ``posts.jsonl``, or of a run's feed."""
    found = TypeAdapter(Post).json_schema(mode="serialization")
    docs = _docs_of_fields(Post)
    keys = {
        name: {"description": docs[name].replace("`", "")}
        | {key: value for key, value in said.items() if key not in ("default", "title")}
        for name, said in found["properties"].items()
    }
    change = {
        "description": "What the run found out about the post; only in runs' feeds.",
        "enum": list(get_args(Change)),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A record of engcrawl",
        "description": "One post of the archive. Null means that the site doesn't say.",
        "type": "object",
        "properties": keys | {"change": change},
        "required": list(keys),
        "additionalProperties": False,
    }


def _settings() -> list[_Settings]:
    """Return the settings in their order; those of one paragraph share its comments."""
    text = inspect.getsource(settings)
    names = {one.lineno: one for one in ast.parse(text).body if isinstance(one, ast.Assign)}
    found, number = [], 1
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        inside = [names[at] for at in range(number, number + len(lines)) if at in names]
        values = {ast.unparse(one.targets[0]): _shown(one.value) for one in inside}
        if values:
            found.append(_Settings(paragraph, " ".join(_comments(lines)), values))
        number += len(lines) + 1
    return found


def _comments(lines: list[str]) -> Iterator[str]:
    """Yield the comments of settings; before one that stands inside a value, the name of the entry it is about."""
    within = False
    for number, line in enumerate(lines):
        if not line.strip().startswith("# "):
            within = False
            continue
        entry = next(other for other in lines[number:] if not other.strip().startswith("#"))
        named = re.search(r'"(?:[\w.]+\.)?(\w+)"', entry)
        yield (f"`{named[1]}`: " if named and line[0] == " " and not within else "") + line.strip()[2:]
        within = True


def _shown(value: ast.expr) -> str:
    """Return a value for a cell; nothing for one that is longer, or made by code."""
    if isinstance(value, ast.BoolOp):  # from the environment, or else this
        value = value.values[-1]
    if isinstance(value, ast.Constant):
        return "" if value.value is None else str(value.value)
    return ast.unparse(value) if isinstance(value, ast.BinOp) else ""


def _docs_of_fields(cls: type) -> dict[str, str]:
    """Return the text under each field of a class, as Markdown on one line."""
    body = ast.parse(inspect.getsource(cls)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for one, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(one, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[ast.unparse(one.target)] = " ".join(str(text.value.value).split()).replace("``", "`")
    return found


def _arguments(model: type[Arguments]) -> str:
    rows = [(f"`{name}`", field.description, _default(field.default)) for name, field in model.model_fields.items()]
    return table(("argument", "meaning", "default"), rows)


def _default(value: object) -> str:
    if isinstance(value, SecretStr) or (not value and value is not False):
        return ""
    if isinstance(value, bool):
        return "`yes`" if value else "`no`"
    if isinstance(value, list):
        return f"`{','.join(value)}`"
    shown = readable(value) if isinstance(value, timedelta) else str(value)
    return f"`{shown.removesuffix(HOST)}` this host" if shown.endswith(HOST) else f"`{shown}`"


def _type(said: dict[str, Any]) -> str:
    """Return the words for a key's type in a JSON Schema."""
    if "anyOf" in said:
        return " or ".join(_type(one) for one in said["anyOf"])
    if "enum" in said:
        return ", ".join(f"`{one}`" for one in said["enum"])
    return "list of strings" if said["type"] == "array" else str(said["type"])


def main() -> None:
    """Write each file that isn't as the code says, and name it."""
    for name, text in made().items():
        path = ROOT / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(name)


if __name__ == "__main__":
    main()
