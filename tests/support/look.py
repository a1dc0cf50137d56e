"""Look at a page in real Chromium, as a person would at some width, by day or by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from engcrawl.http.browser.chromium import launch_options

_HERE = ("http://127.0.0.1:", "file:", "data:")


@contextmanager
def opened() -> Iterator[Page]:
    """A page of a new Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(playwright.chromium.executable_path))
        try:
            yield browser.new_page()
        finally:
            browser.close()


def look(page: Page, *, width: int, dark: bool) -> list[str]:
    """Load the page again; return what is wrong: console, requests elsewhere, sideways scrolling, accessibility."""
    problems: list[str] = []
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if dark else "light")
    here = page.url
    listeners: dict[Any, Callable[[Any], None]] = {
        "console": lambda said: problems.append(f"console: {said.text}") if said.type == "error" else None,
        "pageerror": lambda error: problems.append(f"script: {error}"),
        "request": lambda asked: None if asked.url.startswith(_HERE) else problems.append(f"request: {asked.url}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(here.partition("#")[0], wait_until="networkidle")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append("scrolls sideways")
    for found in Axe().run(page).response["violations"]:
        if found["impact"] in ("serious", "critical"):
            problems.append(f"axe: {found['id']}: {[node['html'] for node in found['nodes']][:3]}")
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    return [f"{here} at {width}{', dark' if dark else ''}: {problem}" for problem in problems]
