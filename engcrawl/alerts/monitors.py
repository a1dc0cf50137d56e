"""The monitors: each looks at one thing, and says with numbers what is wrong. docs/alerts.md says what to do.

They stand in the order in which they are run, and told.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime
from itertools import takewhile

from spidermon import Monitor, MonitorSuite
from spidermon.runners import MonitorRunner

from engcrawl.alerts.message import Message
from engcrawl.alerts.night import Night
from engcrawl.alerts.notifiers import notify
from engcrawl.report.freshness import newest, where, whole
from engcrawl.text.durations import readable

logger = logging.getLogger(__name__)

_FEW = 5
"""Requests that may go wrong in any run."""
_COVERED = (("published_date", "own"), ("published_at", "own"), ("authors", "own"), ("content_html", "open"))
"""The fields, and of which posts they are counted."""
_TALKATIVE = {"urllib3": logging.INFO, "slack_sdk": logging.CRITICAL}
"""Loggers that write addresses and headers, with the secrets in them, or what is said here."""


class RunMonitor(Monitor):
    """A monitor of a run that is over."""

    @property
    def night(self) -> Night:
        """Return the run."""
        return self.data.night

    def counts(self, prefix: str) -> dict[str, int]:
        """Return the counts that Scrapy's stats have under a prefix, by what comes after it."""
        stats = self.night.verdict.get("stats", {})
        return {name.removeprefix(prefix): count for name, count in stats.items() if name.startswith(prefix)}

    def fail_if_many(self, count: int, told: str) -> None:
        """Fail where *count* of the requests are more than the share that is allowed, and than a few.

        A quiet night has four requests.
        """
        requests = self.counts("downloader/").get("request_count", 0)
        if count > max(_FEW, requests * self.night.settings.errors / 100):
            self.fail(f"{_of(count, requests)} requests {told}")


class VerdictComplete(RunMonitor):
    """The run's verdict is `complete`.

    A run with `max_pages` always ends `stopped`, and `inventory` finds posts that the next run of `archive` fetches:
    neither is an alert.
    """

    def test(self) -> None:
        verdict = self.night.verdict
        outcome, status, reason = (verdict[key] for key in ("verdict", "exit_status", "reason"))
        limited = outcome == "stopped" and verdict["arguments"].get("max_pages")
        counted = outcome == "incomplete" and verdict["spider"] == "inventory" and not verdict["problems"]
        if outcome != "complete" and not (limited or counted):
            self.fail(f"the verdict is {outcome} (exit status {status}): {reason}")


class NoneDied(RunMonitor):
    """The run before came to its end: it wasn't killed, and its machine didn't go down."""

    def test(self) -> None:
        died = list(takewhile(lambda run: run["verdict"] == "died", self.night.earlier))
        if died:
            names = ", ".join(f"{run['name']} ({where(run)})" for run in died[:3])
            more = f" and {len(died) - 3} more" if len(died) > 3 else ""
            self.fail(f"{len(died)} before this one died without a verdict: {names}{more}")


class CompleteLately(RunMonitor):
    """The archive was complete not longer ago than `ENGCRAWL_ALERT_MAX_AGE`, by a run that took all of it."""

    def test(self) -> None:
        night = self.night
        runs = [night.verdict | {"name": night.verdict["run"]}, *night.earlier]
        begun = [run for run in runs if whole(run) and run["start"]]
        if not begun:
            return  # nobody asks for the whole archive
        if last := newest(runs, "complete"):
            since, what = last["end"], f"the last complete run, {last['name']}, ended"
        else:
            since, what = begun[-1]["start"], f"no run was complete since {begun[-1]['name']}, which began"
        age = night.now - datetime.fromisoformat(since)
        if age > night.settings.max_age:
            self.fail(f"{what} {readable(age)} ago; {readable(night.settings.max_age)} are allowed")


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

    def test(self) -> None:
        now, earlier = self.night.coverage
        fell = []
        for name, of in _COVERED if earlier else ():
            lack = now[of] - now[name]
            before = min((one[of] - one[name], one[name], one[of]) for one in earlier)
            if self.night.worse(lack, before[0], now[of]):
                fell.append(f"{name} in {_of(now[name], now[of])}, before in {_of(*before[1:])}")
        if fell:
            self.fail("fields that posts had are missing: " + "; ".join(fell))


class ThemeUnchanged(RunMonitor):
    """Pages and REST contradict each other no more often than before, in any field."""

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


class ErrorsFew(RunMonitor):
    """Few requests ended in an error: no answer at all, or one of the server's (5xx, 429)."""

    def test(self) -> None:
        answers = self.counts("downloader/response_status_count/")
        errors = sum(count for status, count in answers.items() if status.startswith("5") or status == "429")
        silent = self.counts("downloader/").get("exception_count", 0)
        self.fail_if_many(errors + silent, f"failed: {silent} without an answer")


class RetriesFew(RunMonitor):
    """Few requests had to be made again: after an error, or for a page that only pretended to be one."""

    def test(self) -> None:
        reasons = Counter(self.counts("retry/reason_count/")).most_common(3)
        why = ", ".join(f"{name.rpartition('.')[2]} {count} times" for name, count in reasons)
        self.fail_if_many(self.counts("retry/").get("count", 0), f"were retries: {why}")


MONITORS = RunMonitor.__subclasses__()


def found(night: Night) -> list[tuple[str, str]]:
    """Run all monitors on a run; return those that fail, each with what it says."""
    for name, level in _TALKATIVE.items():
        logging.getLogger(name).setLevel(level)
    return [
        (one.monitor.monitor_name, one.reason or f"the monitor itself failed: {one.error.strip().splitlines()[-1]}")
        for one in MonitorRunner().run(MonitorSuite(monitors=MONITORS), night=night).monitors_failed_results
    ]


def look(night: Night) -> None:
    """Run all monitors on a run; log what they find, and send it."""
    failed = found(night)
    for monitor, told in failed:
        logger.warning("Alert: %s: %s", monitor, told)
    if failed:
        notify(night.settings, Message.of(night, failed))


def _of(count: int, total: int) -> str:
    return f"{count} of {total} ({100 * count / total if total else 0:.1f}%)"
