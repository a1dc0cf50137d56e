"""Which Chromium, and how it is started."""

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


def executable(own: str) -> str | None:
    """The Chromium to start: ``ENGCRAWL_CHROMIUM``, else Playwright's at *own* (then None: Playwright knows best),
    else the system's.

    Raises NoChromiumError.
    """
    if named := os.environ.get("ENGCRAWL_CHROMIUM"):
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise NoChromiumError(f"ENGCRAWL_CHROMIUM={named} is no program that can be started")
        return named
    if Path(own).exists():
        return None
    system = next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)
    if system is None:
        raise NoChromiumError(
            "no Chromium: run `playwright install --with-deps chromium`, or install your system's package"
            " (Debian: `apt-get install chromium`), or set ENGCRAWL_CHROMIUM to one"
        )
    return system


def arguments(addresses: Mapping[str, str]) -> list[str]:
    """Chromium's command line: quiet, and able to find the hosts of *addresses* there, and no other."""
    rules = [f"MAP {host} {address}" for host, address in addresses.items()]
    return [*_QUIET, f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}"]


def launch_options(own: str) -> dict[str, Any]:
    """Playwright's options to start it: which program, and its sandbox. Raises NoChromiumError."""
    options: dict[str, Any] = {}
    if program := executable(own):
        options["executable_path"] = program
    why_not = _no_sandbox_here()
    options["chromium_sandbox"] = why_not is None
    logger.info("Starting Chromium (%s), sandbox %s", program or own, f"off: {why_not}" if why_not else "on")
    return options


def _no_sandbox_here() -> str | None:
    """Why Chromium's sandbox can't work here; None where it can."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return "running as root"
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists() or "container" in os.environ:
        return "running in a container"
    return None
