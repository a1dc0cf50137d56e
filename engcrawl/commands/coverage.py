"""``scrapy coverage``: what the last run proved of the archive."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from engcrawl.errors import EngcrawlError
from engcrawl.items import SOURCES
from engcrawl.printing import StateCommand, show
from engcrawl.report.verdict import Outcome
from engcrawl.state import State
from engcrawl.text.visible import visible

_COLUMNS = ["category", "claimed", "archive", *SOURCES]
_MOST = 20
"""Missing posts that a person reads; ``--json`` has them all."""


class NotCountedError(EngcrawlError):
    """The last run didn't count the archive."""

    exit_status = Outcome.INCOMPLETE


class Command(StateCommand):
    """Prints what the last run proved: the site's lists across, its categories down."""

    def short_desc(self) -> str:
        return "Print what the last run proved of the archive"

    def long_desc(self) -> str:
        return (
            "Print the archive against the site's own lists of its posts, as the last run counted it. The exit status"
            " is 0 if that run was complete, 3 if not (or if it didn't count)."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """``--json``."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="the proof as the verdict has it, not a table")

    def show(self, state: State, opts: argparse.Namespace) -> None:
        """Print the proof. Raises NotCountedError."""
        ended = [run for run in state.runs.last(1) if run["report"]]
        if not ended:
            raise NotCountedError("the last run left no verdict: `scrapy runs` shows why")
        report = ended[0]["report"]
        proof = report.get("proof")
        if proof is None:
            raise NotCountedError(
                f"{report['run']} didn't count the archive: it is {report['verdict']} ({report['reason']}), or had"
                " inventory=no or an argument that leaves a part out"
            )
        if opts.json:
            proof = {key: report[key] for key in ("run", "end", "verdict", "reason")} | proof
            sys.stdout.write(json.dumps(proof, ensure_ascii=False, indent=2) + "\n")
        else:
            _print(report, proof)
        if report["exit_status"]:
            sys.stdout.flush()
            raise SystemExit(report["exit_status"])


def _print(report: dict[str, Any], proof: dict[str, Any]) -> None:
    rows = [{"category": one["slug"]} | one for one in proof["categories"]]
    sources = proof["sources"]
    for name, key in (("all posts", "listed"), ("missing", "missing"), ("unexpected", "unexpected")):
        counts = {n: len(s[key]) if key == "missing" else s[key] for n, s in sources.items()}
        mine = {"listed": proof["in_archive"], "missing": len(proof["missing"])}.get(key)
        claimed = sources["rest"]["claimed"] if key == "listed" else None
        rows.append({"category": name, "claimed": claimed, "archive": mine} | counts)
    rows.append({"category": "read", "claimed": None, "archive": None} | {n: s["status"] for n, s in sources.items()})
    rows.append(
        {"category": "proves it", "claimed": None, "archive": None}
        | {n: "yes" if s["proves"] else "no" for n, s in sources.items()}
    )
    show(rows, _COLUMNS, "table", "no posts")
    print(f"\n{report['run']}: {report['verdict']}: {visible(report['reason'])}")
    print(f"{proof['posts']} posts are named, {proof['in_archive']} are in the archive", end="")
    print(
        "" if proof["hidden_from_listings"] is None else f", {proof['hidden_from_listings']} are hidden from listings"
    )
    for name, source in sources.items():
        if source["detail"]:
            print(f"{name}: {visible(source['detail'])}")
    if proof["disagreements"]:
        print("pages and REST disagree: " + ", ".join(f"{k} {n} times" for k, n in proof["disagreements"].items()))
    for one in proof["missing"][:_MOST]:
        why = one["reason"] or "could not be had"
        print(f"missing: {visible(one['url'])}: {visible(why)} ({', '.join(one['sources'])})")
    if len(proof["missing"]) > _MOST:
        print(f"… and {len(proof['missing']) - _MOST} more: --json has them all")
