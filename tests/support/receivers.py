"""Those who are told: an SMTP server and an HTTP server on loopback, which keep what they get."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from types import TracebackType
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class Mail:
    """A mail, and how it came."""

    message: EmailMessage
    to: list[str]
    encrypted: bool
    login: tuple[bytes, bytes] | None


@dataclass
class Posted:
    """A request."""

    path: str
    authorization: str | None
    body: dict[str, Any]


class Receivers:
    """Both servers, in a thread. The HTTP server answers paths as `answers` says, else 200 and `{"ok": true}`;
    ``/drip`` without an end."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, implicit: bool = False) -> None:
        self.mails: list[Mail] = []
        self.posted: list[Posted] = []
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self._tls, self._implicit = tls, implicit
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Receivers:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def clear(self) -> None:
        """Forget what came so far."""
        self.mails.clear()
        self.posted.clear()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._post)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._smtp = await self._loop.create_server(
            self._session, "127.0.0.1", 0, ssl=self._tls if self._implicit else None
        )
        self.smtp_port = str(self._smtp.sockets[0].getsockname()[1])

    async def _stop(self) -> None:
        self._smtp.close()
        await self._runner.cleanup()

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname="localhost",
            tls_context=None if self._implicit else self._tls,
            require_starttls=self._tls is not None and not self._implicit,
            auth_require_tls=False,  # where the line is encrypted from the start, it doesn't know
            authenticator=lambda *a: AuthResult(success=True, auth_data=(a[4].login, a[4].password)),
            loop=self._loop,
        )

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(
            Mail(message, envelope.rcpt_tos, self._implicit or session.ssl is not None, session.auth_data)
        )
        return "250 OK"

    async def _post(self, request: web.Request) -> web.StreamResponse:
        kind = request.content_type
        body = await request.json() if kind == "application/json" else dict(await request.post())
        self.posted.append(Posted(request.path_qs, request.headers.get("Authorization"), body))
        if request.path == "/drip":
            return await self._drip(request)
        status, answer = self.answers.get(request.path, (200, {"ok": True}))
        return web.json_response(answer, status=status)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        while True:  # until the other side goes
            await stream.write(b" ")
            await asyncio.sleep(1)
