"""The parts of a page beside its main listing: menus, sidebars, footers, widgets, related posts."""

from __future__ import annotations

from lxml.html import HtmlElement

from engcrawl.pages.page import xpath

_TAGS = frozenset(("aside", "nav", "footer"))
_ROLES = frozenset(("complementary", "navigation", "banner", "contentinfo"))
_CLASSES = frozenset(("widget", "widget-area", "related-articles", "related-posts", "sidebar", "site-header"))
_IDS = ("sidebar", "secondary", "footer", "masthead", "colophon")
_HOLDERS = frozenset(("article", "li", "main", "section"))
_HOLDS_MAIN = xpath('boolean(.//main or .//*[@role="main"])')


class Beside:
    """Tells for a page's elements whether they stand beside the main listing; each is judged once."""

    def __init__(self) -> None:
        self._judged: dict[HtmlElement, bool] = {}

    def holds(self, element: HtmlElement) -> bool:
        """Return whether *element* is, or is inside of, something beside the main listing."""
        passed = []
        found = False
        for one in (element, *element.iterancestors()):
            known = self._judged.get(one)
            found = _is_beside(one) if known is None else known
            passed.append(one)
            if known is not None or found:
                break
        self._judged.update(dict.fromkeys(passed, found))
        return found


def _is_beside(element: HtmlElement) -> bool:
    tag, get = element.tag, element.get
    if tag in ("html", "body", "main"):
        return False
    if tag == "header":
        inner = any(one.tag in _HOLDERS for one in element.iterancestors())
        return not inner and _opens_page(element) and not _HOLDS_MAIN(element)
    if not (
        tag in _TAGS
        or get("role") in _ROLES
        or not _CLASSES.isdisjoint(get("class", "").split())
        or get("id", "").startswith(_IDS)
    ):
        return False
    return not _HOLDS_MAIN(element)


def _opens_page(element: HtmlElement) -> bool:
    """Return whether a ``<header>`` is the page's, not a post's."""
    return not any("post" in name or "entry" in name for name in element.get("class", "").split())
