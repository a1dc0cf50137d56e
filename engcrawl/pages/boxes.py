"""What stands on a post's page beside its text: comments, share buttons, related posts, author boxes, meta lines.

Themes and plugins name such boxes in their own ways, but with the same few words at the end of a class:
``sd-sharing``, ``c-article__sharing``, ``td-post-sharing-top``, ``heateor_sss_sharing_container``. So a class is
read as words, from its end: first the words that say nothing (``top``, ``container``), then the one that tells.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from lxml.html import HtmlElement


class Box(Enum):
    """What an element is, if it isn't text."""

    NONE = "text, for all that its name says"
    COMMENTS = "comments, or the form to write one"
    FOREIGN = "other posts, share buttons, a newsletter, an advertisement, a way to other pages"
    ABOUT = "what the theme says of the post: its date, author, tags"
    BESIDE = "a sidebar or a widget; inside of a body, page builders call the text a widget too"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAIL = _words(
    "above after area articles bar before below block blocks bottom box button buttons card cards col column container"
    " desktop group heading holder icon icons inner items kasten kit label left link links list mobile module outer"
    " panel plugin posts right row section single small sticky title top widget wrap wrapper"
)
"""Words at the end of a class that don't tell what the element is."""
_FOREIGN = _words(
    "a2a addthis addtoany advert advertisement advertising adsbygoogle breadcrumb breadcrumbs donate donation donations"
    " essb flattr heateor mailchimp mailpoet mashsb mc4wp navigation newsletter newsletters optin pagination patreon"
    " paypal postnav postnavi printfriendly related relatedposts share sharebar sharebuttons sharedaddy shares"
    " sharethis sharing shariff sociable social socials ssba steady subscribe subscription subscriptions yarpp"
)
_FOREIGN_PAIRS = _words(
    "also-like also-read jetpack-likes latest-posts likes-widget might-like more-articles more-posts more-stories"
    " nav-above nav-below nav-links next-article next-post page-link page-links popular-posts post-nav posts-nav"
    " post-pagination post-ratings previous-post prev-next prev-post read-also read-more read-next recent-posts"
    " recommended-posts sd-block sd-like tag-cloud"
)
_ABOUT = _words(
    "byline copyright license licence meta postmeta postmetadata posttags print tagcloud taglist tags vcard"
)
_POSTS = _words("article blog entry post single story")
_OF_A_POST = _words(
    "author authors byline categories category cats date footer header info metadata meta tag tags terms utility views"
)
_AUTHORS = _words("author-about author-area author-avatar author-bio author-box author-card author-description")
_ABOUT_PAIRS = (
    frozenset(f"{post}-{what}" for post in _POSTS for what in _OF_A_POST)
    | _AUTHORS
    | _words("author-details author-info author-meta author-profile about-author about-the-author the-author bio-box")
    | _words("cat-links category-links meta-info posted-by posted-in posted-on reading-time tag-links tags-links")
)
_COMMENTS = _words(
    "comment-body comment-content comment-form comment-list comment-respond comment_list commentform commentlist"
    " comments comments-area comments-wrapper disqus fb-comments post-comments respond wp-block-comments"
    " wp-block-post-comments wp-block-post-comments-form"
)
_COMMENT_IDS = _words("comment-form comments commentform commentlist commentwrap disqus_thread respond")
_ONE_COMMENT = re.compile(r"(?:li-|div-)?comment-\d+$")
_IN_A_THREAD = re.compile(r"\bdepth-\d")
_BESIDE = _words("sidebar sidebars widget widget-area widget_area widgets")
_BESIDE_IDS = _words("secondary sidebar sidebar-primary sidebar1 sidebar2 sidebars")
_POST = re.compile(r"(?:^|\s)(?:hentry|type-[\w-]+|post-\d+)(?:\s|$)")
_STATE = ("has-", "no-", "with-", "without-", "is-", "show-", "hide-")
"""How classes begin that say something of a box in the element, not that it is one."""
_BOX_TAGS = _words("address aside center div dl footer form header ins li nav ol p section table ul")
_NOT_WORDS = re.compile(r"[-_]+")


def kind(element: HtmlElement) -> Box:
    """Return what an element is by its own name alone: its tag, class and ID."""
    number = element.get("id", "")
    if number in _COMMENT_IDS or _ONE_COMMENT.match(number):
        return Box.COMMENTS
    if number == "author-info":
        return Box.ABOUT
    classes = element.get("class")
    if classes and (element.tag in _BOX_TAGS or "-" in element.tag or _IN_A_THREAD.search(classes)):
        found = _kind(classes)
        if found is not Box.NONE:
            return found
    return Box.BESIDE if number in _BESIDE_IDS else Box.NONE


@lru_cache(maxsize=8192)
def _kind(classes: str) -> Box:
    if _POST.search(classes):
        return Box.NONE  # its other classes are its terms: category-newsletter
    names = classes.lower().split()
    if not _COMMENTS.isdisjoint(names) or ("comment" in names and _IN_A_THREAD.search(classes)):
        return Box.COMMENTS
    found = {_told(name) for name in names if not name.startswith(_STATE)}
    for box in (Box.FOREIGN, Box.ABOUT):
        if box in found:
            return box
    return Box.NONE if _BESIDE.isdisjoint(names) else Box.BESIDE


def _told(name: str) -> Box:
    """Return what one class tells, read from its end."""
    words = [word for word in _NOT_WORDS.split(name) if word]
    while words:
        pair = "-".join(words[-2:])
        if words[-1] in _FOREIGN or pair in _FOREIGN_PAIRS:
            return Box.FOREIGN
        if words[-1] in _ABOUT or pair in _ABOUT_PAIRS or "-".join(words[-3:]) in _ABOUT_PAIRS:
            return Box.ABOUT
        if words[-1] not in _TAIL and not words[-1].isdecimal():
            break
        words.pop()
    return Box.NONE
