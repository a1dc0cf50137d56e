"""Bodies as Markdown: who reads it as CommonMark sees what the page shows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html
from lxml.html import HtmlElement
from markdown_it import MarkdownIt
from parsel import Selector

from engcrawl.pages import NotThePage, article
from engcrawl.text.markdown import markdown
from tests.blog import Blog

PAGES = Path(__file__).parents[3] / "shared" / "pages"
IN_A_LINE = ("a", "b", "del", "em", "i", "q", "s", "small", "span", "strong", "sub", "sup")
"""Elements whose edges end no word. (Two pieces of code that touch are written with a space between them.)"""


def parsed(markup: str) -> HtmlElement:
    return html.fragment_fromstring(markup, create_parent="div")


def read(text: str) -> HtmlElement:
    """Return what a reader makes of a Markdown text: GitHub's, and the few tags that Markdown has no signs for."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    reader.validateLink = lambda url: True  # type: ignore[method-assign]
    return parsed(reader.render(text))


def shown(body: str) -> HtmlElement:
    """Return a body with links for its embeds, quotation marks, and ends of lines in code: what it shows."""
    root = parsed(body)
    for element in root.iter("audio", "iframe", "video"):
        src = element.get("src")
        element.tag, element[:], element.text = "a", [], element.get("title") or src
        element.set("href", src or "")
    for element in root.iter("q"):
        element.text = '"' + (element.text or "")
        element.append(html.fragment_fromstring('<span>"</span>'))
    for element in root.iterfind(".//pre//br"):
        element.text = "\n"
    return root


def letters(element: HtmlElement) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        around = "" if child.tag in IN_A_LINE else " "
        yield around
        yield from letters(child)
        yield around
        yield child.tail or ""


def words(element: HtmlElement) -> list[str]:
    return "".join(letters(element)).split()


def seen(root: HtmlElement) -> dict[str, list[Any]]:
    """Return the words, links, pictures, code and cells that an element shows."""
    links = [(unquote(a.get("href")), words(a)) for a in root.iter("a") if a.get("href")]
    code = [pre.text_content().strip("\n").rstrip() for pre in root.iter("pre")]
    return {
        "words": words(root),
        "links": [(url, text) for url, text in links if text],
        "pictures": [(unquote(img.get("src")), img.get("alt", "").split()) for img in root.iter("img")],
        "code": [text for text in code if text.strip()],
        "cells": [text for cell in root.iter("td", "th") if (text := words(cell))],
    }


def assert_whole(body: str) -> None:
    """Assert that nothing of a body is lost in its Markdown, and nothing is read as something that it isn't."""
    text = markdown(body) or ""
    assert seen(read(text)) == seen(shown(body)), f"{body}\n{text}"


# Whatever stands in it

SIGNS = (
    r"* _ __ ** ` `` [ ] ( ) ! # ## - -- + 1. 2) > | ~ ~~ = == : \ . „ “ é a_b a*b [a](b) &lt;b> &amp; &amp;lt; &#8217;"
)
TEXTS = st.lists(
    st.sampled_from([*SIGNS.split(), "word", "word", "more", " ", " ", " ", "\n", "\xa0"]), max_size=6
).map("".join)
CODE = st.lists(TEXTS | st.just("<br>") | TEXTS.map("<span>{}</span>".format), max_size=3).map("".join)
IN_LINKS = st.recursive(
    TEXTS
    | TEXTS.filter(str.strip).map("<code>{}</code>".format)
    | st.sampled_from(["<br>", '<img src="/i (1).png" alt="a [b]">']),
    lambda inner: st.builds(
        "<{0}>{1}</{0}>".format,
        st.sampled_from(["strong", "em", "b", "del", "sub", "q", "span"]),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=4,
)
LINKS = IN_LINKS.map('<a href="https://h/?a=1&amp;b=(2)">{}</a>'.format)
LINES = st.lists(IN_LINKS | LINKS | LINKS.map("<em>{}</em>".format), max_size=4).map("".join)
BLOCKS = st.recursive(
    LINES
    | st.just('<iframe src="https://h/v"></iframe>')
    | CODE.map("<pre>{}</pre>".format)
    | st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["p", "h2", "h6", "div", "figcaption"]), LINES)
    | st.lists(st.builds("<tr><td>{}</td><td>{}</td></tr>".format, LINES, LINES), min_size=1, max_size=3).map(
        lambda rows: f"<table>{''.join(rows)}</table>"
    ),
    lambda inner: (
        st.builds(
            "<{0}>{1}</{0}>".format,
            st.sampled_from(["blockquote", "div", "section"]),
            st.lists(inner, max_size=3).map("".join),
        )
        | st.builds(
            "<{0}>{1}</{0}>".format,
            st.sampled_from(["ul", "ol", "ol"]),
            st.lists(inner.map("<li>{}</li>".format) | st.sampled_from(["word", "<ul><li>word</ul>"]), max_size=3).map(
                "".join
            ),
        )
    ),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(BLOCKS, max_size=3))
@example(['<a href="https://h/"><code>]:</code></a>'])  # no definition of a link
def test_nothing_is_lost_and_nothing_read_as_something_else(blocks: list[str]) -> None:
    body = html.tostring(parsed("".join(blocks)), encoding="unicode")
    assert_whole(body)


def test_the_bundled_blogs_bodies_are_as_they_were_written_down() -> None:
    for record in Blog(150).truth():
        if record["content_html"]:
            assert markdown(record["content_html"]) == record["content_markdown"]
            assert_whole(record["content_html"])


@pytest.mark.skipif(not PAGES.exists(), reason=f"no {PAGES}")
def test_real_bodies_are_whole() -> None:
    for page in json.loads((PAGES / "PAGES.json").read_text("utf-8")):
        text = (PAGES / page["file"]).read_text("utf-8", "replace")
        try:
            body = article.read(Selector(text), text, page["url"]).post.content_html
        except NotThePage:
            continue
        assert body
        assert_whole(body)


# How it is written


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>a<br>b</p><p>c<br><br>d</p>", "a  \nb\n\nc\n\nd"),
        ("<p>snake_case, *a*, __init__, 2 _ 3</p>", "snake_case, \\*a\\*, \\_\\_init\\_\\_, 2 \\_ 3"),
        ("<p>R&amp;D, &amp;lt; &lt;b&gt; `c` \\ [x](y) [1]</p>", "R&D, \\&lt; \\<b> \\`c\\` \\\\ [x\\](y) [1]"),
        ("<p>1. a - b # c</p><p>+ a</p><p># b</p>", "1\\. a - b # c\n\n\\+ a\n\n\\# b"),
        ("<p>&gt; c</p><p>a<br>=====</p>", "\\> c\n\na  \n\\====="),
        ("<p>at five,<br>20. May</p>", "at five,  \n20\\. May"),
        ("<li>1. a</li>", "1\\. a"),
        ("<p>&nbsp;</p><p>a&nbsp;b</p>", "a\xa0b"),
        ("<p>a<strong> b </strong>c<em>&nbsp;d</em></p>", "a **b** c\xa0*d*"),
        ("<p><b>a</b><b>b</b> <i>„c“</i>d</p>", "**a**<strong>b</strong> <em>„c“</em>d"),
        ("<p><strong>a <b>b</b></strong> <strong><em>c</em></strong> <del>d</del></p>", "**a b** ***c*** ~~d~~"),
        ("<b><p>a</p><p>b</p></b>", "a\n\nb"),
        ("<h2>C #</h2><h3> a\n b</h3><h4></h4>", "## C \\#\n\n### a b"),
        ("<p>a <code>x`y</code> <code>a*b_c</code> <kbd>k</kbd></p>", "a `` x`y `` `a*b_c` `k`"),
        ('<p><code><a href="https://h/">f()</a> g</code></p>', "[`f()`](https://h/) `g`"),
        ('<pre class="brush: python; x"><code>a &lt; *b*\n\n  c\n</code></pre>', "```python\na < *b*\n\n  c\n```"),
        ('<pre><code class="language-c++">```\nx\n```</code></pre>', "````c++\n```\nx\n```\n````"),
        ("<pre><div>a</div><div>b</div><b>c</b><br>d</pre>", "```\na\nb\nc\nd\n```"),
        ("<ul><li>a<ul><li>b<ol><li>c</li></ol></li></ul></li><li>d</li></ul>", "- a\n  - b\n    1. c\n- d"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"),
        ("<ul><li><p>a</p><pre>b\n\nc</pre></li></ul>", "- a\n\n  ```\n  b\n\n  c\n  ```"),
        ("<ul><li>d<ul><li>e</li></ul>f</li></ul>", "- d\n  - e\n\n  f"),
        ('<ol start="9"><li>a</li><li>b<p>c</p></li></ol>', "9. a\n10. b\n\n    c"),
        ("<blockquote><p>a</p><p>b</p><blockquote>c</blockquote></blockquote>", "> a\n>\n> b\n>\n> > c"),
        (
            "<table><caption>T</caption><thead><tr><th>a|b</th><th>c</th></tr></thead>"
            "<tbody><tr><td>x<br>y</td><td><ul><li>l</li><li>m</li></ul></td></tr></tbody></table>",
            "T\n\n| a\\|b | c |\n| --- | --- |\n| x y | - l - m |",
        ),
        (
            '<table><tr><td colspan="2">a</td></tr><tr><td>b</td><td>c</td></tr></table>',
            "|  |  |\n| --- | --- |\n| a |  |\n| b | c |",
        ),
        ("<table><tr><th>a</th></tr><tr><td>b</td><td>c</td></tr></table>", "| a |  |\n| --- | --- |\n| b | c |"),
        ("<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>", "|  |\n| --- |\n| a b |"),
        (
            '<figure><a href="/"><img src="/a.png" alt="x [y]"></a><figcaption>c <em>d</em></figcaption></figure>',
            "[![x \\[y\\]](/a.png)](/)\n\nc *d*",
        ),
        ('<table><tr><th><img src="/a.png" alt="b"></th></tr></table>', "| ![b](/a.png) |\n| --- |"),
        ('<p>See:<a href="/a (b)" title=\'c "d"\'>e</a></p>', 'See:[e](/a%20%28b%29 "c \\"d\\"")'),
        ('<p>See!<a href="/f">[1]</a> <a href="/g">2]</a></p>', r"See\![[1]](/f) [2\]](/g)"),
        ('<a href="/x"><h3>a</h3><p>b</p></a><a name="y">z</a>', "[a b](/x) z"),
        ('<p><a href="https://h/">https://h/</a> https://h/a_b</p>', "<https://h/> https://h/a_b"),
        ('<p>a</p><iframe src="/v" title="a [v]"></iframe>', "a\n\n[a \\[v\\]](/v)"),
        ('<video poster="/p.png"><source src="/v.mp4"></source></video>', "[![](/p.png)](/v.mp4)"),
        ('<audio controls><source src="/a.mp3"></source></audio>', "[/a.mp3](/a.mp3)"),
        ("<dl><dt>a</dt><dd>b</dd><dt>c</dt><dd><p>d</p><p>e</p></dd></dl>", "a\n:   b\n\nc\n:   d\n\n    e"),
        ("<details><summary>a</summary>b</details><hr><p>H<sub>2</sub>O</p>", "a\n\nb\n\n---\n\nH<sub>2</sub>O"),
        ("<p><q>a</q></p>", '"a"'),
        ('<p>a<sup><a href="#1">1</a></sup></p>', "a<sup>[1](#1)</sup>"),
        ("<p>a <!-- b --> c</p><svg><text>d</text></svg>", "a c\n\nd"),
        ("<p></p><div> </div><ul></ul><table></table>", None),
    ],
)  # fmt: skip
def test_markdown_is_written_so(body: str, expected: str | None) -> None:
    assert markdown(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "<p>" + " " * 300_000 + "a\nb</p>",
        "<p>" + "[" * 100_000 + "</p>",
        "<p>" + "_a&" * 100_000,
        "<pre>" + "\n" * 100_000 + "a",
    ],
)
def test_no_body_takes_long(body: str) -> None:
    began = time.process_time()
    markdown(body)
    assert time.process_time() - began < 2
