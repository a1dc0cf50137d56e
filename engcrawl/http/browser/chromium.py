"""Chromium: find the program to start, and its options."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scrapy.exceptions import IgnoreRequest

logger = logging.getLogger(__name__)

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome")

_QUIET = (
    # A browser that does its work calls nobody on its own account.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # WebRTC asks no resolver and no route: without this a page's script sends UDP to any address, private ones too.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Pictures aren't even asked for: each would be a request that Playwright remembers as long as its page is open.
    "--blink-settings=imagesEnabled=false",
)


class NoChromiumError(IgnoreRequest):
    """There is no Chromium for the request; the message says what to run."""


def arguments(addresses: Mapping[str, str]) -> list[str]:
    """Return Chromium's command line: quiet, and able to find the hosts of *addresses* there, and no other."""
    rules = [f"MAP {host} {address}" for host, address in addresses.items()]
    return [*_QUIET, f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}"]


def launch_options(own: str) -> dict[str, Any]:
    """Return Playwright's options to start a Chromium: which program, and its sandbox. Raises NoChromiumError.

    *own* is where Playwright's would be, which it finds by itself.
    """
    program = _executable(own)
    why_not = _no_sandbox_here()
    logger.info("Starting Chromium (%s), sandbox %s", program, f"off: {why_not}" if why_not else "on")
    options: dict[str, Any] = {"chromium_sandbox": why_not is None}
    return options if program == own else options | {"executable_path": program}


def _executable(own: str) -> str:
    """Return the Chromium to start: ``ENGCRAWL_CHROMIUM``, else *own* if it is there, else the system's."""
    if named := os.environ.get("ENGCRAWL_CHROMIUM"):
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise NoChromiumError(f"ENGCRAWL_CHROMIUM={named} is no program that can be started")
        return named
    found = own if Path(own).exists() else next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)
    if found is None:
        raise NoChromiumError(
            "no Chromium: run `playwright install --with-deps chromium`, or install your system's package"
            " (Debian: `apt-get install chromium`), or set ENGCRAWL_CHROMIUM to one"
        )
    return found


def _no_sandbox_here() -> str | None:
    """Return why Chromium's sandbox can't work here; None where it can."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return "running as root"
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists() or "container" in os.environ:
        return "running in a container"
    return None
