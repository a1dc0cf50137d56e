"""One post of a listing: its own element there, read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from engcrawl.items import Post
from engcrawl.pages import entry, marks, terms
from engcrawl.pages.headings import is_post, link_of, plain_id
from engcrawl.pages.page import first, has, image_of, text_of, xpath
from engcrawl.text.urls import permalink, same_host

_LINKS = (
    xpath(f".//*[{has('entry-title')}]//a/@href | .//a[contains(concat(' ', @rel, ' '), ' bookmark ')]/@href"),
    xpath(f"ancestor::a[1]/@href | .//a[.//*[{has('entry-title')}]]/@href"),
)
_HEADINGS = xpath(
    f"descendant-or-self::*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or {has('post-title')}]"
    "[.//a[@href] or ancestor::a[@href]]"
)
_OTHER_LINKS = xpath(
    f".//a[{has('more-link')} or contains(@class, 'more') or .//time or contains(@class, 'title')]/@href"
    " | .//a[@href][.//img]/@href | .//a[not(contains(@rel, 'tag') or contains(@rel, 'author'))]/@href"
)
_TITLES = xpath(f".//*[{has('post-title')} or self::h1 or self::h2 or self::h3 or self::h4 or self::h5]")
_TEXT_LINKS = xpath(".//a[@href][normalize-space()]")
_PLAIN_LINKS = xpath(
    "descendant-or-self::a[@href][not(contains(@rel, 'tag') or contains(@rel, 'author'))]"
    "[not(contains(@class, 'more') or contains(@class, 'comment'))][not(ancestor::time or .//time)]"
)
_IMAGE = xpath(".//img")
_EXCERPT = xpath(
    f".//*[contains(@class, 'summary') or contains(@class, 'excerpt')]"
    f"[{has('entry-summary')} or {has('wp-block-post-excerpt__excerpt')}]"
)


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a tile: facts that hold for all posts of its listing."""

    base: str
    """The address that the listing was found at."""
    category: str
    """The slug of the category whose archive it is; "" for another listing."""
    numbers: frozenset[str]
    """The numbers of that category, as the body's class has them."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A listed post."""

    post: Post
    ids: frozenset[int]
    """The IDs that its element names: one where all is well, more where the element contradicts itself."""
    claimed: frozenset[int]
    """Other IDs, that its classes name beside that of its ``id``."""


def read(element: HtmlElement, place: Place) -> Tile:
    """Read a post's own element. Its dates are left as the page writes them."""
    classes = element.get("class", "")
    heading = _heading(element, place.base)
    url = _url(element, heading, place.base)
    ids, claimed = marks.ids(element)
    if not ids and (number := plain_id(url)) and same_host(url, place.base):
        ids = {number}
    day, instant = entry.published(element)
    post = Post(
        id=next(iter(ids)) if len(ids) == 1 else None,
        type=marks.type_of(classes.split()),
        url=url,
        title=_title(element, heading),
        published_date=day,
        published_at=instant,
        authors=entry.authors(element),
        categories=_categories(classes, element, place),
        tags=terms.slugs(classes, "tag", terms.tag_slugs(element, place.base)),
        kind=entry.kind(element),
        external=bool(url) and not same_host(url, place.base),
        protected=entry.protected(element),
        excerpt=None if entry.protected(element) else text_of(first(_EXCERPT(element))) or None,
        image_url=next(filter(None, (image_of(img, place.base) for img in _IMAGE(element))), None),
    )
    return Tile(post, frozenset(ids), frozenset(claimed))


def _heading(element: HtmlElement, base: str) -> HtmlElement | None:
    """Return the heading that links to the post; None where the element is marked with ``.entry-title``."""
    if first(_LINKS[0](element)) or first(_LINKS[1](element)):
        return None
    headings = [one for one in _HEADINGS(element) if one is element or entry.is_own(one, element)]
    return next((one for one in headings if link_of(one, base)), None)


def _url(element: HtmlElement, heading: HtmlElement | None, base: str) -> str:
    """Return where the post's title leads, else its other links; before another host's address, the site's own."""
    named = _LINKS[0](element) or _LINKS[1](element)
    urls = [url for href in named if (url := permalink(href, base))]
    if not urls and heading is not None:
        urls = [link_of(heading, base)]
    if not urls:
        urls = list(_posts(_OTHER_LINKS(element), base))[:1]
    return next((url for url in urls if same_host(url, base)), urls[0] if urls else "")


def _posts(hrefs: Iterable[str], base: str) -> Iterator[str]:
    return (url for href in hrefs if "#" not in href and is_post(url := permalink(href, base), base))


def _title(element: HtmlElement, heading: HtmlElement | None) -> str:
    """Return the title: the text of ``.entry-title``, else of the heading."""
    if found := entry.title(element):
        return found
    if heading is None:
        heading = first([one for one in _TITLES(element) if entry.is_own(one, element)])
    if heading is None:
        return max((entry.clean_title(text_of(link)) for link in _PLAIN_LINKS(element)), key=len, default="")
    link = first(_TEXT_LINKS(heading))
    return entry.clean_title(text_of(link if link is not None else heading))


def _categories(classes: str, element: HtmlElement, place: Place) -> list[str]:
    """Return a listed post's categories; the listing's own where the post names none, or names it by its number."""
    linked, by_number = terms.category_links(element, place.base)
    named = [*terms.slugs(classes, "category", linked), *terms.numbered_slugs(classes, by_number)]
    if place.category and (not named or terms.numbers(classes, "category") & place.numbers):
        named.append(place.category)
    return sorted({*named})
