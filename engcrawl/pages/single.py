"""Is a page one post's, or something else: a list of posts, a page, a 404, a challenge, a login form?"""

from __future__ import annotations

import re
from collections.abc import Collection

from lxml.html import HtmlElement

from engcrawl.pages import identity
from engcrawl.pages.boxes import Box, kind
from engcrawl.pages.identity import block_of, links_elsewhere, number_of
from engcrawl.pages.json_ld import Graph
from engcrawl.pages.page import AnotherKindError, NotThePage, described, has, meta, text_of, xpath
from engcrawl.pages.prose import has_title, named_as_body

_BODY_CLASS = xpath("string(//body/@class)")
_POSTS = xpath(f'//*[starts-with(@id, "post-") or {has("hentry")} or {has("wp-block-post")} or {has("post")}]')
_COMMENT_FORM = xpath('boolean(//input[@name="comment_post_ID"] | //*[@id="respond" or @id="commentform"])')
_HEADING = xpath("boolean(//h1)")

_OF_POST = re.compile(r"postid-\d+$")
_OF_PAGE = re.compile(r"page-id-\d+$")
_MARKS = frozenset(("hentry", "post", "wp-block-post"))
_OBJECTS_THAT_LIST = frozenset(("categories", "tags", "users", "taxonomies"))
_LISTING_CLASSES = frozenset(("archive", "blog", "search-results", "search-no-results"))
_UNLIKE_A_POST = frozenset(("home", "page", "search")) | _LISTING_CLASSES
_NO_POST_CLASSES = frozenset(("type-page", "error404", "not-found", "no-results"))
_BLOCKS = ("article", "div", "section", "td")
_NOT_POSTS = frozenset(("html", "body", "form", "input"))


def refuse_others(root: HtmlElement, graph: Graph, url: str, post_id: int | None, *, pages: bool) -> None:
    """Raise NotThePage for a page that says, or shows, that it isn't a single post's; of *post_id*, if that is known.

    With *pages*, a page in WordPress' sense counts as a post too. Raises AnotherKindError where WordPress says what
    else it is.

    What WordPress says in the class of ``<body>`` and in the link to REST counts first (``single``, ``archive``,
    ``error404`` …); then JSON-LD, a shortlink and ``og:type``; then how many posts the page shows.
    """
    wanted = "a post" if post_id is None else f"post {post_id}"
    classes = set(body_classes(root))
    objects = identity.rest_objects(root).keys()
    is_page = _is_page(classes, objects)
    if "error404" in classes:
        raise NotThePage(f"not the page of {wanted}, but one that says that nothing is there: {described(root)}")
    if kind := _another_kind(classes, objects, is_page=is_page, pages=pages):
        raise AnotherKindError(f"not the page of {wanted}, but {kind}: {described(root)}", kind)
    single = "posts" in objects or is_page or _is_single(classes)
    if not single and not _shows_one_post(root, graph, url, post_id):
        raise NotThePage(f"not the page of {wanted}: {described(root)}")


def body_classes(root: HtmlElement) -> list[str]:
    """Return the classes of ``<body>``, by which WordPress says what kind of page this is."""
    return str(_BODY_CLASS(root)).split()


def post_type(root: HtmlElement, own: HtmlElement) -> str:
    """Return the WordPress post type that a page says it is of; "post" where it says none.

    A page's ``page-id-N``, a post's ``single-TYPE``, or ``type-TYPE`` beside ``TYPE`` or such a ``single-TYPE`` in the
    classes of its own element: themes have classes of their own that begin so.
    """
    classes, names = body_classes(root), own.get("class", "").split()
    if _is_page(set(classes), identity.rest_objects(root).keys()):
        return "page"
    types: list[str] = [name.removeprefix("type-") for name in names if name.startswith("type-")]
    for name in filter(None, types):
        if name in names or f"single-{name}" in classes:
            return name
    templates = [name.removesuffix("-template-default") for name in classes if name.endswith("-template-default")]
    return next((name for name in templates if f"single-{name}" in classes), "post")


def _is_page(classes: set[str], objects: Collection[str]) -> bool:
    """Return whether WordPress says that this is a page, not a post."""
    return not ("posts" in objects or _is_single(classes)) and ("pages" in objects or any(map(_OF_PAGE.match, classes)))


def _another_kind(classes: set[str], objects: Collection[str], *, is_page: bool, pages: bool) -> str | None:
    """Return what else a page is, as WordPress itself says."""
    if "attachment" in classes:
        return "an attachment"
    if is_page:
        return None if pages else "a page"
    if "posts" in objects or _is_single(classes):
        return None
    return "a listing" if not _OBJECTS_THAT_LIST.isdisjoint(objects) or classes & _LISTING_CLASSES else None


def _is_single(classes: set[str]) -> bool:
    if any(map(_OF_POST.match, classes)) or "single-post" in classes:
        return True
    return "single" in classes and not classes & _UNLIKE_A_POST


def _shows_one_post(root: HtmlElement, graph: Graph, url: str, post_id: int | None) -> bool:
    """Return whether a page that WordPress says nothing of shows one post, not a list of them, nor something else."""
    own, others = _posts(root, url)
    if any(not _NO_POST_CLASSES.isdisjoint(post.get("class", "").split()) for post in own):
        return False
    if graph.has_article or post_id in map(number_of, own):
        return True
    if graph.has_listing:
        return False
    stated = identity.shortlink(root, url) is not None or meta(root, "og:type") == "article"
    if stated and (own or not others):
        return True
    has_text = _HEADING(root) and _has_own_text(root, others)
    if others and not own:
        return stated and has_text
    if 1 in (len([post for post in own if text_of(post)]), len([post for post in own if has_title(post)])):
        return True
    return has_text or (_COMMENT_FORM(root) and _HEADING(root))


def _has_own_text(root: HtmlElement, others: list[HtmlElement]) -> bool:
    """Return whether a page has what is named a post's text, apart from the other posts on it."""
    apart = {part for other in others for part in (*other.iter("*"), *other.iterancestors())}
    return any(named_as_body(block) and text_of(block) for block in root.iter(*_BLOCKS) if block not in apart)


def _posts(root: HtmlElement, url: str) -> tuple[list[HtmlElement], list[HtmlElement]]:
    """Return the elements of posts: those that may be this page's own, and those whose title links elsewhere."""
    own: list[HtmlElement] = []
    others: list[HtmlElement] = []
    posts = {element for element in map(block_of, _POSTS(root)) if element.tag not in _NOT_POSTS and _is_post(element)}
    aside: set[HtmlElement] = set()
    """What is in the margin, or in another post that may be the page's own."""
    for element in root.iter("*"):
        if element.getparent() in aside or _is_beside(element):
            aside.add(element)
        elif element in posts:
            if links_elsewhere(element, url):
                others.append(element)
            else:
                own.append(element)
                aside.add(element)
    return own, others


def _is_post(element: HtmlElement) -> bool:
    names = element.get("class", "").split()
    return not _MARKS.isdisjoint(names) or any(
        number_of(part) is not None for part in (element, *element.iterchildren("*"))
    )


def _is_beside(element: HtmlElement) -> bool:
    beside = kind(element) in (Box.BESIDE, Box.COMMENTS, Box.FOREIGN)
    return beside or element.tag in ("aside", "footer", "nav")
