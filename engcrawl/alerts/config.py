"""The alerts' settings: whom to tell and when, from the environment's ``ENGCRAWL_ALERT_…`` variables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import permutations
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator

from engcrawl.alerts import PREFIX
from engcrawl.errors import UsageError
from engcrawl.state.lock import HOST
from engcrawl.text.durations import duration

_WAYS = ("email_to", "slack_token", "telegram_token", "discord_webhook", "webhook")
_PAIRS = (
    ("email_to", "smtp_host"),
    ("smtp_user", "smtp_password"),
    ("slack_token", "slack_channel"),
    ("telegram_token", "telegram_chat"),
)
_MAIL = "must be mail addresses like ops@example.com, with commas between them"


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("must be an address with http:// or https://")
    return text


_Strip, _Split = BeforeValidator(str.strip), BeforeValidator(lambda text: text.split(","))
Address = Annotated[str, Field(pattern=r"^[^\s\pC]+@[^\s\pC@]+$", description=_MAIL), _Strip]
Addresses = Annotated[tuple[Address, ...], Field(description=_MAIL), _Split]
Name = Annotated[str, Field(min_length=1), _Strip]
Names = Annotated[tuple[Name, ...], Field(description="must be one or several, with commas between them"), _Split]
Percent = Annotated[int, Field(ge=0, le=100, description="must be a whole number of percent, from 0 to 100")]
Port = Annotated[int, Field(ge=1, le=65535, description="must be a port, from 1 to 65535")]
Security = Annotated[Literal["none", "starttls", "implicit"], Field(description="must be none, starttls or implicit")]
Url = Annotated[str, BeforeValidator(_url)]
SecretUrl = Annotated[SecretStr, BeforeValidator(_url)]


class AlertSettings(BaseModel):
    """The alerts' variables, without their prefix; an empty variable counts as not set.

    The text under a field is its line in docs/reference/environment.md. A field's description is the message for a
    wrong value; without one, the message is that of its validator.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=_variable)

    email_to: Addresses = ()
    """The recipients' mail addresses, with commas between them; needs ``ENGCRAWL_ALERT_SMTP_HOST``."""
    email_from: Address = f"engcrawl@{HOST}"
    """The sender's address."""
    smtp_host: str = ""
    """The mail server's host name."""
    smtp_port: Port = 0
    """The mail server's port. By default 25; with ``starttls`` 587, with ``implicit`` 465."""
    smtp_security: Security = "none"
    """How mail is encrypted: ``none``; ``starttls``; or ``implicit`` (TLS from the first byte). With TLS the server's
    certificate is checked (``SSL_CERT_FILE`` names your own authorities)."""
    smtp_user: str = ""
    """The user name, if the mail server wants one."""
    smtp_password: SecretStr = SecretStr("")
    """The password (a secret); it is sent only over TLS."""
    slack_token: SecretStr = SecretStr("")
    """A bot's token (a secret) with the permission ``chat:write``; needs the channel."""
    slack_channel: Names = ()
    """Channels, with commas between them: ``#ops``, or their IDs."""
    slack_api: Url = "https://slack.com/api/"
    """The address of Slack's API, if it is another one."""
    telegram_token: SecretStr = SecretStr("")
    """A bot's token (a secret); needs the chat."""
    telegram_chat: Names = ()
    """IDs of chats, with commas between them."""
    telegram_api: Url = "https://api.telegram.org"
    """The address of the Bot API, if you run a server of your own."""
    discord_webhook: SecretUrl = SecretStr("")
    """A channel's webhook (its address is a secret)."""
    webhook: SecretUrl = SecretStr("")
    """An address to which the alert is sent as JSON, by POST (a secret)."""
    max_age: Annotated[timedelta, BeforeValidator(duration)] = timedelta(days=3)
    """The greatest allowed age of the last complete run: ``90m``, ``26h``, ``3d``."""
    tolerance: Percent = 1
    """The percentage of the archive's posts by which a count may get worse without an alert; one post is always
    allowed."""
    errors: Percent = 10
    """The percentage of a run's requests that may fail without an alert; five requests are always allowed."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return what *environment* says. Raise UsageError, which never has a secret in it, where it is wrong."""
        given = {name.upper(): value for name, value in environment.items() if name.startswith(PREFIX) and value}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            told = "; ".join(dict.fromkeys(cls._line(one, given) for one in error.errors()))
            raise UsageError(" ".join(told.split())) from None  # pydantic's has the values

    @classmethod
    def _line(cls, error: Any, given: dict[str, str]) -> str:
        message: str = error["msg"].removeprefix("Value error, ")
        if not error["loc"]:
            return message
        name, fields = error["loc"][0], {field.alias: field for field in cls.model_fields.values()}
        if name not in fields:
            return f"unknown variable {name}: there are {', '.join(map(_variable, cls.model_fields))}"
        shown = "" if fields[name].annotation is SecretStr else f"={given[name]}"
        return f"{name}{shown}: {fields[name].description or message}"

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        for pair in _PAIRS:
            for there, lacking in permutations(pair):
                if getattr(self, there) and not getattr(self, lacking):
                    raise ValueError(f"{_variable(there)}: needs {_variable(lacking)} too")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError(f"{_variable('smtp_password')}: needs {_variable('smtp_security')}=starttls or implicit")
        if not any(getattr(self, way) for way in _WAYS):
            *ways, last = map(_variable, _WAYS)
            raise ValueError(f"alerts go to nobody: set {', '.join(ways)} or {last}")
        return self

    @property
    def secrets(self) -> list[str]:
        """Return the values that no log may have, longest first; of an address also what stands behind its host."""
        found = {value.get_secret_value() for _, value in self if isinstance(value, SecretStr)}
        for address in (self.discord_webhook, self.webhook):
            parts = urlsplit(address.get_secret_value())
            found |= {parts.path, parts.query, parts.password or ""}
        return sorted((one for one in found if len(one) > 1), key=len, reverse=True)
