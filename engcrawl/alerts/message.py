"""The message: what someone needs who is woken by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from engcrawl.alerts.night import Night
from engcrawl.state.lock import HOST
from engcrawl.text.visible import visible

_MOST = 5
"""Problems that are named; the verdict has them all."""


@dataclass(frozen=True)
class Message:
    """A subject, a text, and the same for machines."""

    subject: str
    text: str
    values: dict[str, Any]

    @classmethod
    def of(cls, night: Night, failed: list[tuple[str, str]]) -> Message:
        """What *failed*, monitors with what they say, tells about a run."""
        verdict = night.verdict
        site = verdict["arguments"]["site"]
        count = f"{len(failed)} alert{'s' if len(failed) > 1 else ''}"
        address = urlsplit(site)
        subject = visible(f"engcrawl: {address.netloc}{address.path}: {verdict['verdict']}, {count}")
        file = str(night.file) if night.file else None
        lines = [
            f"{site}: {verdict['verdict']} (exit status {verdict['exit_status']})",
            verdict["reason"],
            "",
            *(f"- {name}: {told}" for name, told in failed),
            "",
            f"run      {verdict['run'] or verdict['spider'] + ', which could not begin'}",
            f"host     {HOST}",
            *([f"from     {verdict['start']} to {verdict['end']}"] if verdict["start"] else []),
            f"verdict  {file or 'not written: see the log'}",
        ]
        problems = verdict["problems"]
        if problems:
            lines += ["", f"Could not be had ({len(problems)}):"]
            lines += [f"- {one['url']}: {one['reason']}" for one in problems[:_MOST]]
            lines += [f"- and {len(problems) - _MOST} more: the verdict has them"] if len(problems) > _MOST else []
        values = {key: verdict[key] for key in ("run", "spider", "verdict", "exit_status", "reason", "start", "end")}
        values |= {"site": site, "host": HOST, "file": file}
        values["alerts"] = [{"monitor": name, "message": told} for name, told in failed]
        return cls(subject, "\n".join(map(visible, lines)), values)
