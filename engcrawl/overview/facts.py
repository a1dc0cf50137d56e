"""The facts of a blog's report, gathered from its state."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engcrawl.items import PROVING, SOURCES
from engcrawl.overview import advice
from engcrawl.overview.counts import Counts, count
from engcrawl.report.differences import differing
from engcrawl.report.freshness import last_runs, whole
from engcrawl.report.proof import disagreeing
from engcrawl.state import State

RUNS = 60
"""Runs that are looked back on."""
ROWS = 60
"""Categories that the matrix shows."""
_EXAMPLES = 3
"""Examples of each field's disagreements."""
_FIELDS = (
    ("published_date", "own", "publication day"),
    ("published_at", "own", "publication time"),
    ("authors", "own", "authors"),
    ("content_html", "open", "body"),
)
"""What records are counted for, among which ones, and its name."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run, as the report draws it; None for what a run that left no report doesn't say."""

    name: str
    spider: str
    verdict: str
    start: str
    seconds: float | None
    requests: int | None
    changes: dict[str, int]
    problems: int | None
    coverage: dict[str, int]

    @classmethod
    def of(cls, run: dict[str, Any]) -> Ran:
        """Return a run of `engcrawl.report.freshness.last_runs`."""
        report = run["report"] or {}
        end, start = run["end"], datetime.fromisoformat(run["start"])
        return cls(
            name=run["name"],
            spider=run["spider"],
            verdict=run["verdict"],
            start=run["start"],
            seconds=(datetime.fromisoformat(end) - start).total_seconds() if end else None,
            requests=report.get("stats", {}).get("downloader/request_count"),
            changes={name: report["posts"].get(name, 0) for name in ("new", "updated", "gone")}
            if "posts" in report
            else {},
            problems=len(report["problems"]) if "problems" in report else None,
            coverage=report.get("coverage") or {},
        )


@dataclass(frozen=True, slots=True)
class Covered:
    """The records that have a field's value, over a blog's runs."""

    name: str
    having: int
    among: int
    shares: list[float]
    """Of 1, the oldest run first."""
    lowest: tuple[float, str]
    """The lowest share, and the start of the run that had it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The posts of a category that the archive has, or a list names; *less*: how many fewer than there should be.

    A *hole* is something to look into: the archive lacks posts that the site counts, or a list lacks posts that it
    should have. That listings hide posts is usual.
    """

    posts: int | None
    less: int = 0
    hole: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """Addresses that share one advice."""

    advice: str
    entries: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A field of which pages and REST say different things, how often, and examples: title, url, of page, of REST."""

    field: str
    posts: int
    examples: list[tuple[str, str, Any, Any]]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the report of a blog tells."""

    site: str
    key: str
    running: bool
    last: dict[str, Any] | None
    """The last run that is over, as `engcrawl.report.freshness.last_runs` has it."""
    part: bool
    """Whether that took no more than a part of the archive, or only compared it."""
    runs: list[Ran]
    """The oldest first."""
    changing: Ran | None
    """The last run that changed something, as the posts themselves say: also one that died."""
    counts: Counts
    changed: dict[int, list[str]]
    """The keys that changed in updated posts, by their IDs."""
    proof: dict[str, Any] | None
    proven: str | None
    """When the run ended that has the proof."""
    matrix: list[tuple[str, int | None, list[Cell]]]
    """Each category: slug, what REST claims, the archive's cell and one for each source."""
    coverage: list[Covered]
    problems: list[Entries]
    missing: list[Entries]
    disagreements: list[Disagreement]

    @property
    def verdict(self) -> str:
        """Return the last run's verdict; `none` where no run is over yet."""
        return self.last["verdict"] if self.last else "none"

    @property
    def report(self) -> dict[str, Any]:
        """Return the last run's report; an empty one where it left none."""
        return (self.last and self.last["report"]) or {}


def gather(state: State, now: datetime) -> Facts:
    """Gather the facts of a blog's report. Raises StateError."""
    runs = last_runs(state, RUNS)
    over = [run for run in runs if run["verdict"] != "running"]
    last = over[0] if over else None
    report = (last and last["report"]) or {}
    proven = next((run for run in over if (run["report"] or {}).get("proof")), None)
    proof = proven["report"]["proof"] if proven else None
    ran = [Ran.of(run) for run in reversed(over)]
    until = runs[0]["start"] if len(over) < len(runs) else None  # a run at work changes posts, too
    changed = state.figures.last_change(until)
    changing = next((run for run in reversed(ran) if changed and run.start <= changed), None)
    counts = count(state, changing.start if changing else None, until, now)
    return Facts(
        site=state.site,
        key=state.blog,
        running=len(over) < len(runs),
        last=last,
        part=last is not None and not whole(last),
        runs=ran,
        changing=changing,
        counts=counts,
        changed={one.post: _keys(state, one.post) for one in counts.newest if one.change == "updated"},
        proof=proof,
        proven=proven["end"] if proven else None,
        matrix=_matrix(proof) if proof else [],
        coverage=list(_coverage(ran)),
        problems=_grouped(report.get("problems", []), lambda one: advice.on_problem(one["reason"])),
        missing=_grouped(proof["missing"] if proof else [], lambda one: advice.missing(one["reason"])),
        disagreements=_disagreements(state, Counter(proof["disagreements"])) if proof else [],
    )


def _keys(state: State, post: int) -> list[str]:
    """Return the keys that a post's last change changed; none where its version before isn't kept."""
    versions = state.versions.of(post)[-2:]
    return differing(versions[0].record, versions[1].record) if len(versions) > 1 else []


def _coverage(runs: list[Ran]) -> Iterator[Covered]:
    for key, among, name in _FIELDS:
        counted = [(run.coverage[key], run.coverage[among], run.start) for run in runs if run.coverage.get(among)]
        if counted:
            shares = [(having / whole, start) for having, whole, start in counted]
            yield Covered(name, *counted[-1][:2], [share for share, _ in shares], min(shares))


def _matrix(proof: dict[str, Any]) -> list[tuple[str, int | None, list[Cell]]]:
    rows = [
        (one["slug"], one["claimed"], [_held(one), *(_named(one, name, proof["sources"][name]) for name in SOURCES)])
        for one in proof["categories"]
    ]
    if len(rows) > ROWS:
        rows.sort(key=lambda row: (not any(cell.hole for cell in row[2]), -(row[2][0].posts or 0)))
    return rows


def _held(category: dict[str, Any]) -> Cell:
    less = max(0, (category["claimed"] or 0) - category["archive"])
    return Cell(category["archive"], less, hole=less > 0)


def _named(category: dict[str, Any], name: str, source: dict[str, Any]) -> Cell:
    """Return what a source names of a category, None where it wasn't read; it lacks posts if it should have them."""
    posts = category[name]
    if source["status"] not in ("whole", "part"):
        return Cell(None)
    if source["status"] != "whole" or not source["unexpected"] or name == "feed":
        return Cell(posts)
    less = max(0, category["archive"] - posts)
    return Cell(posts, less, hole=name in PROVING and less > 0)


def _grouped(entries: list[dict[str, Any]], what: Callable[[dict[str, Any]], str]) -> list[Entries]:
    groups: dict[str, Entries] = {}
    for one in entries:
        groups.setdefault(what(one), Entries(what(one), [])).entries.append(one)
    return sorted(groups.values(), key=lambda group: -len(group.entries))


def _disagreements(state: State, counts: Counter[str]) -> list[Disagreement]:
    """Return what pages and REST disagree about, with examples as the archive has them now."""
    found = {name: Disagreement(name, posts, []) for name, posts in counts.most_common()}
    wanted = {name: min(posts, _EXAMPLES) for name, posts in counts.items()}
    for row in state.lists.posts_named() if wanted else ():
        if not (row.head and row.in_rest and row.rest):
            continue
        record, rest = json.loads(row.head), json.loads(row.rest)
        for name in disagreeing(record, rest):
            if wanted.get(name):
                wanted[name] -= 1
                found[name].examples.append((record["title"], record["url"], record[name], rest.get(name)))
        if not any(wanted.values()):
            break
    return list(found.values())
