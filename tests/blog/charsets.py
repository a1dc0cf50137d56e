"""The character encodings that the blog's answers come in, rightly labelled or not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, get_args

from aiohttp import web

Charset = Literal[
    "utf-8",  # UTF-8, and every label says so
    "mislabelled",  # UTF-8, but the header says ISO-8859-1
    "latin1",  # ISO-8859-1, and every label says so
    "cp1251",  # Windows-1251, as the document says itself; the header says nothing
    "bom",  # UTF-8 with a byte order mark, but the header says ISO-8859-1
]
CHARSETS: tuple[Charset, ...] = get_args(Charset)


@dataclass(frozen=True)
class _Form:
    """How an answer is written."""

    codec: str
    label: str
    """What the document calls its encoding: HTML's ``<meta charset>``, the first line of XML."""
    header: str | None
    """What the ``Content-Type`` calls it."""


_FORMS: dict[Charset, _Form] = {
    "utf-8": _Form("utf-8", "UTF-8", "utf-8"),
    "mislabelled": _Form("utf-8", "UTF-8", "ISO-8859-1"),
    "latin1": _Form("iso-8859-1", "ISO-8859-1", "ISO-8859-1"),
    "cp1251": _Form("cp1251", "windows-1251", None),
    "bom": _Form("utf-8-sig", "UTF-8", "ISO-8859-1"),
}


def label(charset: Charset) -> str:
    """Give the name that a document of this charset gives its encoding."""
    return _FORMS[charset].label


def coded(answer: web.Response, charset: Charset) -> web.Response:
    """Write an answer, which is in UTF-8, in another charset: HTML (labelled by its template), a feed, or JSON.

    HTML and XML name the characters that the encoding lacks by their numbers. JSON has no label of its own: it is ASCII
    with escapes, as WordPress writes it, but where the encoding is UTF-8 it holds the characters themselves.
    """
    if charset == "utf-8":
        return answer
    form, text = _FORMS[charset], answer.text or ""
    if answer.content_type == "application/json":
        text = json.dumps(json.loads(text), ensure_ascii=form.label != "UTF-8")
    elif text.startswith("<?xml"):
        text = text.replace('encoding="UTF-8"', f'encoding="{form.label}"', 1)
    kind = answer.content_type
    answer.body = text.encode(form.codec, "xmlcharrefreplace")
    answer.headers["Content-Type"] = f"{kind}; charset={form.header}" if form.header else kind
    return answer
