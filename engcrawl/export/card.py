"""The dataset card: a description of an export that dataset hubs can read (``README.md``, YAML front matter)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from engcrawl import __version__
from engcrawl.export.formats import KINDS, Format, Line
from engcrawl.items import Post

MADE_BY = "made_by: engcrawl"
"""The beginning of the line that marks a folder as an export; the format follows."""
BLOGS = "blogs: "
"""The beginning of the line with the keys of the export's blogs; a JSON list follows."""
_SIZES = ((1000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass
class Tally:
    """The counts of one blog's posts in an export."""

    site: str
    key: str
    last_run: dict[str, Any] | None
    """The blog's last run of the whole archive that was complete or incomplete."""
    posts: int = 0
    gone: int = 0
    bodies: int = 0
    first: str = ""
    last: str = ""
    languages: set[str] = field(default_factory=set)

    def count(self, line: Line) -> None:
        """Count a post."""
        self.posts += 1
        self.gone += line.gone_since is not None
        self.bodies += line.record["content_html"] is not None
        if day := line.record["published_date"]:
            self.first = min(filter(None, (self.first, day)))
            self.last = max(self.last, day)
        if language := line.record["language"]:
            self.languages.add(language.partition("-")[0].lower())


def card(form: Format, tallies: list[Tally], *, taken: str, narrowed: list[str]) -> str:
    """Return the card of an export. *taken* is its instant, *narrowed* the options that left posts out."""
    posts = sum(tally.posts for tally in tallies)
    size = next((name for limit, name in _SIZES if posts < limit), "n>1M")
    sites = ", ".join(tally.site for tally in tallies)
    languages = sorted({language for tally in tallies for language in tally.languages})
    front = [
        f"pretty_name: {json.dumps(f'Posts of {sites}')}",
        "license: unknown",
        *(["language:", *(f"- {json.dumps(language)}" for language in languages)] if languages else []),
        f"size_categories:\n- {size}",
        *_configs(form),
        f"{MADE_BY} {__version__}, {form}",
        f"{BLOGS}{json.dumps([tally.key for tally in tallies])}",
    ]
    left_out = f" Posts were left out: {' '.join(narrowed)}." if narrowed else ""
    return "\n".join(
        [
            *("---", *front, "---", ""),
            f"# Posts of {sites}",
            "",
            f"The archives as of {taken}. Made by `scrapy crawl archive` of engcrawl {__version__}.{left_out}",
            "",
            *_table(
                ("blog", "posts", "gone", "with a body", "first day", "last day"),
                ((t.site, t.posts, t.gone, t.bodies, t.first, t.last) for t in tallies),
            ),
            "## How complete",
            "",
            *(f"- {tally.site}: {_proof(tally.last_run)}" for tally in tallies),
            "",
            "## Licence",
            "",
            "Not known. The posts belong to their authors and publishers. Ask them before you publish the posts, or"
            " anything that you make from them.",
            "",
            "## Fields",
            "",
            ", ".join(f"`{one.name}`" for one in fields(Post))
            + ("" if form in ("csv", "jsonl") else ", `gone_since`")
            + ". Days are in the blog's own calendar, instants in UTC. If a field is empty, the site doesn't say it.",
            "",
        ]
    )


def _configs(form: Format) -> list[str]:
    """Return the lines that name the files for a hub's viewer."""
    viewed = KINDS[form].viewed
    return ["configs:", "- config_name: default", f"  data_files: {json.dumps(viewed)}"] if viewed else []


def _proof(full: dict[str, Any] | None) -> str:
    """Return the result of the last run of the whole archive, in words."""
    if full is None:
        return "no run of the whole archive has ended yet."
    report = full["report"]
    counts = f"{report['coverage']['posts']} posts then" if report.get("coverage") else "not counted"
    return f"{full['verdict']} by the run that ended at {full['end']} ({counts}): {report['reason']}."


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    names = list(heads)
    lines = [names, ["---"] * len(names), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]
