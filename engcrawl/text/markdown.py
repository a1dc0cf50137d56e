"""A body as Markdown: CommonMark, with GitHub's tables and strikethrough."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from lxml.html import HtmlElement

from engcrawl.text.flow import Flow, around, escaped, label, one_line, span
from engcrawl.text.fragments import fragment

Inside = frozenset[str]
"""What stands around a text: ``line`` (a heading, a cell, a link), ``brackets`` (a link's, where its text has
some that don't match), ``item``, ``code``, ``strong`` …"""

_CODE_LANGUAGE = re.compile(r"(?:lang|language|brush)[-:]\s*([\w+#-]+)")
_FENCE = re.compile(r"`{3,}")
_BLANK_LINES = re.compile(r"\A[ \n]*\n")
_LINE = re.compile(r"^(?=.)", re.MULTILINE)
_CLOSING_HASHES = re.compile(r"(?<!\S)(?=#+$)")
_BRACKET = re.compile(r"[\[\]]")
_MATCHING = re.compile(r"\[[^\[\]]*\](?![(:])")
_DEFINITION = re.compile(r"\[(?:[^\[\]\\]|\\.)+\]:", re.DOTALL)
"""What defines a link at the start of a paragraph (CommonMark, 4.7), also where the bracket is in code."""
_IN_AN_ADDRESS = re.compile(r"[\s()<>\\`]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_AUTOLINK = re.compile(r"https?://[^\s<>&\\`]+")
_MOST_COLUMNS = 999


def markdown(content_html: str) -> str | None:
    """Return *content_html* as Markdown with ATX headings and fenced code; None where there is nothing to show.

    Raises RecursionError for markup that is nested some hundreds of levels deep.
    """
    return _content(fragment(content_html), frozenset()) or None


def _content(element: HtmlElement, inside: Inside) -> str:
    """Return what is in a block."""
    flow = Flow(inside, is_block=True)
    _fill(flow, element, inside)
    return str(flow).strip()


def _within(element: HtmlElement, inside: Inside) -> str:
    """Return what is in an element of a line, with the white space around it."""
    flow = Flow(inside, is_block=False)
    _fill(flow, element, inside)
    return str(flow)


def _fill(flow: Flow, element: HtmlElement, inside: Inside) -> None:
    """Add what is in *element*; of an element that means nothing in Markdown, what is in that."""
    add = _add_code if "code" in inside else Flow.text
    add(flow, element.text)
    for child in element:
        tag = child.tag
        if tag in _BLOCKS:
            flow.block(_BLOCKS[tag](child, inside), _gap(child, inside), 1 if tag == "dt" else 2)
        elif tag in _PIECES:
            flow.piece(_PIECES[tag](child, inside))
        elif tag in _EMPHASIS and _EMPHASIS[tag] not in inside and not _has_blocks(child):
            flow.emphasis(_within(child, inside | {_EMPHASIS[tag]}), _MARKS[_EMPHASIS[tag]], _EMPHASIS[tag])
        elif tag == "a" and child.get("href"):
            flow.piece(_link(child, inside))
        elif tag == "br":
            flow.line_break()
        elif isinstance(tag, str):
            _fill(flow, child, inside)
        add(flow, child.tail)


def _add_code(flow: Flow, text: str | None) -> None:
    flow.piece(span(text or ""))


def _has_blocks(element: HtmlElement) -> bool:
    return any(inner.tag in _BLOCKS for inner in element.iter())


# Pieces of a line


def _link(element: HtmlElement, inside: Inside) -> str:
    """Return a link, in one line: an empty one would end it."""
    href, inside = element.get("href"), inside | {"line"}
    if _BRACKET.search(_MATCHING.sub("", element.text_content())) or element.find(".//code") is not None:
        inside |= {"brackets"}
    text = _within(element, inside)
    core = text.strip()
    if not core:
        return text
    if core == href and _AUTOLINK.fullmatch(href) and not element.get("title"):
        return around(text, f"<{href}>")
    link = f"[{core}]{_target(href, element)}"
    return around(text, f"<span></span>{link}" if _DEFINITION.match(link) else link)


def _target(url: str, element: HtmlElement) -> str:
    """Return what stands in the parentheses of a link or a picture: its address, and its title in one line."""
    title = element.get("title", "").replace("\\", r"\\").replace("`", "&#96;").replace("<", "&lt;").replace('"', r"\"")
    return f'({_address(url)} "{one_line(title.strip())}")' if title else f"({_address(url)})"


def _address(url: str) -> str:
    return _ENTITY.sub("&amp;", _IN_AN_ADDRESS.sub(lambda sign: quote(sign.group()), url))


def _image(element: HtmlElement, inside: Inside) -> str:
    alt, src = _label(element, "alt"), element.get("src")
    return f"![{alt}]{_target(src, element)}" if src else alt


def _label(element: HtmlElement, name: str) -> str:
    return label(" ".join(element.get(name, "").split()))


def _embed(element: HtmlElement, inside: Inside) -> str:
    """Return a link to what an embed shows, on its poster if it has one; without an address, what is in it."""
    sources = (source.get("src") for source in (element, *element.iter("source")))
    src, poster = next(filter(None, sources), None), element.get("poster")
    if not src and not poster:
        return _within(element, inside)
    says = _label(element, "title")
    if poster:
        says = f"![{says}]({_address(poster)})"
    return f"[{says or label(src)}]({_address(src)})" if src else says


def _code(element: HtmlElement, inside: Inside) -> str:
    """Return code in a line; links in it stay links, with code for text."""
    if element.find(".//a[@href]") is None:
        return span("".join(_letters(element)))
    return _within(element, inside | {"line", "code"})


def _quoted(element: HtmlElement, inside: Inside) -> str:
    return f'"{_within(element, inside | {"line"})}"'


# Blocks


def _heading(element: HtmlElement, inside: Inside) -> str:
    text = _CLOSING_HASHES.sub(r"\\", _content(element, inside | {"line"}))
    return f"{'#' * int(element.tag[1])} {text}" if text and "line" not in inside else text


def _rule(element: HtmlElement, inside: Inside) -> str:
    return "" if "line" in inside else "---"


def _quotation(element: HtmlElement, inside: Inside) -> str:
    text = _content(element, inside)
    return text if "line" in inside or not text else "\n".join(f"> {line}".rstrip(" ") for line in text.split("\n"))


def _term(element: HtmlElement, inside: Inside) -> str:
    return one_line(_content(element, inside))


def _definition(element: HtmlElement, inside: Inside) -> str:
    text = _content(element, inside)
    return text if "line" in inside or not text else f":   {_indented(text, 4)}"


def _block_of_code(element: HtmlElement, inside: Inside) -> str:
    text = "".join(_letters(element))
    if "line" in inside:
        return span(text)
    text = _BLANK_LINES.sub("", text).rstrip(" \n")
    fence = "`" * (max(map(len, _FENCE.findall(text)), default=2) + 1)
    code = element.find(".//code")
    classes = " ".join(one.get("class", "") for one in (element, code) if one is not None)
    language = match[1] if (match := _CODE_LANGUAGE.search(classes)) else ""
    return f"{fence}{language}\n{text}\n{fence}" if text else ""


def _letters(element: HtmlElement) -> Iterator[str]:
    """Yield the text of code; blocks in it are lines of it."""
    yield element.text or ""
    for child in element:
        tail = child.tail or ""
        if child.tag == "br":
            yield "\n"
        elif isinstance(child.tag, str):
            yield from _letters(child)
            if child.tag in _BLOCKS and not tail.startswith("\n"):
                yield "\n"
        yield tail


def _list(element: HtmlElement, inside: Inside) -> str:
    number = int(_start(element)) if element.tag == "ol" else 0
    items, mark = [_own_text(element.text)], "- "
    for child in element:
        if child.tag in _LISTS:  # where it belongs into the item before it
            items.append(" " * len(mark) + _indented(_list(child, inside), len(mark)))
        elif isinstance(child.tag, str):
            mark = f"{number}. " if number else "- "
            if text := _content(child, inside | {"item"}):
                items.append(mark + _indented(text, len(mark)))
                number += bool(number)
        items.append(_own_text(child.tail))
    return "\n".join(filter(None, items))


def _own_text(text: str | None) -> str:
    """Return a text that is in a list, but in no item of it; "" where there is none."""
    return f"\n{escaped(' '.join(text.split()))}\n" if text and not text.isspace() else ""


def _start(element: HtmlElement) -> str:
    start: str = element.get("start", "1")
    return start if start.isdecimal() and len(start) < 9 and int(start) else "1"


def _gap(element: HtmlElement, inside: Inside) -> int:
    """Return how many ends of lines are before a block: one only, where it can follow on a line of text."""
    if element.tag in _LISTS and "item" in inside and _start(element) == "1":
        return 1
    return 1 if element.tag == "dd" else 2


def _indented(text: str, width: int) -> str:
    """Return *text* with its lines indented, but the first."""
    return _LINE.sub(" " * width, text)[width:]


def _table(element: HtmlElement, inside: Inside) -> str:
    """Return a table, its head empty where it has none; in a line, its cells."""
    rows = [row for row in element.iter("tr") if next(row.iterancestors("table")) is element]
    lines = [[text for cell in row.iterchildren("td", "th") for text in _cells(cell, inside)] for row in rows]
    caption = [_content(caption, inside) for caption in element.iterchildren("caption")]
    if "line" in inside:
        return " ".join(filter(None, [*caption, *(text for line in lines for text in line)]))
    columns = max(map(len, lines), default=0)
    if columns and not _is_head(rows[0]):
        lines.insert(0, [])
    if columns:
        lines[0] += [""] * (columns - len(lines[0]))
        lines.insert(1, ["---"] * columns)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines if line)
    return "\n\n".join(filter(None, [*caption, table]))


def _is_head(row: HtmlElement) -> bool:
    return row.getparent().tag == "thead" or all(cell.tag == "th" for cell in row)


def _cells(cell: HtmlElement, inside: Inside) -> list[str]:
    """Return a cell as a line, and an empty one for each further column that it spans."""
    columns = cell.get("colspan", "1")
    empty = int(columns[:4]) - 1 if columns.isdecimal() else 0
    text = _content(cell, inside | {"line"})
    return [text if "line" in inside else text.replace("|", r"\|"), *[""] * min(empty, _MOST_COLUMNS)]


_LISTS = ("ul", "ol")
_APART = (
    "address article aside center details div dl fieldset figcaption figure footer form header hgroup legend li main"
    " nav p section summary"
)
_BLOCKS: dict[str, Callable[[HtmlElement, Inside], str]] = {
    **dict.fromkeys(_APART.split(), _content),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
    **dict.fromkeys(_LISTS, _list),
    "blockquote": _quotation,
    "dd": _definition,
    "dt": _term,
    "hr": _rule,
    "pre": _block_of_code,
    "table": _table,
}
_PIECES: dict[str, Callable[[HtmlElement, Inside], str]] = {
    **dict.fromkeys(("code", "kbd", "samp"), _code),
    **dict.fromkeys(("audio", "iframe", "video"), _embed),
    "img": _image,
    "q": _quoted,
}
_EMPHASIS = {"b": "strong", "strong": "strong", "em": "em", "i": "em", "del": "del", "s": "del", "strike": "del"}
_EMPHASIS |= {"sub": "sub", "sup": "sup"}
_MARKS = {"strong": "**", "em": "*", "del": "~~", "sub": "", "sup": ""}
"""What stands around a text; where nothing does, its tag."""
