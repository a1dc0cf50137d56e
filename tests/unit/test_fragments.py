"""Pieces of HTML as trees."""

from __future__ import annotations

import pytest
from lxml import html

from engcrawl.text.fragments import fragment

FRAGMENTS = {
    "": "<div></div>",
    " \n<p>a</p> b": "<div><p>a</p> b</div>",
    "a &amp; b<!-- c --> d<?pi?>": "<div>a &amp; b d</div>",
    "</div>a": "<div>a</div>",
    "<body class=x>a</body>": "<div>a</div>",
    "<!DOCTYPE html><html><head><title>t</title></head><body><p>a</body></html>\n": "<div><p>a</p></div>",
    "&#1;a": "<div>\x01a</div>",
}
TOO_EARLY = ["a</body>b", "<p>a</body><p>b", "a</body><body><p>b"]


@pytest.mark.parametrize(("markup", "written"), FRAGMENTS.items())
def test_a_fragment_is_in_one_element(markup: str, written: str) -> None:
    div = fragment(markup)
    assert (html.tostring(div, encoding="unicode"), div.getparent()) == (written, None)


@pytest.mark.parametrize("markup", TOO_EARLY)
def test_text_behind_the_end_of_a_body_is_kept(markup: str) -> None:
    assert "".join(fragment(markup).itertext()).split() in (["ab"], ["a", "b"])


@pytest.mark.parametrize("markup", ["<!doctype html>", "<html>", "<html><frameset><frame src=a></frameset></html>"])
def test_a_document_without_a_body_has_no_text(markup: str) -> None:
    assert fragment(markup).text_content() == ""
