"""The digest: one message about the runs of many blogs, instead of an alert for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engcrawl.alerts.message import Message
from engcrawl.alerts.monitors import found
from engcrawl.alerts.night import Night
from engcrawl.errors import NoStateError, StateError
from engcrawl.fleet.schedule import last_planned
from engcrawl.report.freshness import last_runs
from engcrawl.report.output import Output
from engcrawl.state.lock import HOST
from engcrawl.text.dates import rfc3339
from engcrawl.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy.settings import BaseSettings

    from engcrawl.alerts.config import AlertSettings
    from engcrawl.fleet.blogs import Blog
    from engcrawl.fleet.states import States

_BACK = 30
"""The number of each blog's runs that monitors look at."""
_CHANGES = ("new", "updated", "gone")


@dataclass
class _Told:
    """The part of the digest about one blog."""

    verdict: str
    """The last run's verdict; or `overdue`, `not planned`, `never run` or `unreadable`."""
    runs: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    """The monitors that fail, each with its message."""


def digest(
    blogs: Iterable[Blog],
    states: States,
    settings: BaseSettings,
    alert_settings: AlertSettings,
    since: datetime,
    now: datetime,
) -> Message:
    """Return the message about all runs of *blogs* that ended after *since*, and about blogs without such a run.

    Monitors look at the last run of each blog.
    """
    output = Path(settings["ENGCRAWL_OUTPUT"])
    told: dict[str, _Told] = {}
    for blog in blogs:
        try:
            told[blog.key] = _blog(blog, states, Output(output / blog.key), alert_settings, since, now)
        except NoStateError:
            told[blog.key] = _Told("never run", alerts=[("Overdue", "the blog has never run")])
        except StateError as error:
            told[blog.key] = _Told("unreadable", alerts=[("State", str(error))])
    return _message(told, since, now)


def _blog(
    blog: Blog, states: States, output: Output, alert_settings: AlertSettings, since: datetime, now: datetime
) -> _Told:
    with states.open(blog.key) as state:
        runs = last_runs(state, _BACK)
    recent = [run for run in runs if datetime.fromisoformat(run["end"] or run["start"]) >= since]
    reports = [run["report"] for run in recent if run["report"]]
    changes = Counter({name: sum(one["posts"][name] for one in reports) for name in _CHANGES})
    planned = last_planned(blog.schedule, blog.key, now)
    if not recent:
        late = [("Overdue", f"no run since {rfc3339(since)}, though one was planned for {rfc3339(planned)}")]
        return _Told("overdue", alerts=late) if planned >= since else _Told("not planned")
    last = runs[0]
    if last["report"] is None:
        lost = [("NoneDied", f"{last['name']} died without a verdict")] if last["verdict"] == "died" else []
        return _Told(last["verdict"], len(recent), changes, lost)
    file = output.runs / f"{last['name']}.json"
    night = Night(alert_settings, last["report"], now, str(file) if file.exists() else None, runs[1:])
    return _Told(last["verdict"], len(recent), changes, found(night))


def _message(told: dict[str, _Told], since: datetime, now: datetime) -> Message:
    counts = Counter(one.verdict for one in told.values())
    changes = sum((one.changes for one in told.values()), Counter[str]())
    wrong = {key: one for key, one in told.items() if one.alerts}
    summary = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    lines = [
        f"{len(told)} blogs: {summary}",
        f"{sum(one.runs for one in told.values())} runs from {rfc3339(since)} to {rfc3339(now)}: "
        + ", ".join(f"{changes[name]} posts {name}" for name in _CHANGES),
    ]
    for key, one in wrong.items():
        lines += ["", f"{key}: {one.verdict}", *(f"- {name}: {text}" for name, text in one.alerts)]
    lines += ["", f"host     {HOST}"]
    return Message(
        visible(f"engcrawl: {len(told)} blogs: {summary}"),
        "\n".join(map(visible, lines)),
        {
            "since": rfc3339(since),
            "until": rfc3339(now),
            "host": HOST,
            "verdicts": dict(counts),
            "posts": {name: changes[name] for name in _CHANGES},
            "blogs": _wrong(wrong),
        },
    )


def _wrong(wrong: dict[str, _Told]) -> list[dict[str, Any]]:
    """Return the blogs with alerts, as the webhook gets them."""
    return [
        {
            "blog": key,
            "verdict": one.verdict,
            "alerts": [{"monitor": name, "message": text} for name, text in one.alerts],
        }
        for key, one in wrong.items()
    ]
