"""The Python of docs/using-the-data.md, run as it stands there on the archive of two nights."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.blog import Blog, Server
from tests.support.commands import run
from tests.support.crawls import crawl, environment
from tests.support.folders import ROOT
from tests.support.nights import newest

EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs/using-the-data.md").read_text("utf-8"), re.DOTALL)
PROGRAMS = [text for text in EXAMPLES if "import" in text]
SAID = (
    r"^20\d\d-\d\d-\d\d \S",
    r"^\d+ chunks, the first of http",
    r"│ +20\d\d │ +\d+ │",
    r"│ +\w+ .*┆ +\d+ +│",
    r"^20\d\d-\d\d-\d\d \| .* \| .*\[",
    r"title: \"[^\n]*\" -> \"Silently another\"\n.*\ncontent_markdown:\n--- before\n\+\+\+ after",
)
"""What each of them prints, among other things."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    output = folder / "output"
    with Server(Blog(40)) as server:
        assert crawl(output, site=server.url).status == 0
        server.blog.edit(newest(server.blog, 1)[0], title="Silently another")
        assert crawl(output, "-a", "full=yes", site=server.url).status == 0
    for form in ("parquet", "sqlite"):
        run(output, "export", "--format", form, str(folder / "export" / form))
    return folder


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_an_example_of_the_docs_prints_what_it_is_for(folder: Path, number: int) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAMS[number]],
        cwd=folder,
        env=environment(folder / "output")
        | {"PATH": path, "PYTHONPATH": str(ROOT), "SCRAPY_SETTINGS_MODULE": "engcrawl.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(SAID[number], done.stdout, re.MULTILINE), done.stdout


def test_each_example_is_held_to_what_it_prints() -> None:
    assert len(PROGRAMS) == len(SAID)
