"""Monitors and notifiers, run by Spidermon."""

from __future__ import annotations

import logging

from spidermon import MonitorSuite
from spidermon.results.monitor import MonitorResult
from spidermon.runners import MonitorRunner
from spidermon.settings import ACTION

from engcrawl.alerts.monitors import MONITORS
from engcrawl.alerts.night import Night
from engcrawl.alerts.notifiers import findings, notifiers

logger = logging.getLogger(__name__)

_TALKATIVE = {"urllib3": logging.INFO, "slack_sdk": logging.CRITICAL}
"""Loggers that write addresses and headers, with the secrets in them, or what is said here."""


class RunSuite(MonitorSuite):
    """All monitors; what they find is in the log too."""

    monitors = MONITORS

    def on_monitors_failed(self, result: MonitorResult) -> None:
        for monitor, told in findings(result):
            logger.warning("Alert: %s: %s", monitor, told)


def look(night: Night) -> None:
    """Have all monitors look at a run, and people told where one fails."""
    for name, level in _TALKATIVE.items():
        logging.getLogger(name).setLevel(level)
    result = MonitorRunner().run(RunSuite(monitors_failed_actions=notifiers(night.settings)), night=night)
    sent = [one.action.name for one in result.monitors_failed_action_results if one.status == ACTION.STATUS.SUCCESS]
    if sent:
        logger.info("Alert sent: %s", ", ".join(sent))
