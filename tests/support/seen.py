"""Look at a page as people do: in a real Chromium, on a desktop and a phone, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from engcrawl.http.browser.chromium import launch_options

WIDTHS = {"desktop": (1280, 900), "phone": (375, 812)}
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_SERIOUS = {"serious", "critical"}


@dataclass
class Look:
    """What a look at a page found that shouldn't be there: nothing, of a page that is as it should be."""

    console: list[str] = field(default_factory=list)
    """Errors and warnings in the browser's console, and of scripts."""
    left: list[str] = field(default_factory=list)
    """Requests for anything outside of where the page may be from."""
    wider: list[str] = field(default_factory=list)
    """Views in which the page scrolls sideways."""
    findings: list[str] = field(default_factory=list)
    """Serious findings of axe."""
    unreached: list[str] = field(default_factory=list)
    """Links that the Tab key doesn't reach."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium that crawls would start too."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(playwright.chromium.executable_path))
        yield browser
        browser.close()


def look_at(browser: Browser, url: str, within: str, pictures: Path | None = None) -> Look:
    """Open *url* in each view; nothing outside of *within*, the beginning of addresses, is to be asked for.

    With *pictures*, a folder, a screenshot of each view is left there.
    """
    look = Look()
    for name, (width, height) in WIDTHS.items():
        for scheme in SCHEMES:
            page = _open(browser, url, within, look, width=width, height=height, scheme=scheme)
            view = f"{name}, {scheme}"
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                look.wider.append(view)
            look.findings += [f"{view}: {one}" for one in _findings(page)]
            if pictures:
                page.screenshot(path=pictures / f"{name}-{scheme}.png", full_page=True)
            if (name, scheme) == ("desktop", "light"):
                look.unreached = _unreached(page)
            page.context.close()
    return look


def _open(browser: Browser, url: str, within: str, look: Look, *, width: int, height: int, scheme: Scheme) -> Page:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=False)
    page = context.new_page()
    page.on("console", lambda said: look.console.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: look.console.append(str(error)))
    page.on("request", lambda asked: look.left.append(asked.url) if not asked.url.startswith(within) else None)
    page.goto(url)
    return page


def _findings(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in _SERIOUS
    ]


def _unreached(page: Page) -> list[str]:
    """Return the links that no press of the Tab key leads to, where all that is folded is open."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    links: list[str] = page.evaluate(
        "[...document.querySelectorAll('a[href]')].filter(a => a.checkVisibility()).map(a => a.href)"
    )
    reached = set()
    for _ in range(len(links) + page.locator("[tabindex], summary, input, textarea, button, select").count()):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.href || ''"))
    return [link for link in links if link not in reached]
