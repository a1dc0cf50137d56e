"""Get a Chromium for the tests where there is none: ``python -m tests.support.get_chromium``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

from engcrawl.http.browser.chromium import NoChromiumError, launch_options


def starts() -> bool:
    """Whether a Chromium is there; one that is there and doesn't start is an error."""
    with sync_playwright() as playwright:
        try:
            options = launch_options(playwright.chromium.executable_path)
        except NoChromiumError as error:
            print(error)
            return False
        playwright.chromium.launch(**options).close()
    return True


def main() -> int:
    """Playwright's own where it can be downloaded, else the system's package where it may be installed."""
    if starts():
        return 0
    root = os.geteuid() == 0
    download = [sys.executable, "-m", "playwright", "install", *(["--with-deps"] if root else []), "chromium"]
    if subprocess.run(download, check=False, timeout=900).returncode == 0 and starts():
        return 0
    if root and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", "chromium"], check=True, stdout=subprocess.DEVNULL)
        if starts():
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
