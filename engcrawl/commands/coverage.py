"""``scrapy coverage``: print the last run's proof."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import Field

from engcrawl.errors import EngcrawlError, StateError
from engcrawl.fleet.pool import WORST
from engcrawl.fleet.states import States
from engcrawl.items import SOURCES
from engcrawl.printing import Options, StateCommand, print_table
from engcrawl.report.verdict import Outcome
from engcrawl.state import State
from engcrawl.text.visible import visible

_COLUMNS = ("blog", "archive", "named", "missing", "hidden", "proven_by", "verdict", "end")
"""Of the table of several blogs: posts in the archive, posts that the site's lists name, and so on."""
_MOST = 20
"""How many missing posts are printed; ``--json`` has them all."""


class NotCountedError(EngcrawlError):
    """The last run didn't count the archive."""

    exit_status = Outcome.INCOMPLETE


class CoverageOptions(Options):
    """The options of ``scrapy coverage``."""

    as_json: bool = Field(False, alias="json", description="print the proof as JSON, as it is in the verdict")


class Command(StateCommand[CoverageOptions]):
    """Print what the last run proved of the archive.

    The table has a row for each category and a column for each of the site's own lists of posts. The numbers are those
    of the last run. The exit status is that run's own, and 3 if the run didn't compare the archive. If there are
    several blogs, the table has one line for each, and the exit status is the worst one of all blogs; from worst to
    best they are 1, 2, 5, 4, 3, 0.
    """

    options_class = CoverageOptions

    def show(self, state: State, options: CoverageOptions) -> None:
        """Print the proof. Raises NotCountedError."""
        report = _last(state)
        proof = _proof(report)
        self.exitcode = report["exit_status"]
        if options.as_json:
            heading = {key: report[key] for key in ("run", "end", "verdict", "reason")}
            print(json.dumps(heading | proof, ensure_ascii=False, indent=2))
        else:
            _print(report, proof)

    def show_all(self, states: States, keys: list[str], options: CoverageOptions) -> None:
        """Print a line for each blog, what its last run proved, or why nothing."""
        rows = [_row(states, key) for key in keys]
        worst = next((one for one in WORST if one in {row["exit_status"] for row in rows}), Outcome.COMPLETE)
        self.exitcode = worst
        if options.as_json:
            print(json.dumps(rows, ensure_ascii=False, indent=2))
            return
        print_table(rows, _COLUMNS, "no blogs")
        for row in rows:
            if row["exit_status"]:
                print(visible(f"{row['blog']}: {row['reason']}"))


def _last(state: State) -> dict[str, Any]:
    """Return the last run's report; an empty one where it left none."""
    return next((run["report"] for run in state.runs.last(1)), None) or {}


def _proof(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report's proof. Raises NotCountedError."""
    if not report:
        raise NotCountedError("the last run left no verdict: `scrapy runs` shows why")
    if report.get("proof") is None:
        raise NotCountedError(
            f"{report['run']} didn't count the archive: it ended {report['verdict']} ({report['reason']}), or had"
            " inventory=no or an argument that takes a part of the archive"
        )
    proof: dict[str, Any] = report["proof"]
    return proof


def _row(states: States, key: str) -> dict[str, Any]:
    """Return what the last run of a blog proved."""
    row: dict[str, Any] = dict.fromkeys(_COLUMNS) | {"blog": key}
    try:
        with states.open(key) as state:
            report = _last(state)
        row |= {name: report.get(name) for name in ("verdict", "end", "exit_status", "reason")}
        proof = _proof(report)
    except NotCountedError as error:
        return row | {"exit_status": row["exit_status"] or int(error.exit_status), "reason": str(error)}
    except StateError as error:
        return row | {"exit_status": int(error.exit_status), "reason": str(error)}
    return row | {
        "archive": proof["in_archive"],
        "named": proof["posts"],
        "missing": len(proof["missing"]),
        "hidden": proof["hidden_from_listings"],
        "proven_by": [name for name, source in proof["sources"].items() if source["proves"]],
    }


def _type(found: dict[str, Any]) -> str:
    count = "not counted" if found["count"] is None else str(found["count"])
    return visible(f"{found['type']} {count}{'' if found['asked'] else ' (not asked for)'}")


def _print(report: dict[str, Any], proof: dict[str, Any]) -> None:
    sources, missing = proof["sources"], proof["missing"]

    def row(name: str, fact: Callable[[dict[str, Any]], Any], **own: int | None) -> dict[str, Any]:
        return {"category": name, **own} | {source: fact(said) for source, said in sources.items()}

    rows = [
        *({"category": one["slug"]} | one for one in proof["categories"]),
        row("all posts", lambda s: s["listed"], claimed=sources["rest"]["claimed"], archive=proof["in_archive"]),
        row("missing", lambda s: len(s["missing"]), archive=len(missing)),
        row("unexpected", lambda s: s["unexpected"]),
        row("read", lambda s: s["status"]),
        row("proves it", lambda s: "yes" if s["proves"] else "no"),
    ]
    print_table(rows, ("category", "claimed", "archive", *SOURCES), "no posts")
    print(f"\n{report['run']}: {report['verdict']}: {visible(report['reason'])}")
    hidden = proof["hidden_from_listings"]
    print(
        f"{proof['posts']} posts are named, {proof['in_archive']} are in the archive"
        + ("" if hidden is None else f", {hidden} are hidden from listings")
    )
    if report["types"]:
        print("post types: " + ", ".join(map(_type, report["types"])))
    for name, source in sources.items():
        if source["detail"]:
            print(f"{name}: {visible(source['detail'])}")
    if proof["disagreements"]:
        print("pages and REST disagree: " + ", ".join(f"{k} {n} times" for k, n in proof["disagreements"].items()))
    for one in missing[:_MOST]:
        print(visible(f"missing: {one['url']}: {one['reason'] or 'could not be read'} ({', '.join(one['sources'])})"))
    if len(missing) > _MOST:
        print(f"… and {len(missing) - _MOST} more: --json has them all")
