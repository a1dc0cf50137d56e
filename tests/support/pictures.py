"""Make the pictures of the docs from real runs: ``make pictures``."""

from __future__ import annotations

import io
import re
import shutil
import sys

from rich.console import Console
from rich.text import Text

from tests.blog import Blog, Server
from tests.blog.demo import POSTS
from tests.support.crawls import command
from tests.support.folders import ROOT
from tests.support.seen import chromium
from tests.support.terminal import SHOW, on_terminal

OUTPUT = ROOT / "output" / "pictures"
WIDTH = 80
PORT = 8000
_FRAME = re.compile(r"(?:\r|\x1b\[2K|\x1b\[1A)+(?=\S)")
"""What rich writes to draw its display once more."""


def terminal() -> None:
    """Write ``docs/terminal.svg``: a crawl of the demo's blog on a terminal, in the middle and at its end."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    with Server(Blog(POSTS), port=PORT) as server:
        crawl = command("-a", "inventory=yes", site=server.url, settings={"ENGCRAWL_REPORT": "yes"})
        shown = on_terminal(crawl, OUTPUT, width=WIDTH, COLORTERM="truecolor", LINES="24")
        line = f"$ scrapy crawl archive -a site={server.url}"
    frames = [frame for frame in _FRAME.split(shown.raw) if re.search(r"posts .* left", frame)]
    display, end = frames[len(frames) // 2], shown.raw[: shown.raw.rindex(SHOW)].rpartition(SHOW)[2]
    picture = Console(record=True, width=WIDTH, file=io.StringIO())
    for part in (line, shown.raw.partition("\r\n")[0], display.replace("\r", ""), "", end.replace("\r", "").strip()):
        picture.print(Text.from_ansi(part), soft_wrap=True)
    svg = picture.export_svg(title="scrapy crawl", unique_id="terminal")
    # Without fonts of others' hosts: a reader's own will do.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    (ROOT / "docs" / "terminal.svg").write_text("\n".join(map(str.rstrip, svg.splitlines())) + "\n", "utf-8")


def report() -> None:
    """Write ``docs/report.png``: the beginning of the report that the crawl of `terminal` wrote."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1080, "height": 1480}, color_scheme="light")
        page.goto((OUTPUT / "report.html").as_uri())
        page.screenshot(path=ROOT / "docs" / "report.png")


def main() -> int:
    """Make all pictures."""
    terminal()
    report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
