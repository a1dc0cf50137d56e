"""The proof: the archive compared with every list of its posts that the site publishes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from engcrawl.items import PROVING, SOURCES, Source
from engcrawl.state import State
from engcrawl.state.lists import Asked

_COMPARED = ("url", "title", "published_date", "published_at", "modified_at", "image_url")
_COMPARED_FLAGS = ("external", "protected")
_COMPARED_LISTS = ("categories", "tags")


@dataclass
class Proof:
    """The archive against one list of the site's posts."""

    asked: Asked | None
    counts: bool = True
    """Whether it is meant to have all posts."""
    listed: int = 0
    in_archive: int = 0
    missing: list[dict[str, Any]] = field(default_factory=list)
    unexpected: int = 0
    """Posts of the archive that it should name, and doesn't."""

    @property
    def proves(self) -> bool:
        """Return whether it shows that the archive is complete: all of it was read, and the two have the same posts."""
        whole = self.asked is not None and self.asked.answer.status == "whole"
        return self.counts and whole and not self.unexpected and not any(one["reason"] is None for one in self.missing)

    def entry(self) -> dict[str, Any]:
        """Return the proof by this list, as the verdict has it."""
        answer = self.asked.answer if self.asked else None
        return {
            "status": answer.status if answer else "not asked",
            "detail": answer.detail if answer else "",
            "asked": self.asked.at if self.asked else None,
            "claimed": answer.claimed if answer else None,
            "listed": self.listed,
            "in_archive": self.in_archive,
            "missing": self.missing,
            "unexpected": self.unexpected,
            "proves": self.proves,
        }


def prove(state: State) -> dict[str, Any]:
    """Count the archive against every list; return the proof part of a verdict.

    A post of the archive is expected in a list that was read whole, if the run that read it knew the post at its end,
    unless it was published after the reading; and if the list can have it: sitemaps have only addresses of their own
    host.
    """
    proofs = {name: Proof(state.lists.asked(name), counts=name in PROVING) for name in SOURCES}
    rest, listings = proofs["rest"].asked, proofs["listings"].asked
    claimed = rest.answer.more.get("categories", {}) if rest else {}
    categories: dict[str, Counter[str]] = {slug: Counter() for slug, count in claimed.items() if count}
    disagreements: Counter[str] = Counter()
    missing: list[dict[str, Any]] = []
    union = archive = hidden = 0
    for row in state.lists.posts_named():
        names = [name for name in SOURCES if getattr(row, f"in_{name}")]
        union += bool(names)
        of_listings = row.type in (None, "post")
        hidden += (
            bool(names) and of_listings and not row.in_listings and not (listings and row.first_run > listings.run)
        )
        if row.head is None:
            entry = {"post": row.id, "url": row.url, "reason": row.reason}
            _miss(entry, names, missing, proofs)
            continue
        archive += 1
        record = json.loads(row.head)
        for slug in record["categories"]:
            categories.setdefault(slug, Counter()).update(["archive", *names])
        for name, proof in proofs.items():
            if name in names:
                proof.listed += 1
                proof.in_archive += 1
            elif _expected(name, row, record["published_at"], proof.asked):
                proof.unexpected += 1
        if row.in_rest and row.rest:
            disagreements.update(disagreeing(record, json.loads(row.rest)))
    for _, entries in groupby(state.lists.unresolved_named(), key=attrgetter("address")):
        found = list(entries)
        union, hidden = union + 1, hidden + 1
        entry = {"post": None, "url": found[0].url, "reason": found[0].reason}
        _miss(entry, [entry.source for entry in found], missing, proofs)
    whole = listings is not None and listings.answer.status == "whole"
    return {
        "posts": union,
        "in_archive": archive,
        "hidden_from_listings": hidden if whole else None,
        "missing": missing,
        "disagreements": dict(sorted(disagreements.items())),
        "sources": {name: proofs[name].entry() for name in SOURCES},
        "categories": [
            {"slug": slug, "claimed": claimed.get(slug)} | {name: counts[name] for name in ("archive", *SOURCES)}
            for slug, counts in sorted(categories.items())
        ],
    }


def unexplained(proof: dict[str, Any]) -> int:
    """Count the posts that are missing for no reason that explains it for good."""
    return sum(one["reason"] is None for one in proof["missing"])


def proven_by(proof: dict[str, Any], start: str) -> list[str]:
    """Name the lists that show the archive to be complete; with the moment of their reading if it is before *start*."""
    proving = {name: source["asked"] for name, source in proof["sources"].items() if source["proves"]}
    return [name if asked >= start else f"{name} as of {asked}" for name, asked in proving.items()]


def disagreeing(record: dict[str, Any], rest: dict[str, Any]) -> list[str]:
    """Name the keys of which record and REST say different things, where both say something."""
    told = {name: value for name, value in rest.items() if record.get(name) not in (None, "", [])}
    found = [name for name in (*_COMPARED, *_COMPARED_LISTS) if name in told and told[name] != record[name]]
    if record["protected"] and record["title"].endswith(told.get("title", "")):  # "Protected: ", the theme adds
        found = [name for name in found if name != "title"]
    found += [name for name in _COMPARED_FLAGS if record[name] != rest.get(name, False)]
    if told.get("kind") == "video" != record["kind"]:  # without a post's classes, REST doesn't tell
        found.append("kind")
    if not set(told.get("authors", ())) <= set(record["authors"]):  # it names one
        found.append("authors")
    return found


def _miss(
    entry: dict[str, Any], names: list[Source], missing: list[dict[str, Any]], proofs: dict[Source, Proof]
) -> None:
    """Count a post that isn't in the archive; one of an earlier run, which no list names any more, isn't missing."""
    if names:
        missing.append(entry | {"sources": names})
    for name in names:
        proofs[name].listed += 1
        proofs[name].missing.append(entry)


def _expected(name: str, row: Any, published_at: str | None, asked: Asked | None) -> bool:
    """Return whether a list that was read whole should name a post of the archive: one that was there then."""
    if asked is None or asked.answer.status != "whole" or row.gone_since:
        return False
    if row.first_run > asked.run or (published_at or "") > asked.at:
        return False
    if name in ("listings", "feed") and row.type not in (None, "post"):
        return False
    return not (name == "sitemap" and row.external)
