"""``make pictures``: the pictures of the README, of the demo's archive, by a real Chromium. A function each."""

from __future__ import annotations

from pathlib import Path

from tests.blog.demo import OUTPUT
from tests.support.folders import ROOT
from tests.support.seen import chromium


def report() -> Path:
    """Take a picture of the beginning of the demo's report."""
    path = ROOT / "docs" / "report.png"
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1080, "height": 1480}, color_scheme="light")
        page.goto((ROOT / OUTPUT / "report.html").as_uri())
        page.screenshot(path=path)
    return path


def main() -> None:
    """Take all of them."""
    print(report())


if __name__ == "__main__":
    main()
