"""Who is told, and from when on: the environment's ``ENGCRAWL_ALERT_…`` variables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from engcrawl.alerts import PREFIX
from engcrawl.errors import UsageError
from engcrawl.state.lock import HOST
from engcrawl.text.durations import duration

_PORTS = {"none": 25, "starttls": 587, "implicit": 465}


def _several(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ValueError("must be one or several, with commas between them")
    return names


def _address(text: str) -> str:
    name, at, host = text.strip().rpartition("@")
    if not (at and name and host) or any(sign.isspace() or not sign.isprintable() for sign in text.strip()):
        raise ValueError("must be mail addresses like ops@example.com, with commas between them")
    return text.strip()


def _security(text: str) -> str:
    if text not in _PORTS:
        raise ValueError("must be none, starttls or implicit")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("must be an address with http:// or https://")
    return text


def _share(text: str) -> str:
    if not (text.isascii() and text.isdecimal() and int(text) <= 100):
        raise ValueError("must be a whole number of percent, from 0 to 100")
    return text


def _port(text: str) -> str:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise ValueError("must be a port, from 1 to 65535")
    return text


Addresses = Annotated[list[Annotated[str, BeforeValidator(_address)]], BeforeValidator(_several)]
Names = Annotated[list[str], BeforeValidator(_several)]
Url = Annotated[str, BeforeValidator(_url)]
Share = Annotated[int, BeforeValidator(_share)]


class AlertSettings(BaseModel):
    """The variables, without their prefix; docs/alerts.md describes each. One that is empty counts as not set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email_to: Addresses = Field(default_factory=list)
    email_from: Annotated[str, BeforeValidator(_address)] = f"engcrawl@{HOST}"
    smtp_host: str | None = None
    smtp_port: Annotated[int, BeforeValidator(_port)] | None = None
    smtp_security: Annotated[Literal["none", "starttls", "implicit"], BeforeValidator(_security)] = "none"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    slack_token: SecretStr | None = None
    slack_channel: Names = Field(default_factory=list)
    slack_api: Url = "https://slack.com/api/"
    telegram_token: SecretStr | None = None
    telegram_chat: Names = Field(default_factory=list)
    telegram_api: Url = "https://api.telegram.org"
    discord_webhook: SecretStr | None = None
    webhook: SecretStr | None = None
    max_age: Annotated[timedelta, BeforeValidator(duration)] = timedelta(days=3)
    tolerance: Share = 1
    """Percent of the archive's posts by which a count may get worse."""
    errors: Share = 10
    """Percent of a run's requests that may go wrong."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """What *environment* says. Raises UsageError, which never has a secret in it."""
        given = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(PREFIX) and value
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            told = "; ".join(_line(e) for e in error.errors())
            raise UsageError(" ".join(told.split())) from None  # pydantic's has the values

    @field_validator("discord_webhook", "webhook")
    @classmethod
    def _secret_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            _url(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        for one, other in (
            ("email_to", "smtp_host"),
            ("smtp_user", "smtp_password"),
            ("slack_token", "slack_channel"),
            ("telegram_token", "telegram_chat"),
        ):
            if bool(getattr(self, one)) != bool(getattr(self, other)):
                there, lacking = (one, other) if getattr(self, one) else (other, one)
                raise ValueError(f"{_name(there)}: needs {_name(lacking)} too")
        if self.smtp_user and self.smtp_security == "none":
            raise ValueError(f"{_name('smtp_password')}: needs {_name('smtp_security')}=starttls or implicit")
        if not (self.email_to or self.slack_token or self.telegram_token or self.discord_webhook or self.webhook):
            ways = ("email_to", "slack_token", "telegram_token", "discord_webhook", "webhook")
            raise ValueError(f"alerts go to nobody: set {', '.join(map(_name, ways[:-1]))} or {_name(ways[-1])}")
        return self

    @property
    def port(self) -> int:
        """The SMTP server's port."""
        return self.smtp_port or _PORTS[self.smtp_security]

    @property
    def secrets(self) -> list[str]:
        """The values that no log may have, longest first; of an address also what stands behind its host."""
        found = {v.get_secret_value() for _, v in self if isinstance(v, SecretStr)}
        for address in (self.discord_webhook, self.webhook):
            if address:
                parts = urlsplit(address.get_secret_value())
                found |= {parts.path, parts.query, f"{parts.path}?{parts.query}", parts.password or ""} - {"/", "/?"}
        return sorted((one for one in found if len(one) > 1), key=len, reverse=True)


def _name(field: str) -> str:
    return PREFIX + field.upper()


def _line(error: Any) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return str(message)
    field = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return f"unknown variable {_name(field)}: there are {', '.join(map(_name, AlertSettings.model_fields))}"
    secret = "SecretStr" in str(AlertSettings.model_fields[field].annotation)
    return f"{_name(field)}{'' if secret else '=' + str(error['input'])}: {message}"
