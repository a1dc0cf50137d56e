"""Settings that can't be: what the one who gave them reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.crawls import crawl


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("LOG_LEVEL=LOUD", "LOG_LEVEL=LOUD: must be CRITICAL, ERROR, WARNING, INFO or DEBUG"),
        (
            "LOG_FILE=/no/such/folder/log",
            "LOG_FILE=/no/such/folder/log: can't be written: [Errno 2] No such file or directory",
        ),
    ],
)
def test_a_log_that_cannot_be_is_a_usage_error(output: Path, setting: str, said: str) -> None:
    done = crawl(output, "-s", setting)
    assert (done.status, len(done.log.splitlines())) == (2, 1)
    assert done.log.startswith(f"scrapy crawl: setting {said}")


@pytest.mark.parametrize("setting", ["DOWNLOAD_DELAY=soon", 'EXTENSIONS={"no.such.Extension": 1}'])
def test_a_run_that_could_not_begin_says_why(output: Path, unused_port: int, setting: str) -> None:
    done = crawl(output, "-s", setting, site=f"http://127.0.0.1:{unused_port}")
    assert done.status == 1
    assert re.search(r"Verdict: failed \(exit status 1\): \w+Error: ", done.log)
    assert "Traceback" in done.log
