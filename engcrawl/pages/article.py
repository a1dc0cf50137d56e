"""Article pages: a post on its own page."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml.html import HtmlElement
from parsel import Selector

from engcrawl.items import Post
from engcrawl.pages import body, entry, terms
from engcrawl.pages.page import (
    NotThePage,
    described,
    first,
    folded,
    has,
    image,
    meta,
    permalink,
    whole,
    xpath,
)

_BODY = xpath(f'.//*[{has("entry-content")} or @itemprop="articleBody"]')
_PASSWORD_FORM = xpath(f"boolean(.//form[{has('post-password-form')}])")
_FEATURED_IMAGE = xpath(f".//img[{has('wp-post-image')}]/@src")
_JSON_LD = xpath('//script[@type="application/ld+json"]/text()')

_ARTICLE_TYPES = {"Article", "BlogPosting", "NewsArticle", "TechArticle"}


@dataclass(slots=True)
class ArticlePage:
    """A post's own page: what it says of the post, and whether the body goes on elsewhere."""

    post: Post
    parts: int
    """How many pages the body is split over (``URL/2/``, …); 1 for nearly all."""
    categories: dict[str, str | None]
    """The post's categories: slug -> address of the archive, None where only a class names it."""


def read(selector: Selector, text: str, url: str, post_id: int) -> ArticlePage:
    """Read the page of post *post_id* that was found at *url*.

    Dates are left as the page writes them. Raises NotThePage where the post's own element or its body is missing.
    """
    root = whole(text, selector.root)
    element = _own_element(root, post_id)
    classes = element.get("class", "")
    graph = _Graph(root)
    links = terms.category_links(element, url)
    categories = terms.slugs(classes, "category", links)
    protected = entry.protected(element) or _PASSWORD_FORM(element)
    content = None if protected else _content(root, element)
    parts = 1 if content is None else body.parts(content, url)
    post = Post(
        id=post_id,
        url=permalink(url, url),
        title=entry.title(element) or meta(root, "og:title") or "",
        published_date=entry.published(element),
        published_at=graph.text("datePublished") or meta(root, "article:published_time") or entry.published_at(element),
        modified_at=graph.text("dateModified") or meta(root, "article:modified_time"),
        authors=entry.authors(element) or graph.authors() or _authors_of_card(root),
        categories=categories,
        tags=terms.slugs(classes, "tag", terms.tag_slugs(element, url)),
        kind=entry.kind(element),
        protected=protected,
        excerpt=meta(root, "og:description") or meta(root, "description"),
        image_url=image(first(_FEATURED_IMAGE(element)) or meta(root, "og:image") or "", url),
        language=graph.text("inLanguage") or root.get("lang"),
        content_html=None if content is None else body.cleaned(content, url),
    )
    return ArticlePage(post, parts, dict.fromkeys(categories) | links)


def read_part(selector: Selector, text: str, url: str, post_id: int) -> str | None:
    """The body, cleaned, of one further page of a post that is split over several; None where it is empty.

    Raises NotThePage as `read` does.
    """
    root = whole(text, selector.root)
    return body.cleaned(_content(root, _own_element(root, post_id)), url)


def _own_element(root: HtmlElement, post_id: int) -> HtmlElement:
    element = first(root.xpath("//*[@id=$id]", id=f"post-{post_id}"))
    if element is None:
        raise NotThePage(f"not the page of post {post_id}: {described(root)}")
    return element


def _content(root: HtmlElement, element: HtmlElement) -> HtmlElement:
    content = first(_BODY(element))
    if content is None:
        raise NotThePage(f"no body (.entry-content) on {described(root)}")
    return content


def _authors_of_card(root: HtmlElement) -> list[str]:
    """The names that Yoast writes for Twitter's card: one comma list."""
    if not (meta(root, "twitter:label1") and (names := meta(root, "twitter:data1"))):
        return []
    return [name.strip() for name in names.split(",")]


class _Graph:
    """The JSON-LD of a page (schema.org): the nodes of its ``@graph``, with the article's node found."""

    def __init__(self, root: HtmlElement) -> None:
        self._nodes = [node for script in _JSON_LD(root) for node in _nodes(script)]
        self._article = next((node for node in self._nodes if _types(node) & _ARTICLE_TYPES), {})

    def text(self, key: str) -> str | None:
        """A plain value of the article's node, entities decoded."""
        value = self._article.get(key)
        return folded(html.unescape(value)) or None if isinstance(value, str) else None

    def authors(self) -> list[str]:
        """The names of the article's authors, references to nodes of the graph resolved."""
        value = self._article.get("author", [])
        references = value if isinstance(value, list) else [value]
        people = {node["@id"]: node for node in self._nodes if "name" in node and isinstance(node.get("@id"), str)}
        named = (r if "name" in r else people.get(r.get("@id"), {}) for r in references if isinstance(r, dict))
        return [folded(html.unescape(person["name"])) for person in named if isinstance(person.get("name"), str)]


def _nodes(script: str) -> Iterator[dict[str, Any]]:
    try:
        data = json.loads(script)
    except ValueError:
        return  # another plugin's broken block: the meta elements say the same
    for top in data if isinstance(data, list) else [data]:
        if isinstance(top, dict):
            graph = top.get("@graph")
            yield from (node for node in (graph if isinstance(graph, list) else [top]) if isinstance(node, dict))


def _types(node: dict[str, Any]) -> set[str]:
    value = node.get("@type")
    return {t for t in (value if isinstance(value, list) else [value]) if isinstance(t, str)}
