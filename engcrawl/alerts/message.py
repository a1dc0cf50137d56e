"""The message: what someone needs who is woken by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engcrawl.alerts.night import Night
from engcrawl.state.lock import HOST
from engcrawl.text.urls import blog_key
from engcrawl.text.visible import visible

_MOST = 5
"""Problems that are named; the verdict has them all."""
_VALUES = ("run", "spider", "verdict", "exit_status", "reason", "start", "end")


@dataclass(frozen=True)
class Message:
    """A subject, a text, and the same for machines."""

    subject: str
    text: str
    values: dict[str, Any]

    @classmethod
    def of(cls, night: Night, failed: list[tuple[str, str]]) -> Message:
        """Return what there is to tell of a run of which monitors *failed*, each with what it says."""
        verdict, problems = night.verdict, night.verdict["problems"]
        site = verdict["arguments"]["site"]
        blog = site.partition("://")[2]
        lines = [
            f"{site}: {verdict['verdict']} (exit status {verdict['exit_status']})",
            verdict["reason"],
            "",
            *(f"- {name}: {told}" for name, told in failed),
            "",
            f"run      {verdict['run'] or verdict['spider'] + ', which could not begin'}",
            f"host     {HOST}",
            *([f"from     {verdict['start']} to {verdict['end']}"] if verdict["start"] else []),
            f"verdict  {night.file or 'not written: see the log'}",
            *(["", f"Unavailable ({len(problems)}):"] if problems else []),
            *(f"- {one['url']}: {one['reason']}" for one in problems[:_MOST]),
            *([f"- and {len(problems) - _MOST} more: the verdict has them"] if len(problems) > _MOST else []),
        ]
        alerts = [{"monitor": name, "message": told} for name, told in failed]
        return cls(
            visible(f"engcrawl: {blog}: {verdict['verdict']}, {len(failed)} alert{'s' if len(failed) > 1 else ''}"),
            "\n".join(map(visible, lines)),
            {key: verdict[key] for key in _VALUES}
            | {"site": site, "blog": blog_key(site), "host": HOST, "file": night.file, "alerts": alerts},
        )
