"""How long a robots.txt holds, and for which port; what it does to a crawl is in tests/crawl/test_robots.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings

from engcrawl.http.refused import Refused
from engcrawl.http.robots import OLDEST, RobotsTxt

URL = "https://blog.example/post/"
OPEN, SHUT = b"User-agent: *\nAllow: /\n", b"User-agent: *\nDisallow: /\n"
SLOW = b"User-agent: *\nCrawl-delay: 7\n"


def test_a_robots_txt_is_asked_for_anew_after_a_day_and_holds_on_while_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("engcrawl.http.robots.monotonic", lambda: now)
    asked: list[str] = []
    answers: list[tuple[int, bytes]] = [(200, OPEN), (503, b""), (200, SHUT)]
    robots = answered(asked, lambda _: answers.pop(0))

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


def test_each_port_of_a_host_has_its_crawl_delay_until_its_robots_txt_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("engcrawl.http.robots.monotonic", lambda: now)
    texts = {"blog.example": (200, SLOW), "blog.example:8443": (200, OPEN)}
    robots = answered([], lambda url: texts[urlsplit(url).netloc])

    async def crawl() -> None:
        nonlocal now
        for host in texts:
            await robots.process_request(Request(f"https://{host}/post/"))
        assert [robots.crawl_delay(host) for host in texts] == [7.0, None]
        texts["blog.example"], now = (404, b""), OLDEST + 1
        await robots.process_request(Request(URL))
        assert robots.crawl_delay("blog.example") is None

    asyncio.run(crawl())


def answered(asked: list[str], answer: Callable[[str], tuple[int, bytes]]) -> RobotsTxt:
    """Return the middleware of a crawler whose downloads are *answered* so, and noted."""

    async def download(request: Request) -> Response:
        asked.append(request.url)
        status, body = answer(request.url)
        return Response(request.url, status, body=body, request=request)

    crawler: Any = SimpleNamespace(
        settings=Settings({"ROBOTSTXT_OBEY": True, "USER_AGENT": "engcrawl"}),
        stats=SimpleNamespace(inc_value=lambda _: None),
        signals=SimpleNamespace(connect=lambda *_: None),
        engine=SimpleNamespace(download_async=download),
        spider=None,
    )
    return RobotsTxt(crawler)
