"""Article pages: a post on its own page."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass

from lxml.html import HtmlElement
from parsel import Selector

from engcrawl.items import ContentSource, Post
from engcrawl.pages import body, entry, extract, identity, single, terms
from engcrawl.pages.boxes import comments
from engcrawl.pages.byline import Byline
from engcrawl.pages.headline import Headline
from engcrawl.pages.identity import Own
from engcrawl.pages.json_ld import Graph
from engcrawl.pages.page import NotThePage, described, drop, has, image_of, meta, whole, xpath
from engcrawl.text import dates
from engcrawl.text.urls import image, permalink, without_part

_PASSWORD_FORM = xpath(f"boolean(.//form[{has('post-password-form')}])")
_NO_IMAGE = "https://s0.wp.com/i/blank.jpg"
"""Jetpack's word for it."""
_FEATURED_IMAGE = xpath(f".//img[{has('wp-post-image')}]")


@dataclass(slots=True)
class ArticlePage:
    """A post's own page: what it says of the post, and whether the body goes on elsewhere."""

    post: Post
    """``post.content_source`` is "page" where the page has a body element of the post's own (it may be empty: then
    there is no content), "extracted" where the body is a guess at the page's main text, which may be none; None
    for a protected post."""
    parts: int
    """How many pages the body is split over (``URL/2/``, …); 1 for nearly all."""
    categories: dict[str, str | None]
    """The post's categories: slug -> address of the archive, None where only a class names it.

    Links without a slug have ``?cat=N`` for it.
    """
    filed: int
    """In how many categories the post is: more than ``post.categories`` where the page has only numbers of some."""
    numbered: list[str]
    """Those of which it has only numbers: ``?cat=N``."""

    def complete(self, known: list[str]) -> None:
        """Add the categories that sources say the post is in, where the page has slugs of some alone.

        WordPress' classes leave out what isn't ASCII, and plain permalinks have numbers: what is left of a *known* slug
        in a class is no other one. A category whose slug nothing says is there by its number, ``?cat=N``.
        """
        if self.post.categories and self.filed > len(self.post.categories):
            left_of = {terms.as_class(slug) for slug in known}
            named = {slug for slug in self.post.categories if slug in known or slug not in left_of}
            self.post.categories = sorted({*named, *known})
        if self.filed > len(self.post.categories or known):
            self.post.categories = sorted({*self.post.categories, *self.numbered})


def read(selector: Selector, text: str, url: str, post_id: int | None = None, *, pages: bool = False) -> ArticlePage:
    """Read the page of a post that was found at *url*: of post *post_id*, or, without one, of whichever it says.

    With *pages*, pages in WordPress' sense are read too. The post's ID is None where neither says it. Dates are left as
    the page writes them, and the selector's tree as it is.

    Raises NotThePage where the page isn't a single post's, is another's, contradicts itself, or has no body.
    """
    root, graph, own = _opened(selector, text, url, post_id, pages=pages)
    headline = Headline(root, graph, own.element)
    scope = own.element if headline.element is None else identity.common(own.element, headline.element)
    protected = entry.protected(own.element) or bool(_PASSWORD_FORM(scope))
    element = None if protected else body.find(own)
    named, numbered = terms.category_links(scope, url)
    post = _facts(root, url, graph, own, scope, named)
    byline = Byline(scope, element, headline.element)
    published, shown = graph.text("datePublished"), byline.published_at()
    stated = meta(root, "article:published_time")
    post.title = headline.text
    post.published_date = byline.published((published, stated), dates.permalink_day(url))
    post.published_at = dates.first_instant(published, stated, shown)
    post.authors = byline.authors(root, graph)
    post.protected = protected
    parts = 1
    if not protected:
        parts = body.parts(own.element, url)
        post.content_html, post.content_source = _content(root, url, element, headline.element, url)
    linked = {**dict.fromkeys(post.categories), **named, **numbered}
    classes = own.element.get("class", "")
    filed = max(len(post.categories), len(numbered), len(terms.in_classes(classes, "category")))
    return ArticlePage(post, parts, linked, filed, terms.numbered_slugs(classes, numbered))


def read_part(selector: Selector, text: str, url: str, post_id: int | None = None) -> str | None:
    """Return the body, cleaned, of one further page of a post that is split over several; None where it is empty.

    Raises NotThePage as `read` does.
    """
    root, graph, own = _opened(selector, text, url, post_id, pages=True)
    headline = Headline(root, graph, own.element).element
    return _content(root, url, body.find(own), headline, without_part(url))[0]


def _opened(
    selector: Selector, text: str, url: str, post_id: int | None, *, pages: bool
) -> tuple[HtmlElement, Graph, Own]:
    """Return a page's tree (a copy, without comments and other posts), its JSON-LD and the post's own element."""
    root = whole(text, copy.deepcopy(selector.root), url)
    graph = Graph(root, url)
    single.refuse_others(root, graph, url, post_id, pages=pages)
    number = identity.stated(root, url)
    if None not in (number, post_id) and number != post_id:
        raise NotThePage(f"not the page of post {post_id}, but of post {number}: {described(root)}")
    for element in comments(root):
        drop(element)
    own = identity.find(root, number, post_id, url)
    own.number = post_id if own.number is None else own.number
    return root, graph, own


def _content(
    root: HtmlElement, url: str, element: HtmlElement | None, headline: HtmlElement | None, post_url: str
) -> tuple[str | None, ContentSource]:
    """Return the body, cleaned, and where it comes from: without an *element* for it, an extractor's guess."""
    if headline is not None and headline is not element:
        drop(headline)
    if element is not None:
        return body.cleaned(element, url, post_url), "page"
    guess = extract.main_text(root, url)
    return None if guess is None else body.cleaned(guess, url, post_url), "extracted"


def _facts(root: HtmlElement, url: str, graph: Graph, own: Own, scope: HtmlElement, categories: Iterable[str]) -> Post:
    """Return what a page says of its post beside its title, byline and body; *categories*, those that it links to."""
    classes = own.element.get("class", "")
    images = (found for img in _FEATURED_IMAGE(scope) if (found := image_of(img, url)))
    shared = meta(root, "og:image")
    is_video = entry.kind(own.element) == "video" or "single-format-video" in single.body_classes(root)
    return Post(
        id=own.number,
        type=single.post_type(root, own.element),
        url=permalink(url, url),
        title="",
        modified_at=dates.first_instant(graph.text("dateModified"), meta(root, "article:modified_time")),
        categories=terms.slugs(classes, "category", categories),
        tags=terms.slugs(classes, "tag", terms.tag_slugs(scope, url)),
        kind="video" if is_video else "article",
        excerpt=meta(root, "og:description") or meta(root, "description"),
        image_url=next(images, None) or (image(shared, url) if shared and shared != _NO_IMAGE else None),
        language=graph.text("inLanguage") or root.get("lang"),
    )
