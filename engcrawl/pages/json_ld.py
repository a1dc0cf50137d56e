"""JSON-LD (schema.org): what a page's graph says of its article."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from engcrawl.pages.page import folded, xpath

_SCRIPTS = xpath('//script[@type="application/ld+json"]/text()')

ARTICLE_TYPES = {"Article", "BlogPosting", "NewsArticle", "TechArticle"}


class Graph:
    """The nodes of a page's ``@graph``, with the article's node found."""

    def __init__(self, root: HtmlElement) -> None:
        self._nodes = [node for script in _SCRIPTS(root) for node in _nodes(script)]
        self._article = next((node for node in self._nodes if _types(node) & ARTICLE_TYPES), {})

    def text(self, key: str) -> str | None:
        """A plain value of the article's node; None where it has none."""
        return _plain(self._article.get(key)) or None

    def authors(self) -> list[str]:
        """The names of the article's authors, references to nodes of the graph resolved, each once."""
        value = self._article.get("author", [])
        names = map(self._name, value if isinstance(value, list) else [value])
        return list(dict.fromkeys(filter(None, names)))

    def _name(self, author: Any) -> str:
        """The name that an author is, has, or refers to; "" without one."""
        if isinstance(author, dict) and "name" not in author:
            author = next((n for n in self._nodes if "name" in n and n.get("@id") == author.get("@id")), {})
        return _plain(author.get("name") if isinstance(author, dict) else author)


def _plain(value: Any) -> str:
    """A string as plain text: entities decoded, halves of surrogate pairs replaced; "" for anything else."""
    if not isinstance(value, str):
        return ""
    return folded(html.unescape(value)).encode("utf-8", "replace").decode("utf-8")


def _nodes(script: str) -> Iterator[dict[str, Any]]:
    try:
        data = json.loads(script)
    except (ValueError, RecursionError):
        return  # another plugin's broken block: the meta elements say the same
    for top in data if isinstance(data, list) else [data]:
        if isinstance(top, dict):
            graph = top.get("@graph")
            yield from (node for node in (graph if isinstance(graph, list) else [top]) if isinstance(node, dict))


def _types(node: dict[str, Any]) -> set[str]:
    value = node.get("@type")
    return {t for t in (value if isinstance(value, list) else [value]) if isinstance(t, str)}
