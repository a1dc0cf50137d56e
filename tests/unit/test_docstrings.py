"""Hold docstrings to beginning with a verb."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.folders import ROOT

PACKAGE = ROOT / "engcrawl"
RIDDLES = {"Whether", "What", "How", "Who", "When", "Why", "Which", "The", "A", "An", "Of", "As", "Its", "That", "This"}
"""First words that no verb follows soon; ruff's D401 knows other ones."""
FILES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("name", FILES)
def test_a_functions_docstring_begins_with_a_verb(name: str) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse((PACKAGE / name).read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    first = {node.name: text.split()[0] for node in functions if (text := ast.get_docstring(node))}
    assert {
        name: word for name, word in first.items() if word in RIDDLES or not re.fullmatch(r"[A-Z][a-z]+", word)
    } == {}
