"""Measure peak memory at few and at many posts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.measure import cost, served
from tests.support.crawls import command


def memory(few: int, many: int) -> None:
    """Print the peak memory of a walk without articles over *few* and over *many* posts."""
    peaks = {}
    for posts in (few, many):
        with served(posts) as site, tempfile.TemporaryDirectory() as folder:
            line = command("-a", "articles=no", site=site.url)
            peaks[posts] = cost(line, Path(folder, "output")).peak
            print(f"{posts:>6} posts: peak {peaks[posts]:.0f} MB")
    print(f"difference: {peaks[many] - peaks[few]:.0f} MB")
