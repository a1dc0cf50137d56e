"""Servers and settings for the tests of security."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

LISTINGS = ("-a", "articles=no", "-a", "pagination=links")


def answering(text: str, kind: str) -> Callable[[web.Request], Any]:
    """What answers with *text*."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind)

    return answer


# Secrets


def written(output: Path) -> str:
    """All that is in a folder."""
    return "\n".join(path.read_bytes().decode("latin-1") for path in output.rglob("*") if path.is_file())
