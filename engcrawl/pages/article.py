"""Article pages: a post on its own page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml.html import HtmlElement
from parsel import Selector

from engcrawl.items import Post
from engcrawl.pages import body, entry, terms
from engcrawl.pages.json_ld import Graph
from engcrawl.pages.page import NotThePage, described, first, has, image_of, meta, whole, xpath
from engcrawl.text import dates
from engcrawl.text.urls import image, permalink

_BODY = xpath(f'.//*[{has("entry-content")} or @itemprop="articleBody"]')
_PASSWORD_FORM = xpath(f"boolean(.//form[{has('post-password-form')}])")
_FEATURED_IMAGE = xpath(f".//img[{has('wp-post-image')}]")
_IN_REST = xpath('//link[@rel="alternate" and @type="application/json"]/@href')
_REST_POST = re.compile(r"/wp/v2/posts/(\d+)$")
_WITH_BODY = xpath(f'//article[substring-after(@id, "post-") > 0][.//*[{has("entry-content")}]]')


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
    graph = Graph(root)
    links = terms.category_links(element, url)
    categories = terms.slugs(classes, "category", links)
    protected = entry.protected(element) or _PASSWORD_FORM(element)
    content = None if protected else _content(root, element)
    parts = 1 if content is None else body.parts(element, url)
    images = [found for img in _FEATURED_IMAGE(element) if (found := image_of(img, url))]
    post = Post(
        id=post_id,
        url=permalink(url, url),
        title=entry.title(element) or meta(root, "og:title") or "",
        published_date=entry.published(element),
        published_at=dates.first_instant(
            graph.text("datePublished"), meta(root, "article:published_time"), entry.published_at(element)
        ),
        modified_at=dates.first_instant(graph.text("dateModified"), meta(root, "article:modified_time")),
        authors=entry.authors(element) or graph.authors() or _authors_of_card(root),
        categories=categories,
        tags=terms.slugs(classes, "tag", terms.tag_slugs(element, url)),
        kind=entry.kind(element),
        protected=protected,
        excerpt=meta(root, "og:description") or meta(root, "description"),
        image_url=first(images) or image(meta(root, "og:image") or "", url),
        language=graph.text("inLanguage") or root.get("lang"),
        content_html=None if content is None else body.cleaned(content, url),
    )
    post.content_source = "page" if post.content_html else None
    return ArticlePage(post, parts, dict.fromkeys(categories) | links)


def read_unknown(selector: Selector, text: str, url: str) -> ArticlePage:
    """Read the page of a post whose ID isn't known. Raises NotThePage as `read` does, and where the page names none."""
    return read(selector, text, url, _own_id(whole(text, selector.root)))


def read_part(selector: Selector, text: str, url: str, post_id: int) -> str | None:
    """The body, cleaned, of one further page of a post that is split over several; None where it is empty.

    Raises NotThePage as `read` does.
    """
    root = whole(text, selector.root)
    return body.cleaned(_content(root, _own_element(root, post_id)), url)


def _own_id(root: HtmlElement) -> int:
    """The ID of the post that a page is of: as its link to REST has it, else of the one element that has a body."""
    for href in _IN_REST(root):
        if match := _REST_POST.search(href):
            return int(match.group(1))
    found = {entry.post_id(element) for element in _WITH_BODY(root)}
    if len(found) != 1:
        raise NotThePage(f"not the page of a post: {described(root)}")
    return found.pop()


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
