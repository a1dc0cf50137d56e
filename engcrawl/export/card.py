"""The dataset card: what an export is, in the form that dataset hubs read (``README.md``, YAML front matter)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from engcrawl import __version__
from engcrawl.export.formats import KINDS, Format, Line
from engcrawl.items import Post

MADE_BY = "made_by: engcrawl"
"""The line by which a folder is known as an export's, with its format behind it."""
BLOGS = "blogs: "
"""The line with the keys of an export's blogs, as a JSON list."""
_SIZES = ((1000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass
class Tally:
    """The counts of what an export has of a blog."""

    site: str
    key: str
    last_run: dict[str, Any] | None
    """The blog's last run that was to take the whole archive, and is complete or incomplete."""
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
    """Return the card of an export that was *taken* at an instant; *narrowed* are the options that left posts out."""
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
            f"Taken at {taken} from archives made by `scrapy crawl archive` of engcrawl {__version__}.{left_out}",
            "",
            *_table(
                ("blog", "posts", "taken down since", "with a body", "first day", "last day"),
                ((t.site, t.posts, t.gone, t.bodies, t.first, t.last) for t in tallies),
            ),
            "## How complete",
            "",
            *(f"- {tally.site}: {_proof(tally.last_run)}" for tally in tallies),
            "",
            "## Licence",
            "",
            "Not known: the posts are their authors' and publishers'. Ask them before you publish the posts or what is"
            " made of them.",
            "",
            "## Fields",
            "",
            ", ".join(f"`{one.name}`" for one in fields(Post))
            + ("" if form in ("csv", "jsonl") else ", `gone_since`")
            + ". Days are the blog's own, instants UTC; a field that is empty is one that the site doesn't tell.",
            "",
        ]
    )


def _configs(form: Format) -> list[str]:
    """Return which files a hub's viewer reads."""
    viewed = KINDS[form].viewed
    return ["configs:", "- config_name: default", f"  data_files: {json.dumps(viewed)}"] if viewed else []


def _proof(full: dict[str, Any] | None) -> str:
    """Return what the last full run found, in words."""
    if full is None:
        return "no run took the whole archive yet."
    report = full["report"]
    counts = f"{report['coverage']['posts']} posts then" if report.get("coverage") else "not counted"
    return f"{full['verdict']} by the run that ended at {full['end']} ({counts}): {report['reason']}."


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    names = list(heads)
    lines = [names, ["---"] * len(names), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]
