"""JSON-LD (schema.org): what a page's graph says of its article."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from engcrawl.pages.page import first, folded, xpath
from engcrawl.text.urls import absolute, address, same_host

_SCRIPTS = xpath('//script[@type="application/ld+json"]/text()')
_CANONICAL = xpath('//link[@rel="canonical"]/@href')

_POSTINGS = frozenset(("BlogPosting", "LiveBlogPosting", "SocialMediaPosting", "Report"))
_LISTINGS = frozenset(("CollectionPage", "SearchResultsPage", "ProfilePage"))
_MAY_HOLD_AN_ARTICLE = ("@graph", "mainEntity", "hasPart")
_ADDRESSES = ("@id", "url", "mainEntityOfPage", "isPartOf")


class Graph:
    """The nodes of a page's graph, with the nodes of this page, at *url*, and of its article found."""

    def __init__(self, root: HtmlElement, url: str) -> None:
        canonical = absolute(first(_CANONICAL(root)) or "", url)
        self._urls = {url, canonical} if canonical and same_host(canonical, url) else {url}
        self._own = set(map(address, self._urls))
        self._nodes = [node for script in _SCRIPTS(root) for node in _nodes(script)]
        self._article = self._find_article()
        pages = (node for node in self._nodes if _is_page(node) and self._addresses(node) & self._own)
        self._page: dict[str, Any] = next(pages, {})

    @property
    def has_article(self) -> bool:
        """Tell whether the graph says that this page is an article's."""
        return bool(self._article)

    @property
    def has_listing(self) -> bool:
        """Tell whether the graph says that this page lists articles."""
        return any(_types(node) & _LISTINGS for node in self._nodes)

    def text(self, key: str) -> str | None:
        """Return a plain value of the article's node, else of the page's; None where neither has one."""
        return _plain(self._article.get(key)) or _plain(self._page.get(key)) or None

    def authors(self) -> list[str]:
        """Return the names of the article's authors, references to nodes of the graph resolved, each once."""
        value = self._article.get("author", [])
        names = map(self._name, value if isinstance(value, list) else [value])
        return list(dict.fromkeys(filter(None, names)))

    def site_names(self) -> list[str]:
        """Return what the graph calls the site."""
        sites = [node for node in self._nodes if "WebSite" in _types(node)]
        return [name for node in sites for key in ("name", "alternateName") if (name := _plain(node.get(key)))]

    def _find_article(self) -> dict[str, Any]:
        """Return the node of this page's article: the one that names this page, else the only one that names none."""
        articles = [node for node in self._nodes if _is_article(node)]
        for node in articles:
            if self._addresses(node) & self._own:
                return node
        nameless = [node for node in articles if not self._addresses(node)]
        return nameless[0] if len(nameless) == 1 else {}

    def _addresses(self, node: dict[str, Any]) -> set[str]:
        """Return the addresses of pages on this site that a node names as its own, as `address` writes them."""
        found = set()
        for key in _ADDRESSES:
            value = node.get(key)
            if isinstance(value, dict):
                value = value.get("@id") or value.get("url")
            where = absolute(value.partition("#")[0], "") if isinstance(value, str) else None
            if where and any(same_host(where, url) for url in self._urls):
                found.add(address(where))
        return {where for where in found if "/" in where or where in self._own}  # the front page's is no post's

    def _name(self, author: Any) -> str:
        """Return the name that an author is, has, or refers to; "" without one."""
        if isinstance(author, dict) and "name" not in author:
            author = next((n for n in self._nodes if "name" in n and n.get("@id") == author.get("@id")), {})
        return _plain(author.get("name") if isinstance(author, dict) else author)


def _plain(value: Any) -> str:
    """Return a string as plain text: entities decoded, halves of surrogate pairs replaced; "" for anything else."""
    if not isinstance(value, str):
        return ""
    return folded(html.unescape(value)).encode("utf-8", "replace").decode("utf-8")


def _nodes(script: str) -> Iterator[dict[str, Any]]:
    try:
        data = json.loads(script, strict=False)
    except (ValueError, RecursionError):
        return  # another plugin's broken block: the meta elements say the same
    waiting = [data]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            yield value
            waiting.extend(value[key] for key in _MAY_HOLD_AN_ARTICLE if isinstance(value.get(key), dict | list))


def _types(node: dict[str, Any]) -> set[str]:
    value = node.get("@type")
    return {t for t in (value if isinstance(value, list) else [value]) if isinstance(t, str)}


def _is_article(node: dict[str, Any]) -> bool:
    return any(name.endswith("Article") or name in _POSTINGS for name in _types(node))


def _is_page(node: dict[str, Any]) -> bool:
    return any(name.endswith("Page") for name in _types(node))
