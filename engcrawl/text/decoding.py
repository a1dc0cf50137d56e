"""Text is what its bytes are: the encoding of a body, whatever a header claims."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, to_unicode

Kind = Literal["html", "json", "xml"]

_UTF_8 = "utf-8"
_JAPANESE_MAIL = "iso2022_jp"
_DEFAULT = {"html": "cp1252", "json": _UTF_8, "xml": _UTF_8}
"""The encoding of a body that states none: windows-1252 in browsers; RFC 8259, 8.1; XML 1.0, 4.3.3."""
_UNASKED = (_UTF_8, "cp1252")
"""What servers write into headers by default: little evidence where the page itself states another encoding."""
_BY_CHANCE = 4
"""In text of another encoding, some sequences look like UTF-8: never four times as many as don't."""

_OF_BROWSERS = """
utf-8 cp866 cp874 gb18030 big5hkscs euc_jp iso2022_jp cp932 cp949 koi8-r koi8-u mac-roman mac-cyrillic
cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-2 iso8859-3 iso8859-4 iso8859-5
iso8859-6 iso8859-7 iso8859-8 iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16
"""
_ENCODINGS = frozenset(_OF_BROWSERS.split())
"""The encodings that browsers read (WHATWG, Encoding Standard, 4.2), by the names that w3lib gives them."""

_XML_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]*\?>")
_CHARSET = re.compile(r"charset=\s*\"?([\w-]+)", re.IGNORECASE)
_BROKEN = "\ufffd"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as text."""

    text: str
    """Without a byte order mark; U+FFFD stands for bytes that are no character."""
    encoding: str
    """The codec's name in Python: ``utf-8``, ``cp1252``, ``gb18030``."""
    overruled: str | None = None
    """The header's charset, in small letters, where the body is in another encoding and isn't all ASCII."""


def decoded(body: bytes, content_type: str | None, kind: Kind) -> Decoded:
    """Return the text of *body*, which came with this ``Content-Type`` (RFC 9110, 8.3).

    What the bytes are goes before what a header claims: a byte order mark, then valid UTF-8, then the encoding that the
    header or the page itself (HTML Standard, 13.2.3.2; XML 1.0, 4.3.3) states and that fits the bytes.
    """
    header = _known(http_content_type_encoding(content_type))
    encoding, mark = read_bom(body)
    if encoding and mark:
        return Decoded(to_unicode(body[len(mark) :], encoding), encoding, _wrong(header, encoding, content_type))
    if body.isascii():
        return _ascii(body, header, kind)
    try:
        text, encoding = body.decode(_UTF_8), _UTF_8
    except UnicodeDecodeError:
        encoding = _stated(body, header, kind)
        text = to_unicode(body, encoding)
    return Decoded(text, encoding, _wrong(header, encoding, content_type))


def _ascii(body: bytes, header: str | None, kind: Kind) -> Decoded:
    """Return the text of a body that is the same in every encoding but one, whose signs are escapes."""
    japanese = b"\x1b" in body and _JAPANESE_MAIL in (header, _declared(body, kind))
    encoding = _JAPANESE_MAIL if japanese else _UTF_8
    return Decoded(to_unicode(body, encoding), encoding)


def _stated(body: bytes, header: str | None, kind: Kind) -> str:
    """Return the encoding of a body that isn't valid UTF-8."""
    declared = _declared(body, kind)
    stated = [declared, header] if header in _UNASKED else [header, declared]
    given = [encoding for encoding in stated if encoding]
    if _fits(body, _UTF_8, 1 if _UTF_8 in given else _BY_CHANCE):
        return _UTF_8
    others = (encoding for encoding in given if encoding != _UTF_8 and _fits(body, encoding, 1))
    return next(others, given[0] if given else _DEFAULT[kind])


def _declared(body: bytes, kind: Kind) -> str | None:
    if kind == "html":
        return _known(html_body_declared_encoding(body))
    declaration = _XML_DECLARATION.match(body) if kind == "xml" else None
    return _known(html_body_declared_encoding(declaration[0])) if declaration else None


def _fits(body: bytes, encoding: str, times: int) -> bool:
    """Return whether *body* in this encoding has so many times more characters beyond ASCII than broken ones."""
    text = to_unicode(body, encoding)
    broken = text.count(_BROKEN)
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return beyond - broken >= times * broken


def _known(encoding: str | None) -> str | None:
    return encoding if encoding in _ENCODINGS else None


def _wrong(header: str | None, encoding: str, content_type: str | None) -> str | None:
    label = _CHARSET.search(content_type or "")
    return label[1].lower() if label and header not in (None, encoding) else None
