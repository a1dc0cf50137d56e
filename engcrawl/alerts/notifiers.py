"""The notifiers: Spidermon's actions, each with a time after which it is given up, and errors of one line."""

from __future__ import annotations

import logging
import smtplib
import ssl
import threading
from abc import abstractmethod
from concurrent.futures import Future
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

import requests
from slack_sdk import WebClient
from spidermon.contrib.actions.discord import SendDiscordMessage
from spidermon.contrib.actions.slack import SendSlackMessage, SlackMessageManager
from spidermon.contrib.actions.telegram import SendTelegramMessage, SimplyTelegramClient
from spidermon.core.actions import Action
from spidermon.results.monitor import MonitorResult

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


class Notifier(Action):
    """What all have in common."""

    def __init__(self, settings: AlertSettings, **spidermons: Any) -> None:
        super().__init__(**spidermons)
        self.settings = settings

    @abstractmethod
    def send(self) -> None:
        """Tell what is `told`; any error is one that could not be told."""

    @property
    def told(self) -> Message:
        """What is to be told."""
        return Message.of(self.data.night, findings(self.result))

    def run_action(self) -> None:
        """Send in a thread, and wait for it as long as is reasonable; the process' end doesn't wait for it."""
        done: Future[None] = Future()

        def send() -> None:
            try:
                done.set_result(self.send())
            except BaseException as error:  # noqa: BLE001 - it is raised where the thread is waited for
                done.set_exception(error)

        threading.Thread(target=send, name=f"alert-{self.name}", daemon=True).start()
        try:
            done.result(_DEADLINE)
        except Exception as error:
            logger.error("Alert not sent: %s: %s", self.name, self._plain(error))  # noqa: TRY400 - no trace: secrets
            raise

    def _plain(self, error: BaseException) -> str:
        """The error that lies beneath, in one line without secrets."""
        while error.__context__ is not None:
            error = error.__context__
        said = f"{type(error).__name__}: {error}"
        if isinstance(error, TimeoutError) and not error.args:
            said = f"not done in {_DEADLINE} seconds"
        elif isinstance(error, requests.HTTPError) and error.response is not None:
            said = f"HTTP {error.response.status_code}: {error.response.text[:_ANSWER]}"
        for secret in self.settings.secrets:
            said = said.replace(secret, "***")
        return visible(" ".join(said.split()))


class Email(Notifier):
    """A mail by SMTP.

    Spidermon's own puts the encoded message into the body of another, asks for a password always, checks no
    certificate and takes an error for success; Scrapy's, which is beneath it, is deprecated.
    """

    def send(self) -> None:
        settings, message = self.settings, self.told
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = settings.email_from
        mail["To"] = ", ".join(settings.email_to)
        mail["Date"] = format_datetime(self.data.night.now)
        mail["Message-ID"] = make_msgid(domain=HOST)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer from one who is on holiday
        mail.set_content(message.text + "\n")
        with self._server() as server:
            if settings.smtp_user and settings.smtp_password:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            refused = server.send_message(mail)
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)

    def _server(self) -> smtplib.SMTP:
        host, port, security = self.settings.smtp_host, self.settings.port, self.settings.smtp_security
        assert host
        checked = ssl.create_default_context()
        if security == "implicit":
            return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=checked)
        server = smtplib.SMTP(host, port, timeout=_TIMEOUT)
        if security == "starttls":
            server.starttls(context=checked)
        return server


class Webhook(Notifier):
    """JSON, posted to an address."""

    def send(self) -> None:
        assert self.settings.webhook
        message = self.told
        body: dict[str, Any] = {
            "subject": message.subject,
            "text": _plain_in_slack(f"{message.subject}\n\n{message.text}"),
        }
        address = self.settings.webhook.get_secret_value()
        requests.post(address, json=body | message.values, timeout=_TIMEOUT).raise_for_status()


class Slack(Notifier, SendSlackMessage):
    """A message in Slack's channels."""

    include_attachments = False

    def __init__(self, settings: AlertSettings) -> None:
        assert settings.slack_token
        token = settings.slack_token.get_secret_value()
        super().__init__(settings, sender_token=token, sender_name="engcrawl", recipients=settings.slack_channel)
        self.manager = _Workspace(token, settings.slack_api)

    def send(self) -> None:
        SendSlackMessage.run_action(self)

    def get_message(self) -> str:
        """In Slack's own markup, where three signs mean something."""
        return _plain_in_slack(_in_chat(self.told))


class _Workspace(SlackMessageManager):
    """Spidermon's, which asks for the workspace's members, all of them, to find the sender's picture."""

    def __init__(self, token: str, api: str) -> None:
        super().__init__(token, "engcrawl")
        self._client = WebClient(token, base_url=api, timeout=_TIMEOUT)

    def _get_icon_url(self) -> None:
        return None


class Telegram(Notifier, SendTelegramMessage):
    """A message in Telegram's chats."""

    def __init__(self, settings: AlertSettings) -> None:
        assert settings.telegram_token
        token = settings.telegram_token.get_secret_value()
        super().__init__(settings, sender_token=token, recipients=settings.telegram_chat)
        self.manager._client = _Bot(token, settings.telegram_api)

    def send(self) -> None:
        SendTelegramMessage.run_action(self)

    def get_message(self) -> str:
        """Plain text."""
        return f"{self.told.subject}\n\n{self.told.text[:_CHAT]}"


class _Bot(SimplyTelegramClient):
    """Spidermon's client puts the text into the address as it is, as Markdown, and only logs that it was refused."""

    def __init__(self, token: str, api: str) -> None:
        super().__init__(token)
        self.api = api

    def send_message(self, message: str, recipient: str) -> None:
        address = f"{self.api.rstrip('/')}/bot{self.token}/sendMessage"
        requests.post(address, json={"chat_id": recipient, "text": message}, timeout=_TIMEOUT).raise_for_status()


class Discord(Notifier, SendDiscordMessage):
    """A message in a channel of Discord's."""

    def __init__(self, settings: AlertSettings) -> None:
        assert settings.discord_webhook
        super().__init__(settings, webhook_url=settings.discord_webhook.get_secret_value())

    def send(self) -> None:
        SendDiscordMessage.run_action(self)

    def get_message(self) -> str:
        """In a block of code, where nothing is markup or a mention."""
        return _in_chat(self.told)


def notifiers(settings: AlertSettings) -> list[Notifier]:
    """Those that are switched on."""
    found: list[Notifier] = []
    for wanted, kind in (
        (settings.webhook, Webhook),
        (settings.slack_token, Slack),
        (settings.discord_webhook, Discord),
        (settings.telegram_token, Telegram),
        (settings.email_to, Email),
    ):
        if wanted:
            found.append(kind(settings))
    return found


def findings(result: MonitorResult) -> list[tuple[str, str]]:
    """The monitors that failed, and what they say."""
    return [
        (one.monitor.monitor_name, one.reason or f"the monitor itself failed: {one.error.strip().splitlines()[-1]}")
        for one in result.monitors_failed_results
    ]


def _plain_in_slack(text: str) -> str:
    """*text* without Slack's markup: a site could otherwise call a whole channel, or show a link as another."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _in_chat(message: Message) -> str:
    text = message.text.replace("`", "'")
    return f"{message.subject}\n```\n{text[:_CHAT]}\n```"
