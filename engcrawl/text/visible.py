"""Texts made fit to show: without secrets, control characters, or anything that looks like another line."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/?#@'\"]*):[^\s/?#]*@", re.IGNORECASE)
# As Scrapy writes the settings that aren't its own.
_SETTING = re.compile(r"('[A-Z0-9_]*(?:SECRET|TOKEN|PASS)[A-Z0-9_]*': )(?!None)('(?:[^'\\]|\\.)*'|\"[^\"]*\")")
_PARAMETER = re.compile(
    r"([?&](?:[\w-]*(?:passw|secret|token|api_?key|signature)[\w-]*|pwd|sig)(?:=|%3D))[^\s&#'\"]+", re.IGNORECASE
)


def masked(text: str) -> str:
    """Return *text* with ``***`` for the secrets in its addresses: passwords, and parameters named as such."""
    text = _SETTING.sub(r"\1'***'", text)
    return _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


def shown(text: str) -> str:
    """Return *text* as a log may have it: no secrets, nothing that steers a terminal, further lines indented."""
    text = masked(text)
    if text.isprintable():
        return text
    signs = (s if s.isprintable() or s in "\n\t" else s.encode("unicode_escape").decode() for s in text)
    return re.sub(r"\n(?=\S)", "\n ", "".join(signs))


def visible(text: str) -> str:
    """Return *text* without what would steer a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def one_line(text: str) -> str:
    """Return *text* as a terminal may show it: on one line, without secrets and what would steer the terminal."""
    return visible(" ".join(masked(text).split()))
