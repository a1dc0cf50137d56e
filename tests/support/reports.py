"""Reports for tests, and how they look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parsel import Selector
from playwright.sync_api import Browser

from tests.support.crawls import Crawl
from tests.support.seen import Look, look_at

NASTY = "<script>alert(1)</script><b>x"


@dataclass
class Told:
    """A report, and the crawl that it is of."""

    crawl: Crawl
    path: Path

    @property
    def page(self) -> Selector:
        return Selector(self.path.read_text("utf-8"))

    def text(self, heading: str | None = None) -> str:
        """The text of the section under a heading, or of the whole page."""
        under = f"//section[h2='{heading}']" if heading else "//body"
        return " ".join(" ".join(self.page.xpath(f"{under}//text()").getall()).split())


def seen(browser: Browser, path: Path) -> Look:
    return look_at(browser, path.as_uri(), path.parent.as_uri())
