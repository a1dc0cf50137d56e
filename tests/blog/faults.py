"""Faults that can be switched on, each for the addresses that match, a number of times; and what they send."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

CHALLENGE = """<!DOCTYPE html><html><head><title>Just a moment...</title></head>
<body><h1>Checking your browser</h1><script>setTimeout(function(){location.reload()}, 5000)</script></body></html>"""
LOGIN = """<!DOCTYPE html><html><head><title>Log In</title></head><body class="login">
<form id="loginform" method="post"><input name="log"><input name="pwd" type="password"></form></body></html>"""
SCRIPTS = {
    "dead_click": "/* nothing */",
    "leave": "document.querySelector('.loadmore-btn').onclick = function () { location.href = '/category/web/'; };",
    "no_button": "document.querySelector('.loadmore-btn').onclick = function () { this.remove(); };",
}
DIALOG = "document.querySelector('.loadmore-btn').onclick = function () { confirm('Stay?'); alert('Good.'); };"

Kind = Literal[
    "status",  # answer with `status` and `headers`
    "retry_after_date",  # answer with `status` and a Retry-After of `seconds` from now, as a date
    "reset",  # drop the connection without an answer
    "truncated",  # announce the whole body, send half of it
    "cut",  # half of the body, announced as if it were the whole
    "slow",  # send the body in pieces over `seconds`
    "challenge",  # 200, and a page that wants to see a browser
    "empty",  # 200, and nothing
    "login",  # 200, and a login form
    "loop",  # the next page is the first one
    "same",  # the next page is this one
    "stray",  # the next page is another category's
    "skip",  # the next page is the one after it
    "no_next",  # no link to the next page
    "no_posts",  # a listing without posts
    "publish",  # a post is published before the answer
    "remove",  # the post number `post` is taken down before the answer
    "fewer",  # REST's posts, a sitemap or a feed has every second post only, and counts no others
    "overclaims",  # REST counts 7 posts more than it has
    "offsite",  # redirect to another host
    "forbid",  # a robots.txt that forbids all
    "dead_click",  # the button's script does nothing
    "dialog",  # the button's script first asks something
    "leave",  # the button's script goes to another page
    "consent",  # a bar lies over the button
    "repeat",  # the button brings the first page's posts again
    "no_button",  # the button goes before the last page is there
    "no_validators",  # no ETag, no Last-Modified, and never 304
    "theme",  # an article in another theme: nobody's name, and more in the title than the title
    "trackers",  # the page wants fonts, pictures and scripts, its own and others'
]


@dataclass
class Fault:
    """A fault of the server."""

    kind: Kind
    match: str
    """A regular expression that the path must match as a whole."""
    times: int = 1_000_000
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    after: int = 0
    """How often it doesn't strike first."""
    post: int = 0
    """The number of the post that is taken down."""
    page: str = ".*"
    """A regular expression that the page which asks (``Referer``) must match."""

    def hits(self, path: str, page: str) -> bool:
        """Whether the fault strikes this time; it then has one time less."""
        if not (self.times and re.fullmatch(self.match, path) and re.fullmatch(self.page, page)):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


async def in_pieces(request: web.Request, answer: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    """Send an answer slowly, or half of it."""
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    body = answer.body
    half = body[: len(body) // 2]
    sent = half if fault.kind == "cut" else body
    stream = web.StreamResponse(status=answer.status, headers={**answer.headers, "Content-Length": str(len(sent))})
    await stream.prepare(request)
    if fault.kind == "slow":
        for start in range(0, len(body), len(body) // 5 + 1):
            await stream.write(body[start : start + len(body) // 5 + 1])
            await asyncio.sleep(fault.seconds / 5)
    else:
        await stream.write(half)
    if fault.kind == "truncated":
        assert request.transport is not None
        request.transport.close()
    return stream
