"""The verdict: how a run ended, and why, in one word, one number and one line."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from engcrawl.report.proof import proven_by, unexplained
from engcrawl.report.runlog import OUTCOMES, RunLog


class Outcome(IntEnum):
    """The verdict on a run; the value is the exit status of ``scrapy crawl``."""

    COMPLETE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    LOCKED = 4
    STOPPED = 5

    def __str__(self) -> str:
        return self.name.lower()


def decide(
    log: RunLog, finish_reason: str, *, feeds_failed: bool, proof: dict[str, Any] | None = None, others: str = ""
) -> tuple[Outcome, str]:
    """Return the verdict on a run, and the reason for it in one line.

    *finish_reason* is Scrapy's; *proof* that of the archive, where it was counted; *others* the post types that it
    has and that weren't asked for.
    """
    if log.usage:
        return Outcome.USAGE, log.usage
    if failure := _failure(log, feeds_failed=feeds_failed):
        return Outcome.FAILED, failure
    if finish_reason != "finished":
        return Outcome.STOPPED, f"ended early: {finish_reason}"
    read = any(status in ("whole", "part") for status in log.sources.values())
    if log.gave_up:
        return Outcome.INCOMPLETE if log.pages or read else Outcome.FAILED, log.gave_up
    if not (log.pages or read):
        first = log.problems[0] if log.problems else None
        return Outcome.FAILED, f"no list of posts: {first.reason}: {first.url}" if first else "no list of posts"
    if not (log.listed or log.filtered or read):
        return Outcome.FAILED, "no post"
    if lack := _lack(log, proof):
        return Outcome.INCOMPLETE, lack
    if limited := [c.slug for c in log.categories.values() if c.end == "max_pages"]:
        return Outcome.STOPPED, f"ended early: max_pages, in {', '.join(limited)}"
    if unwalked := [c.slug for c in log.categories.values() if not c.whole]:
        return Outcome.INCOMPLETE, f"not walked to the end: {', '.join(unwalked)}"
    names = proven_by(proof, log.start) if proof else []
    if proof and log.failing and not names:
        return Outcome.INCOMPLETE, f"a list that proved the archive before fails now: {'; '.join(log.failing)}"
    return Outcome.COMPLETE, _complete(log, proof, names) + (f"; not asked for: {others}" if others else "")


def _complete(log: RunLog, proof: dict[str, Any] | None, names: list[str]) -> str:
    if proof:
        by = f"proven by {' and '.join(names)}" if names else "no list proves that these are all"
        return f"every post that the site's lists name was read; {by}"
    if not log.pages:
        return "every post that REST names was read"
    return "every page that the site says it has was walked or is known, every post listed was read"


def _failure(log: RunLog, *, feeds_failed: bool) -> str | None:
    if log.state_error:
        return f"the state can't be read or written: {log.state_error}"
    if log.code_errors:
        return f"an error in the code: {log.code_errors[0]}"
    return "a feed could not be written" if feeds_failed else None


def _lack(log: RunLog, proof: dict[str, Any] | None) -> str | None:
    """Return what the archive lacks."""
    if log.problems:
        return f"{len(log.problems)} pages or posts could not be read"
    if log.unaccounted > 0:
        return f"{log.unaccounted} posts were read but have no record"
    if proof and (missing := unexplained(proof)):
        return f"{missing} posts that the site's lists name aren't in the archive"
    return f"{log.unread} posts wait to be read by the next run" if log.unread else None


def told(outcome: Outcome, why: str) -> dict[str, Any]:
    """Return the verdict in one word, one number and one line."""
    return {"verdict": str(outcome), "exit_status": int(outcome), "reason": why}


def account(log: RunLog) -> dict[str, Any]:
    """Return what became of a run's posts, and how far its categories were walked."""
    return {
        "posts": {
            "listed": log.listed,
            "filtered": log.filtered_out,
            **{name: log.outcomes[name] for name in OUTCOMES},
            "dropped": dict(log.dropped),
        },
        "categories": [
            {name: getattr(c, name) for name in ("slug", "url", "pages")}
            | {"walked": len(c.walked)}
            | {name: getattr(c, name) for name in ("posts", "end", "pagination", "detour")}
            for c in sorted(log.categories.values(), key=lambda c: c.slug)
        ],
    }


def entries(log: RunLog) -> dict[str, Any]:
    """Return the addresses of which a run has something to say."""
    named = {"problems": log.problems, "notes": log.notes, "unlisted": log.unlisted_posts}
    return {name: [one.entry() for one in those] for name, those in named.items()}
