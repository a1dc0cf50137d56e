"""Errors of requests without an answer: refused by a middleware of engcrawl, or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from scrapy.exceptions import DownloadCancelledError, IgnoreRequest, NotSupported, UnsupportedURLSchemeError
from scrapy.utils.misc import load_object

from engcrawl.http.engine import UNPACKING_ERRORS

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

Cause = Literal["gone", "forbidden", "external"]
"""Why no other try of a page helps."""


_NOT_RETRIED = (
    IgnoreRequest,
    DownloadCancelledError,
    NotSupported,
    UnsupportedURLSchemeError,
    *UNPACKING_ERRORS,
)
"""Errors of pages that the setting ``RETRY_EXCEPTIONS`` doesn't name."""


class Refused(IgnoreRequest):
    """A request that is refused for good, for this *cause*."""

    def __init__(self, message: str, cause: Cause) -> None:
        super().__init__(message)
        self.cause = cause


class NoRobotsTxtError(IgnoreRequest):
    """A request to a host whose robots.txt, at *url*, can't be fetched: nothing may be requested there (RFC 9309)."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"robots.txt can't be fetched: {why}: {url}")
        self.url = url


def unavailable(settings: BaseSettings) -> tuple[type[Exception], ...]:
    """Return the exceptions that mean that a page is unavailable; every other one is a bug."""
    return (*map(load_object, settings.getlist("RETRY_EXCEPTIONS")), *_NOT_RETRIED)


def told(error: Exception) -> str:
    """Return in one line why a request got no answer, with the number of tries where there were several."""
    if isinstance(error, IgnoreRequest):
        return str(error)
    if isinstance(error, DownloadCancelledError):  # Scrapy says why in its log alone
        return "larger than DOWNLOAD_MAXSIZE"
    tries = (f"({note})" for note in getattr(error, "__notes__", ()))
    return " ".join([type(error).__name__ + ":", *str(error).split(), *tries])


def status_told(response: Response) -> str:
    """Return in one line what status came, with the number of tries where there were several."""
    retries = response.request.meta.get("retry_times", 0) if response.request else 0
    return f"HTTP {response.status}" + (f" ({retries + 1} tries)" if retries else "")
