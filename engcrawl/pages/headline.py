"""A post's title on its own page: never the site's name, nor with it."""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml.html import HtmlElement

from engcrawl.pages.json_ld import Graph
from engcrawl.pages.page import first, folded, has, meta, text_of, xpath

_MARKED = xpath(
    ".//*/@class[contains(., '-title')]"
    f"/parent::*[{has('entry-title')} or {has('wp-block-post-title')} or {has('post-title')}]"
    " | .//*[@itemprop='headline'][not(self::meta)]"
)
_HEADINGS = xpath(".//h1 | .//h2 | .//h3")
_OF_SITE = xpath(
    "//@class[contains(., 'site-title')]/.. | //@id[.='site-title' or .='blog-title']/.."
    " | //a/@rel[contains(concat(' ', ., ' '), ' home ')]/.."
)
_FEED_TITLES = xpath('//link[@rel="alternate" and @type="application/rss+xml"]/@title')
_TITLE = xpath("string(//title)")

_BETWEEN = r"(?:\s+[|–—»«›‹·•:~/\\-]+\s*|\s*[|»«›‹·•:]+\s*)"
"""What stands between a title and a site's name: a sign with space before it, or one that needs none."""
_NO_LETTER = re.compile(r"[\W_]+")


class Headline:
    """The title that a page gives its post, and the element that shows it, if one does."""

    def __init__(self, root: HtmlElement, graph: Graph, own: HtmlElement) -> None:
        of_site: list[HtmlElement] = _OF_SITE(root)
        self._site = _site_names(root, graph, of_site)
        self._titles = [
            title
            for said in (meta(root, "og:title"), graph.text("headline"), folded(_TITLE(root)))
            if said and (title := self._cut(said))
        ]
        self.element = self._element(root, own, of_site)
        self.text = text_of(self.element) or next(iter(self._titles), "")

    def _element(self, root: HtmlElement, own: HtmlElement, of_site: list[HtmlElement]) -> HtmlElement | None:
        """Return the heading that says what the page's head says too, else what is marked as the post's title."""
        beside = {element for site in of_site for element in (site, site.getparent())}
        marked = [element for element in _MARKED(own) if element not in beside and text_of(element)]
        in_own = [element for element in _HEADINGS(own) if element not in beside]
        if said := [*self._said([*marked, *in_own], _ends), *marked]:
            return said[0]
        tops = [element for element in in_own if element.tag == "h1" and text_of(element)]
        said = self._said([element for element in _HEADINGS(root) if element not in beside], _begins)
        return first(said or (tops if len(tops) == 1 else []))

    def _said(self, headings: list[HtmlElement], also: Callable[[str, str], bool]) -> list[HtmlElement]:
        """Return those of some headings that say what the page's head says, in whole or in part."""
        texts = [(_plain(text_of(element)), element) for element in headings]
        titles = [plain for title in self._titles if (plain := _plain(title))]
        same = [element for text, element in texts if text in titles]
        parts = [
            (len(text), element)
            for text, element in texts
            if text and any(_begins(title, text) or also(title, text) for title in titles)
        ]  # the longest is the title, a short one may be the site's name
        return same + [element for _, element in sorted(parts, key=lambda part: -part[0])]

    def _cut(self, title: str) -> str:
        """Return a title without the site's name before or behind it; "" where it is that name and no more."""
        for name in self._site:
            if title.casefold() == name.casefold():
                return ""
            name = re.escape(name)
            shorter = re.sub(rf"^{name}{_BETWEEN}|{_BETWEEN}{name}$", "", title, flags=re.IGNORECASE)
            if shorter != title and shorter.strip():
                return shorter.strip()
        return title


def _site_names(root: HtmlElement, graph: Graph, of_site: list[HtmlElement]) -> list[str]:
    """Return what a page calls its site, the longest name first."""
    shown = [text_of(element) for element in of_site]
    feeds = [folded(re.split(r"\s*[»›|]\s*|\s+[-–—]\s+", title)[0]) for title in _FEED_TITLES(root)]
    names = {meta(root, "og:site_name") or "", *graph.site_names(), *shown, *feeds[:1]}
    return sorted((name for name in names if name), key=len, reverse=True)


def _plain(text: str) -> str:
    """Return a text's letters and digits alone: quotes and dashes are written in many ways."""
    return _NO_LETTER.sub("", text).casefold()


def _begins(title: str, text: str) -> bool:
    """Return whether a title begins with a heading (and goes on with the site's name), or the other way round."""
    short, long = sorted((title, text), key=len)
    return long.startswith(short) and 3 * len(short) > len(long)


def _ends(title: str, text: str) -> bool:
    """Return whether a title ends with a heading (and begins with the site's name)."""
    return title.endswith(text) and 3 * len(text) > len(title)
