"""A body as Markdown."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from markdownify import MarkdownConverter

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
_BLOCK_MARK = re.compile(r"^(\s*)(#{1,6}(?=\s)|[-+](?=\s)|>|\d{1,9}(?=[.)]\s))")


def markdown(content_html: str) -> str | None:
    """*content_html* as CommonMark with GitHub's tables, ATX headings and fenced code; None where nothing is left.

    Raises RecursionError for markup that is nested some hundreds of levels deep.
    """
    return str(_CONVERTER.convert(content_html)).strip() or None


_Base: Any = MarkdownConverter  # its types leave the methods out


class _Converter(_Base):
    """markdownify, with what CommonMark would otherwise read as something else escaped, and embeds as links."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        # "[a](b)" and "[a]: b" in the text would be read as a link, to whatever address
        return _LINK_SIGNS.sub(r"]\\\1", str(super().escape(_ACTIVE.sub(r"\\\g<0>", text), parent_tags)))

    def process_text(self, el: Any, parent_tags: set[str] | None = None) -> str:
        text, inside = str(super().process_text(el, parent_tags)), parent_tags or set()
        if text.endswith("]") and "_noformat" not in inside and "pre" not in inside:
            texts = (after for after in el.next_elements if isinstance(after, str) and after.strip())
            if next(texts, "").startswith("(" if "a" in inside else ("(", ":")):
                return f"{text[:-1]}&#93;"
        return text

    def convert_code(self, el: Any, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags:  # inside a block, or another one
            return text
        span = str(super().convert_code(el, _LINES.sub(" ", text), parent_tags))
        before = next((found for found in el.previous_elements if isinstance(found, str) and found), None)
        touches = before is not None and before.find_parent(_CODE) is not None  # type: ignore[attr-defined]
        return f" {span}" if touches else span  # the backticks of two would be read as one run of them

    convert_kbd = convert_samp = convert_code

    def convert_p(self, el: Any, text: str, parent_tags: set[str]) -> str:
        def marked(match: re.Match[str]) -> str:
            space, mark = match.groups()
            return f"{space}{mark}\\" if mark.isdecimal() else f"{space}\\{mark}"

        return str(super().convert_p(el, _BLOCK_MARK.sub(marked, text), parent_tags))

    def convert_a(self, el: Any, text: str, parent_tags: set[str]) -> str:
        if el.get("href"):
            el["href"] = _address(el["href"])
        _fold(el, "title")
        return str(super().convert_a(el, text, parent_tags))

    def convert_img(self, el: Any, text: str, parent_tags: set[str]) -> str:
        if el.get("src"):
            el["src"] = _address(el["src"])
        if el.get("alt"):
            el["alt"] = _label(el["alt"])
        _fold(el, "title")
        return str(super().convert_img(el, text, parent_tags))

    def convert_video(self, el: Any, text: str, parent_tags: set[str]) -> str:
        for media in (el, *el.find_all("source", src=True)):
            for name in ("src", "poster"):
                if media.get(name):
                    media[name] = _address(media[name])
        return str(super().convert_video(el, text, parent_tags))

    def convert_br(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return "\n" if "pre" in parent_tags else str(super().convert_br(el, text, parent_tags))

    def convert_pre(self, el: Any, text: str, parent_tags: set[str]) -> str:
        if any(parent.name in _NO_FENCE for parent in el.parents):
            return self.convert_code(el, text, parent_tags - {"pre", "_noformat"})
        fence = max((len(mark) for mark in _FENCE.findall(text)), default=2) + 1
        block = str(super().convert_pre(el, text, parent_tags))
        if fence == 3 or not block:
            return block
        return block.replace("```", "`" * fence, 1)[::-1].replace("```", "`" * fence, 1)[::-1]

    def convert_td(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_td(el, text.replace("|", r"\|"), parent_tags))

    def convert_th(self, el: Any, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_th(el, text.replace("|", r"\|"), parent_tags))

    def convert_iframe(self, el: Any, text: str, parent_tags: set[str]) -> str:
        src = el.get("src")
        return f"[{_label(el.get('title') or src)}]({_address(src)})" if src else ""

    def convert_audio(self, el: Any, text: str, parent_tags: set[str]) -> str:
        source = el.find("source", src=True)
        src = el.get("src") or (source.get("src") if source else None)
        return f"[{_label(src)}]({_address(src)})" if src else text


def _address(url: str) -> str:
    """*url* as it can stand in a link's parentheses."""
    return _IN_AN_ADDRESS.sub(lambda sign: quote(sign.group()), url)


def _label(text: str) -> str:
    """*text* as it can stand in a link's brackets."""
    return _IN_A_LABEL.sub(r"\\\g<0>", " ".join(text.split()))


def _fold(el: Any, name: str) -> None:
    """Give an element's attribute one line: an empty one would end the link that it stands in."""
    if el.get(name):
        text = el[name].replace("\\", r"\\").replace("`", "&#96;").replace("<", "&lt;")
        el[name] = " ".join(text.split())


def _code_language(pre: Any) -> str:
    """The language that a ``<pre>`` or its ``<code>`` names in a class (``language-python``); "" without one."""
    code = pre.find("code")
    classes = " ".join([*pre.get("class", []), *(code.get("class", []) if code else [])])
    match = _CODE_LANGUAGE.search(classes)
    return match.group(1) if match else ""


_CONVERTER = _Converter(
    heading_style="ATX",
    bullets="-",
    code_language_callback=_code_language,
    sub_symbol="<sub>",
    sup_symbol="<sup>",
)
