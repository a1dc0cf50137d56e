"""A body as Markdown."""

from __future__ import annotations

import re
from typing import Any

from markdownify import MarkdownConverter

_CODE_LANGUAGE = re.compile(r"(?:lang|language|brush)[-:]\s*([\w+#-]+)")


def markdown(content_html: str) -> str | None:
    """*content_html* as CommonMark with GitHub's tables, ATX headings and fenced code; None where nothing is left."""
    return str(_CONVERTER.convert(content_html)).strip() or None


def _code_language(pre: Any) -> str:
    """The language that a ``<pre>`` or its ``<code>`` names in a class (``language-python``); "" without one."""
    code = pre.find("code")
    classes = " ".join([*pre.get("class", []), *(code.get("class", []) if code else [])])
    match = _CODE_LANGUAGE.search(classes)
    return match.group(1) if match else ""


_CONVERTER = MarkdownConverter(heading_style="ATX", bullets="-", code_language_callback=_code_language)
