"""The reference page of the project's commands, from the code."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from engcrawl.commands import blogs, browse, coverage, crawl, export, posts, probe, report, runs, worker
from engcrawl.spiders.archive import ArchiveSpider
from engcrawl.spiders.inventory import InventorySpider

MADE = "<!-- `make docs` writes this from the code: change it there. -->\n\n"
PRINTING = (posts, runs, coverage, export, report, browse)
"""The modules of the commands that read the state."""
EXAMPLES = {
    worker: """    scrapy worker --setup                                       # once, and after each upgrade
    scrapy worker --jobs 8""",
    posts: """    scrapy posts --since 2024-01-01 --category ai-research      # newest first
    scrapy posts --changed-since 2026-11-01 --format csv        # new, changed or gone since then
    scrapy posts --gone only --count                            # how many posts the site took down""",
    runs: """    scrapy runs --last 5
    scrapy runs --check --max-age 26h                           # OK, WARNING, CRITICAL or UNKNOWN""",
    coverage: """    scrapy coverage
    scrapy coverage --json""",
    export: """    scrapy export --format parquet /srv/export/parquet
    scrapy export --format markdown --gone without ~/posts      # one file for each post""",
    report: """    scrapy report --open
    scrapy report --blog example.com                            # of many blogs""",
    browse: """    scrapy browse --open
    scrapy browse --blog example.com --port 9000""",
}


def commands() -> str:
    """Return the page of the project's commands."""
    text = (
        "# Commands\n\n" + MADE + "`.venv/bin/scrapy COMMAND`, in the project's folder. [Scrapy's own"
        " commands](https://docs.scrapy.org/en/latest/topics/commands.html) work too, and each\ncommand takes `-s"
        " NAME=VALUE` for a [setting](settings.md).\n\n## scrapy crawl\n\n"
        f"{crawl.Command().long_desc()} [The verdict](verdict.md#verdicts-and-exit-statuses) says more.\n\n"
    )
    text += table(
        ("option", "meaning"),
        [
            ("`-a NAME=VALUE`", "an [argument](arguments.md) of the spider; can be given several times"),
            (
                "`-O FILE`, `--overwrite-output FILE`",
                "write the run's changes to a file, which replaces an older one when the run is over",
            ),
            ("`-o FILE`, `--output FILE`", "append the run's changes to a file"),
        ],
    )
    names = [(f"`{spider.name}`", (inspect.getdoc(spider) or "").partition("\n\n")[0].replace("\n", " "))
             for spider in (ArchiveSpider, InventorySpider)]  # fmt: skip
    text += "\n" + table(("spider", "what it does"), names)
    text += (
        f"\n## scrapy probe\n\n{inspect.getdoc(probe.Command())}\n\n    scrapy probe https://blog.example.com\n"
        "    scrapy probe https://blog.example.com --json\n\n"
        + table(("option", "meaning"), [("`--json`", "print the result as JSON")])
    )
    text += (
        f"\n## scrapy blogs\n\n{inspect.getdoc(blogs.Command())}\n\n    scrapy blogs add https://blog.example.com\n"
        "    scrapy blogs run --due --jobs 8\n    scrapy blogs\n\n[Many blogs](../fleet.md) says more.\n\n"
    )
    text += table(
        ("of", "option", "meaning"),
        [
            (f"`{f'scrapy blogs {verb}'.strip()}`", f"`--{one.alias}{' ' + one.title if one.title else ''}`",
             one.description)
            for verb, options in blogs.VERBS.items()
            for one in options.model_fields.values()
        ],
    )  # fmt: skip
    for module in (worker, *PRINTING):
        command = module.Command()
        text += (
            f"\n## scrapy {module.__name__.rpartition('.')[2]}\n\n{inspect.getdoc(command)}\n\n{EXAMPLES[module]}\n\n"
        )
        options = command.options_class.model_fields.values()
        text += table(
            ("option", "meaning"),
            [
                (
                    f"`{one.title}`"
                    if one.title and one.title == getattr(command, "takes", None)
                    else _option(one.alias, one.title),
                    one.description,
                )
                for one in options
            ],
        )
    return text + (
        "\n`posts`, `runs`, `coverage`, `export`, `report` and `browse` exit with 2 for a wrong option, and with 1 if"
        " there is no state or it can't be read;\n`runs --check` has"
        " [statuses of its own](../alerts.md#scrapy-runs---check).\n"
    )


def _option(name: str | None, value: str | None) -> str:
    return f"`--{name}{' ' + value if value else ''}`"


def table(heads: Iterable[str], rows: Iterable[Iterable[str | None]]) -> str:
    """Return a table in Markdown."""
    lines = [list(heads)]
    lines.append(["---"] * len(lines[0]))
    lines += [[(cell or "").replace("|", "\\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |").replace("|  |", "| |") for line in lines)
