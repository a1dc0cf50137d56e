"""Markdown as it grows: texts in which nothing means anything but itself, pieces of lines, and blocks."""

from __future__ import annotations

import re
import unicodedata

_LINE_END = re.compile(r" ?[\r\n][ \r\n]*")
_SPACES = re.compile(r"[\t ]{2,}|\t")
_BACKTICKS = re.compile(r"`+")
_ACTIVE = re.compile(r"[\\`<*]|_(?:(?<![^\W_]_)|(?![^\W_]))|&(?=#?\w+;)|~(?:(?<=~~)|(?=~))|\](?=[(:])")
"""What means something wherever it stands. An underscore within a word doesn't. Each branch begins with its sign: then
the search for one is fast."""
_ACTIVE_IN_BRACKETS = re.compile(rf"{_ACTIVE.pattern}|[\[\]]")
_AT_LINE_START = re.compile(r" *(?:\d{1,9}(?=[.)](?: |$))|(?=#{1,6}(?: |$)|[-+](?: |$)|>|[-=:|][-=:| ]*$))")
"""What a backslash is written behind, so that a line doesn't become a list, a heading, a quotation or a table."""


def escaped(text: str) -> str:
    """Return *text* with a backslash before each sign that Markdown would read."""
    return _ACTIVE.sub(_backslashed, text)


def _backslashed(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}"  # as a template, it would cost a call even where there is no sign


def label(text: str) -> str:
    """Return *text* as it can stand in the brackets of a link or a picture."""
    return _ACTIVE_IN_BRACKETS.sub(_backslashed, text)


def span(code: str) -> str:
    """Return *code* as it stands in a line; white space around it stays there."""
    code = _folded(code).replace("\n", " ")
    core = code.strip()
    longest = max(map(len, _BACKTICKS.findall(core)), default=0)
    fence, gap = "`" * (longest + 1), " " if longest else ""
    return around(code, f"{fence}{gap}{core}{gap}{fence}") if core else ""


def around(text: str, core: str) -> str:
    """Return *core* with the white space that *text* has around it."""
    return text[: len(text) - len(text.lstrip())] + core + text[len(text.rstrip()) :]


def one_line(text: str) -> str:
    """Return *text* without ends of lines."""
    return " ".join(line for part in text.split("\n") if (line := part.strip(" ")))


class Flow:
    """The Markdown of an element's content."""

    def __init__(self, inside: frozenset[str], *, is_block: bool) -> None:
        self._parts: list[str] = []
        self._one_line = "line" in inside
        self._escaped = label if "brackets" in inside else escaped
        self._end = "" if is_block else "\0"
        """The last sign so far; "" where a block begins."""
        self._gap = 0
        """How many ends of lines are between what is there and what comes next."""
        self._emphasis: tuple[str, str] | None = None
        """Tag and text of the last part, if it is emphasised."""

    def __str__(self) -> str:
        return "".join(self._parts)

    def text(self, text: str | None) -> None:
        """Add a text."""
        if not text or not (text := self._room(_folded(text))):
            return
        text = self._escaped(text)
        if self._one_line:
            text = text.replace("\n", " ")
        else:
            first, *further = text.split("\n")
            first = _line(first) if self._end in ("", "\n") else first
            text = "\n".join([first, *map(_line, further)])
        self._add(text)
        if self._end == "`":  # with a backslash: it ends no code
            self._end = "'"

    def piece(self, piece: str) -> None:
        """Add a piece of a line: a link, a picture, code."""
        if piece := self._room(piece):
            self._add(piece)

    def emphasis(self, text: str, mark: str, tag: str) -> None:
        """Add a text with *mark* around it, or with *tag* where CommonMark (6.2) would not take that for emphasis."""
        core = text.strip()
        if not core or "\n\n" in core:
            self.piece(text)
            return
        before, after = text.split(core, 1)
        self.piece(before)
        if not mark or self._end == mark[0] or (_is_sign(core[0]) and _is_letter(self._end)):
            self.piece(f"<{tag}>{core}</{tag}>")
        else:
            self.piece(f"{mark}{core}{mark}")
            self._emphasis = tag, core
        self.piece(after)

    def line_break(self) -> None:
        """End a line; two in a row end a paragraph."""
        if self._one_line:
            self.piece(" ")
        elif self._end:
            twice = self._end == "\n"
            self._trim()
            self._parts.append("\n\n" if twice else "  \n")
            self._end, self._emphasis = "\n", None

    def block(self, block: str, before: int, after: int) -> None:
        """Add a block, with so many ends of lines before and after it; an empty one ends a line too."""
        if self._one_line:
            self.piece(f" {one_line(block)} " if block else " ")
            return
        self._trim()
        self._gap = max(before, self._gap)
        if block:
            self._add(block)
        self._gap, self._end = after, ""

    def _trim(self) -> None:
        """Take away the white space at the end."""
        while self._parts and not self._parts[-1].rstrip(" \n"):
            self._parts.pop()
        if self._parts:
            self._parts[-1] = self._parts[-1].rstrip(" \n")

    def _room(self, piece: str) -> str:
        """Return a piece without the space that it begins with where there is some before it."""
        return piece.lstrip(" \n") if self._end in ("", " ", "\n") else piece

    def _add(self, piece: str) -> None:
        """Add a piece, and keep it apart from the last one where the two would mean something together."""
        if self._gap and self._parts:
            self._parts.append("\n" * self._gap)
        elif self._emphasis and (piece[0] in "*~" or (_is_sign(self._emphasis[1][-1]) and _is_letter(piece[0]))):
            tag, text = self._emphasis
            self._parts[-1] = f"<{tag}>{text}</{tag}>"
        elif self._end == "]" and piece[0] in "(:":  # a link, to whatever address
            piece = f"\\{piece}"
        elif self._end == "!" and piece[0] == "[":  # a picture
            self._parts[-1] = rf"{self._parts[-1][:-1]}\!"
        elif self._end == "`" == piece[0]:  # one run of backticks
            piece = f" {piece}"
        self._gap, self._emphasis, self._end = 0, None, piece[-1]
        self._parts.append(piece)


def _folded(text: str) -> str:
    """Return *text* with one space or end of a line where there is white space."""
    if "  " in text or "\t" in text:
        text = _SPACES.sub(" ", text)
    return _LINE_END.sub("\n", text) if "\n" in text or "\r" in text else text


def _line(text: str) -> str:
    """Return *text* as it can stand at the beginning of a line."""
    match = _AT_LINE_START.match(text)
    return f"{match[0]}\\{text[match.end() :]}" if match else text


def _is_sign(char: str) -> bool:
    return unicodedata.category(char)[0] in "PS"


def _is_letter(char: str) -> bool:
    return char not in ("", "\0") and not char.isspace() and not _is_sign(char)
