"""A body as Markdown."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from markdownify import MarkdownConverter, strip_pre  # type: ignore[attr-defined]

_CODE_LANGUAGE = re.compile(r"(?:lang|language|brush)[-:]\s*([\w+#-]+)")
_FENCE = re.compile(r"`{3,}")
_ACTIVE = re.compile(r"[\\`<]")
_LINK_SIGNS = re.compile(r"\]([(:])")
_LINES = re.compile(r"\s*\n\s*")
_CODE = ("code", "kbd", "samp", "pre")
_ONE_LINE = (
    "a abbr audio b button caption cite code del dt em figcaption font h1 h2 h3 h4 h5 h6 i ins kbd mark q s samp small"
    " span strike strong sub sup td th tt u var video"
)
_NO_FENCE = frozenset(_ONE_LINE.split())
"""Elements of a single line of Markdown, in which a ``<pre>`` can be no block."""
_IN_A_LABEL = re.compile(r"[\\`<\[\]]")
_IN_AN_ADDRESS = re.compile(r"[\s()<>\\`]")
_BLOCK_MARK = re.compile(r"^\s*(?:\d{1,9}(?=[.)]\s)|(?=#{1,6}\s|[-+]\s|>))")
"""What a backslash is written behind, so that a paragraph doesn't become a list, a heading or a quotation."""


def markdown(content_html: str) -> str | None:
    """Return *content_html* as CommonMark with GitHub's tables, ATX headings and fenced code; None for an empty one.

    Raises RecursionError for markup that is nested some hundreds of levels deep.
    """
    return _CONVERTER.convert(content_html).strip() or None


def _address(url: str) -> str:
    """Return *url* as it can stand in a link's parentheses."""
    return _IN_AN_ADDRESS.sub(lambda sign: quote(sign.group()), url)


def _label(text: str) -> str:
    """Return *text* as it can stand in a link's brackets."""
    return _IN_A_LABEL.sub(r"\\\g<0>", " ".join(text.split()))


def _title(text: str) -> str:
    """Return a link's title in one line: an empty line would end the link that it stands in."""
    return " ".join(text.replace("\\", r"\\").replace("`", "&#96;").replace("<", "&lt;").split())


_ATTRIBUTES = {"href": _address, "src": _address, "poster": _address, "alt": _label, "title": _title}
"""How each attribute that Markdown shows is made safe."""

_Base: Any = MarkdownConverter  # its types leave the methods out


class _Converter(_Base):
    """markdownify, with what CommonMark would otherwise read as something else escaped, and embeds as links."""

    def convert_soup(self, soup: Any) -> str:
        for el in soup.select("a, img, video, video source"):
            for name, safe in _ATTRIBUTES.items():
                if el.get(name):
                    el[name] = safe(el[name])
        return super().convert_soup(soup)

    def escape(self, text: str, parent_tags: set[str]) -> str:
        # "[a](b)" and "[a]: b" in the text would be read as a link, to whatever address
        return _LINK_SIGNS.sub(r"]\\\1", super().escape(_ACTIVE.sub(r"\\\g<0>", text), parent_tags))

    def process_text(self, el: Any, parent_tags: set[str] | None = None) -> str:
        text, inside = super().process_text(el, parent_tags), parent_tags or set()
        if text.endswith("]") and "_noformat" not in inside and "pre" not in inside:
            texts = (after for after in el.next_elements if isinstance(after, str) and after.strip())
            if next(texts, "").startswith("(" if "a" in inside else ("(", ":")):
                return f"{text[:-1]}&#93;"
        return text

    def convert_code(self, el: Any, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags:  # inside a block, or another one
            return text
        span = super().convert_code(el, _LINES.sub(" ", text), parent_tags)
        before = next((found for found in el.previous_elements if isinstance(found, str) and found), None)
        touches = before is not None and before.find_parent(_CODE) is not None  # type: ignore[attr-defined]
        return f" {span}" if touches else span  # the backticks of two would be read as one run of them

    convert_kbd = convert_samp = convert_code

    def convert_p(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return super().convert_p(el, _BLOCK_MARK.sub(r"\g<0>\\", text), parent_tags)

    def convert_br(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return "\n" if "pre" in parent_tags else super().convert_br(el, text, parent_tags)

    def convert_pre(self, el: Any, text: str, parent_tags: set[str]) -> str:
        if any(parent.name in _NO_FENCE for parent in el.parents):
            return self.convert_code(el, text, parent_tags - {"pre", "_noformat"})
        fence = max(map(len, _FENCE.findall(text)), default=2) * "`" + "`"
        return f"\n\n{fence}{_code_language(el)}\n{strip_pre(text)}\n{fence}\n\n" if text else ""

    def convert_td(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return super().convert_td(el, text.replace("|", r"\|"), parent_tags)

    convert_th = convert_td

    def convert_iframe(self, el: Any, text: str, parent_tags: set[str]) -> str:
        src = el.get("src")
        return f"[{_label(el.get('title') or src)}]({_address(src)})" if src else ""

    def convert_audio(self, el: Any, text: str, parent_tags: set[str]) -> str:
        sources = (source["src"] for source in (el, *el.find_all("source")) if source.get("src"))
        src = next(sources, None)
        return f"[{_label(src)}]({_address(src)})" if src else text


def _code_language(pre: Any) -> str:
    """Return the language that a ``<pre>`` or its ``<code>`` names in a class (``language-python``); "" for none."""
    code = pre.find("code")
    classes = " ".join([*pre.get("class", []), *(code.get("class", []) if code else [])])
    match = _CODE_LANGUAGE.search(classes)
    return match.group(1) if match else ""


_CONVERTER = _Converter(heading_style="ATX", bullets="-", sub_symbol="<sub>", sup_symbol="<sup>")
