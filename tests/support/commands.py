"""Run the project's commands beside ``scrapy crawl``."""

from __future__ import annotations

import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from scrapy.cmdline import execute
from scrapy.settings import Settings


def run(output: Path, *line: str, status: int = 0) -> str:
    """Run ``scrapy LINE``: what it prints; what it says on standard error, where *status* isn't 0."""
    ended, printed, said = ran(output, *line)
    assert ended == status, said
    told, silent = (printed, said) if status == 0 else (said, printed)
    assert silent == ""
    return told


def ran(output: Path, *line: str) -> tuple[int, str, str]:
    """Run ``scrapy LINE``; return its exit status, what it printed, and what it said on standard error.

    Scrapy's own entry point runs it in this process: commands that read the state need no reactor, and a start costs
    more than they do. What a shell or a terminal makes of them is tried on processes.
    """
    argv = ["scrapy", *line, "-s", f"ENGCRAWL_OUTPUT={output}"]
    settings = Settings()
    settings.setmodule("engcrawl.settings", priority="project")
    printed, said = BytesIO(), StringIO()
    writer = TextIOWrapper(printed, "ascii")
    broken_pipe = signal.getsignal(signal.SIGPIPE)
    with pytest.MonkeyPatch.context() as changed, redirect_stdout(writer), redirect_stderr(said):
        changed.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as end:
            execute([*argv], settings)
    signal.signal(signal.SIGPIPE, broken_pipe)
    writer.flush()
    status = end.value.code
    assert isinstance(status, int)
    return status, printed.getvalue().decode(), said.getvalue()
