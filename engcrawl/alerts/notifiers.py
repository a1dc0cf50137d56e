"""The notifiers: each way to tell people has a time after which it is given up, and errors of one line.

Spidermon's own actions for mail and chats aren't used: they have no such time, check no certificate, take some errors
for success, put texts into addresses and markup as they are, and ask Slack for all members of its workspace.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from functools import partial
from typing import Any

import requests
from slack_sdk import WebClient

from engcrawl.alerts.config import AlertSettings
from engcrawl.alerts.message import Message
from engcrawl.state.lock import HOST
from engcrawl.text.visible import visible

logger = logging.getLogger(__name__)

_TIMEOUT = 8
"""Seconds that one answer may take."""
_DEADLINE = 10
"""Seconds after which a notifier is given up, whatever it does: looking a name up has no timeout of its own."""
_CHAT = 1800
"""Signs of a message in a chat, at most: Discord takes 2,000."""
_ANSWER = 200
"""Signs of an answer that says why it is none, at most."""


def notify(settings: AlertSettings, message: Message) -> dict[str, str | None]:
    """Send *message* in each way that is switched on, one after the other; return why it wasn't, None where it was."""
    ways = [(name, send) for name, (switch, send) in _NOTIFIERS.items() if getattr(settings, switch)]
    failed = {name: _failure(name, send, settings, message) for name, send in ways}
    if sent := [name for name, why in failed.items() if why is None]:
        logger.info("Alert sent: %s", ", ".join(sent))
    return failed


def _failure(
    name: str, send: Callable[[AlertSettings, Message], None], settings: AlertSettings, message: Message
) -> str | None:
    """Send in a thread, and wait for it as long as is reasonable; the process' end doesn't wait for it."""
    done: Future[None] = Future()

    def run() -> None:
        try:
            send(settings, message)
            done.set_result(None)
        except BaseException as error:  # noqa: BLE001 - it is raised where the thread is waited for
            done.set_exception(error)

    threading.Thread(target=run, name=f"alert-{name}", daemon=True).start()
    try:
        done.result(_DEADLINE)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others are to be told
        why = _plain(error, settings.secrets)
        logger.error("Alert not sent: %s: %s", name, why)  # noqa: TRY400 - secrets
        return why
    return None


def _plain(error: BaseException, secrets: list[str]) -> str:
    """Return the error that lies beneath, in one line without secrets."""
    while error.__context__ is not None:
        error = error.__context__
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, TimeoutError) and not error.args:
        said = f"not done in {_DEADLINE} seconds"
    elif isinstance(error, requests.HTTPError) and error.response is not None:
        said = f"HTTP {error.response.status_code}: {error.response.text[:_ANSWER]}"
    for secret in secrets:
        said = said.replace(secret, "***")
    return visible(" ".join(said.split()))


def _webhook(settings: AlertSettings, message: Message) -> None:
    text = _plain_in_slack(f"{message.subject}\n\n{message.text}")
    _post(settings.webhook.get_secret_value(), {"subject": message.subject, "text": text} | message.values)


def _slack(settings: AlertSettings, message: Message) -> None:
    client = WebClient(settings.slack_token.get_secret_value(), base_url=settings.slack_api, timeout=_TIMEOUT)
    for channel in settings.slack_channel:
        client.chat_postMessage(channel=channel, text=_plain_in_slack(_in_chat(message)), username="engcrawl")


def _discord(settings: AlertSettings, message: Message) -> None:
    _post(settings.discord_webhook.get_secret_value(), {"content": _in_chat(message)})


def _telegram(settings: AlertSettings, message: Message) -> None:
    address = f"{settings.telegram_api.rstrip('/')}/bot{settings.telegram_token.get_secret_value()}/sendMessage"
    for chat in settings.telegram_chat:
        _post(address, {"chat_id": chat, "text": f"{message.subject}\n\n{message.text[:_CHAT]}"})


def _email(settings: AlertSettings, message: Message) -> None:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = settings.email_from
    mail["To"] = ", ".join(settings.email_to)
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = make_msgid(domain=HOST)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer from one who is on holiday
    mail.set_content(message.text + "\n")
    checked = ssl.create_default_context()
    implicit, starttls = settings.smtp_security == "implicit", settings.smtp_security == "starttls"
    connect = partial(smtplib.SMTP_SSL, context=checked) if implicit else smtplib.SMTP
    port = settings.smtp_port or (587 if starttls else 0)  # 0: smtplib's default, 25 or 465
    with connect(settings.smtp_host, port, timeout=_TIMEOUT) as server:
        if starttls:
            server.starttls(context=checked)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        if refused := server.send_message(mail):
            raise smtplib.SMTPRecipientsRefused(refused)


_NOTIFIERS = {
    "Webhook": ("webhook", _webhook),
    "Slack": ("slack_token", _slack),
    "Discord": ("discord_webhook", _discord),
    "Telegram": ("telegram_token", _telegram),
    "Email": ("email_to", _email),
}
"""Name -> the setting that switches it on, and the function."""


def _post(address: str, body: dict[str, Any]) -> None:
    requests.post(address, json=body, timeout=_TIMEOUT).raise_for_status()


def _plain_in_slack(text: str) -> str:
    """Return *text* without Slack's markup: a site could otherwise call a whole channel, or show a link as another."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _in_chat(message: Message) -> str:
    """Return *message* with its text in a block of code, where nothing is markup or a mention."""
    text = message.text.replace("`", "'")
    return f"{message.subject}\n```\n{text[:_CHAT]}\n```"
