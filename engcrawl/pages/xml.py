"""XML as sites write it, made what a parser takes: undefined entities, stray signs, junk before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.entities import html5
from xml.sax.saxutils import escape

from engcrawl.pages.page import UNPRINTABLE, plain_xml
from engcrawl.text.decoding import decoded

_DECLARATION = re.compile(r"<\?xml\s[^<>]*\?>\s*")
_LITERAL = r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
_AMISS = re.compile(rf"{_LITERAL}|<(?![^\W\d]|[:/!?])|&(?:#(\d{{1,7}}|[xX][\da-fA-F]{{1,6}});|(\w+;))?", re.DOTALL)
_OF_XML = {"amp;", "lt;", "gt;", "quot;", "apos;"}


def document(content: bytes, content_type: str | None) -> str:
    """Return the text of an XML document, without its declaration and what stands before that.

    Raises NotThePage where it declares entities of its own.
    """
    text = _DECLARATION.sub("", decoded(content, content_type, "xml").text.lstrip(), count=1)
    plain_xml(text.encode())
    return text


def mended(text: str) -> str:
    """Return an XML document with its text as XML 1.0 wants it.

    An entity of HTML becomes its character (``&rsquo;``), a stray ``&`` or ``<`` the entity of XML; what is no
    character goes. CDATA sections and comments stay as they are.
    """
    return _AMISS.sub(_well_formed, characters(text))


def characters(text: str) -> str:
    """Return *text* without what XML has no character for (2.2): control characters, and halves of characters."""
    return UNPRINTABLE.sub("", text)


def without_cdata(text: str) -> str:
    """Return an XML document with its CDATA sections as escaped text, and without comments; one without end stays."""
    return "".join(_outside("".join(_outside(text, "<![CDATA[", "]]>", escape)), "<!--", "-->", lambda comment: ""))


def _outside(text: str, start: str, end: str, inside: Callable[[str], str]) -> Iterator[str]:
    """Yield *text* with what is made of the parts between *start* and *end*."""
    first, *parts = text.split(start)
    yield first
    for part in parts:
        content, closed, after = part.partition(end)
        yield inside(content) + after if closed else part


def _well_formed(amiss: re.Match[str]) -> str:
    number, name = amiss.groups()
    if number:
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        return "\ufffd" if code > 0x10FFFF or UNPRINTABLE.match(chr(code)) else amiss[0]
    if name and name not in _OF_XML:
        return escape(html5[name]) if name in html5 else f"&amp;{name}"
    return escape(amiss[0]) if amiss[0] in "<&" else amiss[0]
