"""How long a robots.txt holds; what it does to a crawl is in tests/crawl/test_robots.py."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings

from engcrawl.http.refused import Refused
from engcrawl.http.robots import OLDEST, RobotsTxt

URL = "https://blog.example/post/"
OPEN, SHUT = b"User-agent: *\nAllow: /\n", b"User-agent: *\nDisallow: /\n"


def test_a_robots_txt_is_asked_for_anew_after_a_day_and_holds_on_while_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("engcrawl.http.robots.monotonic", lambda: now)
    asked: list[str] = []
    answers: list[tuple[int, bytes]] = [(200, OPEN), (503, b""), (200, SHUT)]

    async def download(request: Request) -> Response:
        asked.append(request.url)
        status, body = answers.pop(0)
        return Response(request.url, status, body=body, request=request)

    crawler: Any = SimpleNamespace(
        settings=Settings({"ROBOTSTXT_OBEY": True, "USER_AGENT": "engcrawl"}),
        stats=SimpleNamespace(inc_value=lambda _: None),
        signals=SimpleNamespace(connect=lambda *_: None),
        engine=SimpleNamespace(download_async=download),
        spider=None,
    )
    robots = RobotsTxt(crawler)

    async def crawl() -> None:
        nonlocal now
        await asyncio.gather(*(robots.process_request(Request(URL)) for _ in range(3)))
        assert asked == ["https://blog.example/robots.txt"]
        now = OLDEST + 1
        await robots.process_request(Request(URL))  # 503: the rules of before
        await robots.process_request(Request(URL))
        assert len(asked) == 2
        now = 2 * OLDEST + 2
        with pytest.raises(Refused, match=r"Forbidden by robots\.txt"):
            await robots.process_request(Request(URL))
        assert len(asked) == 3

    asyncio.run(crawl())
