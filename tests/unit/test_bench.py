"""Hold the benchmarks to their arithmetic: what they print is what the docs repeat."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.measure import cost, table
from tests.bench.peers.aims import Aim, paired, printed
from tests.bench.sampling import IMPORTS, owner
from tests.support.folders import ROOT


def test_a_ratio_is_the_median_of_those_within_a_round() -> None:
    # A machine that is ten times as slow in one round changes no ratio.
    assert paired([1.0, 20.0, 3.0], [2.0, 40.0, 3.0], float) == 0.5


def test_aims_are_printed_with_their_bounds_and_whether_they_are_met() -> None:
    aims = [Aim("CPU", 1.0, 1), Aim("CPU", 1.01, 1), Aim("speed", 2.9, 3, least=True), Aim("peak", 9.6, 10, unit="MB")]
    assert printed(aims).splitlines() == [
        "| aim | measured | bound | met |",
        "| --- | ---: | ---: | --- |",
        "| CPU | 1.00 × | ≤ 1 × | yes |",
        "| CPU | 1.01 × | ≤ 1 × | **no** |",
        "| speed | 2.90 × | ≥ 3 × | **no** |",
        "| peak | 10 MB | ≤ 10 MB | yes |",
    ]


def test_a_table_is_markdown() -> None:
    assert table({"": "<", "MB": ">"}, [("a", "1")]) == "|  | MB |\n| --- | ---: |\n| a | 1 |"


def test_what_a_process_costs_counts_its_own_time_and_its_children_s(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    assert cost([sys.executable, "-c", busy], tmp_path).cpu >= 0.3
    assert cost([sys.executable, "-c", child], tmp_path).cpu >= 0.3


def test_a_process_must_end_as_it_should_and_in_time(tmp_path: Path) -> None:
    assert cost([sys.executable, "-c", "raise SystemExit(1)"], tmp_path, status=1).wall > 0
    with pytest.raises(SystemExit, match="exit status 1"):
        cost([sys.executable, "-c", "raise SystemExit(1)"], tmp_path)
    with pytest.raises(SystemExit, match="exit status -9"):
        cost([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, minutes=0.01)


@pytest.mark.parametrize(
    ("frame", "whose"),
    [
        (f"read ({ROOT}/engcrawl/pages/body.py:12)", "engcrawl.pages"),
        (f"<module> ({ROOT}/engcrawl/pipelines.py:1)", "engcrawl.pipelines"),
        ("_next (/x/lib/python3.11/site-packages/scrapy/core/engine.py:9)", "Scrapy and Twisted"),
        ("feed (/x/lib/python3.11/site-packages/bs4/element.py:9)", "bs4"),
        ("_find_and_load (<frozen importlib._bootstrap>:1176)", IMPORTS),
        ("loads (/x/lib/python3.11/json/__init__.py:346)", ""),
    ],
)
def test_a_frame_is_whose_file_it_is_in(frame: str, whose: str) -> None:
    assert owner(frame) == whose
