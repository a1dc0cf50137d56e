"""Hold docstrings to saying what a thing does, or is, in their first words."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.folders import ROOT

PACKAGE = ROOT / "engcrawl"
QUESTIONS = {"Whether", "What", "How", "Who", "When", "Where", "Why", "Which", "That"}
"""First words of riddles: they don't say what a thing is."""
RIDDLES = QUESTIONS | {"The", "A", "An", "Of", "As", "Its", "This"}
"""First words that no verb follows soon; ruff's D401 knows other ones."""
FILES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))

files = pytest.mark.parametrize("name", FILES)


def _tree(name: str) -> ast.Module:
    return ast.parse((PACKAGE / name).read_text("utf-8"))


@files
def test_a_functions_docstring_begins_with_a_verb(name: str) -> None:
    functions = [node for node in ast.walk(_tree(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    first = {node.name: text.split()[0] for node in functions if (text := ast.get_docstring(node))}
    assert {
        name: word for name, word in first.items() if word in RIDDLES or not re.fullmatch(r"[A-Z][a-z]+", word)
    } == {}


@files
def test_a_module_and_each_public_class_say_what_they_are(name: str) -> None:
    tree = _tree(name)
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    texts = {node.name: ast.get_docstring(node) for node in classes if not node.name.startswith("_")}
    texts[name] = ast.get_docstring(tree)
    assert {one: text for one, text in texts.items() if not text or text.split()[0] in QUESTIONS} == {}
