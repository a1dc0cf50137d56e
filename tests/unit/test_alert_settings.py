"""Read the alerts' variables, and hold the documentation to them and to the monitors."""

from __future__ import annotations

import re

import pytest

from engcrawl.alerts import PREFIX
from engcrawl.alerts.config import AlertSettings
from engcrawl.alerts.monitors import MONITORS
from engcrawl.errors import UsageError
from tests.support.folders import ROOT

SECRET = "s3cr3t-8Kq"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"MAX_AGE": "26h"}, "alerts go to nobody: set ENGCRAWL_ALERT_EMAIL_TO, "),
        ({"WEBHOK": "http://x"}, "unknown variable ENGCRAWL_ALERT_WEBHOK: there are ENGCRAWL_ALERT_EMAIL_TO, "),
        ({"WEBHOOK": SECRET}, "ENGCRAWL_ALERT_WEBHOOK: must be an address with http:// or https://"),
        ({"SLACK_TOKEN": SECRET}, "ENGCRAWL_ALERT_SLACK_TOKEN: needs ENGCRAWL_ALERT_SLACK_CHANNEL too"),
        ({"TELEGRAM_CHAT": "-1"}, "ENGCRAWL_ALERT_TELEGRAM_CHAT: needs ENGCRAWL_ALERT_TELEGRAM_TOKEN too"),
        ({"EMAIL_TO": "ops"}, "ENGCRAWL_ALERT_EMAIL_TO=ops: must be mail addresses like ops@example.com"),
        ({"EMAIL_FROM": "a@b\r\nBcc: c@d"}, "must be mail addresses like ops@example.com"),
        ({"SMTP_SECURITY": "ssl"}, "ENGCRAWL_ALERT_SMTP_SECURITY=ssl: must be none, starttls or implicit"),
        (
            {"EMAIL_TO": "a@b", "SMTP_HOST": "h", "SMTP_USER": "u", "SMTP_PASSWORD": SECRET},
            "ENGCRAWL_ALERT_SMTP_PASSWORD: needs ENGCRAWL_ALERT_SMTP_SECURITY=starttls or implicit",
        ),
        ({"SMTP_PORT": "0"}, "ENGCRAWL_ALERT_SMTP_PORT=0: must be a port, from 1 to 65535"),
        ({"MAX_AGE": "26"}, "ENGCRAWL_ALERT_MAX_AGE=26: must be a whole number of minutes, hours or days"),
        ({"TOLERANCE": "101"}, "ENGCRAWL_ALERT_TOLERANCE=101: must be a whole number of percent, from 0 to 100"),
    ],
)
def test_a_wrong_variable_is_named_and_no_secret(variables: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        AlertSettings.of({f"ENGCRAWL_ALERT_{name}": value for name, value in variables.items()})
    assert said in str(raised.value)
    assert SECRET not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_every_monitor_and_every_way_to_be_told_is_in_the_docs() -> None:
    text = (ROOT / "docs/alerts.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [monitor.__name__ for monitor in MONITORS]
    variables = {PREFIX + name.upper() for name in AlertSettings.model_fields}
    named = set(re.findall(rf"{PREFIX}\w+", text))
    assert named <= variables
    assert {one for one in variables if one.endswith(("_TO", "_TOKEN", "WEBHOOK"))} <= named
