"""The monitors: each looks at one thing, and says with numbers what is wrong. docs/alerts.md says what to do."""

from __future__ import annotations

from itertools import takewhile
from typing import ClassVar

from spidermon import Monitor

from engcrawl.alerts.night import Night
from engcrawl.report.freshness import moment, newest, whole
from engcrawl.text.durations import readable


class RunMonitor(Monitor):
    """A monitor of a run that is over."""

    @property
    def night(self) -> Night:
        """The run."""
        night: Night = self.data.night
        return night


class VerdictComplete(RunMonitor):
    """The run's verdict is `complete`.

    A run with `max_pages` always ends `stopped`, and `inventory` finds posts that the next run of `archive` fetches:
    neither is an alert.
    """

    def test(self) -> None:
        verdict = self.night.verdict
        outcome, status, reason = (verdict[key] for key in ("verdict", "exit_status", "reason"))
        if outcome == "stopped" and verdict["arguments"].get("max_pages"):
            return
        if outcome == "incomplete" and verdict["spider"] == "inventory" and not verdict["problems"]:
            return
        if outcome != "complete":
            self.fail(f"the run is {outcome} (exit status {status}): {reason}")


class PostsNotFewer(RunMonitor):
    """The archive has as many posts as before, and not many more of them are gone from the site."""

    def test(self) -> None:
        now, earlier = self.night.coverage
        for then in earlier:
            if now["posts"] < then["posts"]:
                self.fail(f"the archive has {now['posts']} posts, it had {then['posts']}")
            if self.night.worse(now["gone"], then["gone"], now["posts"]):
                self.fail(f"{now['gone']} of {now['posts']} posts are gone from the site, there were {then['gone']}")


class CoverageHeld(RunMonitor):
    """No more posts than before lack their date, instant, authors or body.

    Posts on other hosts aren't counted, nor bodies of posts that need a password.
    """

    _OF: ClassVar[dict[str, str]] = {
        "published_date": "own",
        "published_at": "own",
        "authors": "own",
        "content_html": "open",
    }

    def test(self) -> None:
        now, earlier = self.night.coverage
        fell = []
        for name, of in self._OF.items() if earlier else ():
            lack = now[of] - now[name]
            before = min((one[of] - one[name], one[name], one[of]) for one in earlier)
            if self.night.worse(lack, before[0], now[of]):
                fell.append(f"{name} in {_of(now[name], now[of])}, before in {_of(*before[1:])}")
        if fell:
            self.fail("fields that posts had are missing: " + "; ".join(fell))


class ErrorsFew(RunMonitor):
    """Few requests ended in an error: no answer at all, or one of the server's (5xx, 429)."""

    def test(self) -> None:
        stats = self.night.stats
        prefix = "downloader/response_status_count/"
        answers = {k.removeprefix(prefix): n for k, n in stats.items() if k.startswith(prefix)}
        errors = sum(n for status, n in answers.items() if status.startswith("5") or status == "429")
        silent = stats.get("downloader/exception_count", 0)
        requests = stats.get("downloader/request_count", 0)
        if _too_many(errors + silent, requests, self.night):
            self.fail(f"{_of(errors + silent, requests)} requests failed: {silent} without an answer")


class RetriesFew(RunMonitor):
    """Few requests had to be made again: after an error, or for a page that only pretended to be one."""

    def test(self) -> None:
        stats = self.night.stats
        retries, requests = stats.get("retry/count", 0), stats.get("downloader/request_count", 0)
        if _too_many(retries, requests, self.night):
            prefix = "retry/reason_count/"
            reasons = {k.removeprefix(prefix): n for k, n in stats.items() if k.startswith(prefix)}
            most = sorted(reasons, key=lambda name: -reasons[name])[:3]
            why = ", ".join(f"{name.rpartition('.')[2]} {reasons[name]} times" for name in most)
            self.fail(f"{_of(retries, requests)} requests were retries: {why}")


class CompleteLately(RunMonitor):
    """The archive was complete not longer ago than `ENGCRAWL_ALERT_MAX_AGE`, by a run that took all of it."""

    def test(self) -> None:
        night = self.night
        runs = [night.verdict, *night.earlier]
        last = newest(runs, "complete")
        if last is not None:
            since = moment(last["end"])
            what = f"the last complete run, {last.get('run') or last['name']}, ended"
        else:
            tried = [run for run in runs if whole(run) and run["start"]]
            if not tried:
                return  # nobody asks for the whole archive
            since = moment(tried[-1]["start"])
            what = f"no run was complete since {tried[-1].get('run') or tried[-1]['name']}, which began"
        if night.now - since > night.settings.max_age:
            self.fail(f"{what} {readable(night.now - since)} ago; {readable(night.settings.max_age)} are allowed")


class ThemeUnchanged(RunMonitor):
    """What pages say isn't contradicted by REST more often than before, field by field."""

    def test(self) -> None:
        proof = self.night.verdict.get("proof")
        earlier = [report["proof"]["disagreements"] for report in self.night.like if report.get("proof")]
        if not (proof and earlier):
            return
        rose = []
        for name, count in proof["disagreements"].items():
            least = min(one.get(name, 0) for one in earlier)
            if self.night.worse(count, least, proof["in_archive"]):
                rose.append(f"{name} of {count} posts, before of {least}")
        if rose:
            self.fail("pages and REST disagree on " + "; ".join(rose))


class NoneDied(RunMonitor):
    """The run before came to its end: it wasn't killed, and its machine didn't go down."""

    def test(self) -> None:
        died = list(takewhile(lambda run: run["verdict"] == "died", self.night.earlier))
        if died:
            names = ", ".join(f"{run['name']} (pid {run['pid']} on {run['host']})" for run in died[:3])
            more = f" and {len(died) - 3} more" if len(died) > 3 else ""
            self.fail(f"{len(died)} before this one died without a verdict: {names}{more}")


MONITORS = (
    VerdictComplete,
    NoneDied,
    CompleteLately,
    PostsNotFewer,
    CoverageHeld,
    ThemeUnchanged,
    ErrorsFew,
    RetriesFew,
)

_FEW = 5


def _too_many(count: int, requests: int, night: Night) -> bool:
    """More than the share that is allowed, and than a few: a quiet night has four requests."""
    return count > max(_FEW, requests * night.settings.errors / 100)


def _of(count: int, total: int) -> str:
    return f"{count} of {total} ({100 * count / total if total else 0:.1f}%)"
