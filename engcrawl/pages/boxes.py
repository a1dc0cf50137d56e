"""The boxes on a post's page beside its text: comments, share buttons, related posts, author boxes, meta lines.

Themes and plugins name such boxes in their own ways, but with the same few words at the end of a class:
``sd-sharing``, ``c-article__sharing``, ``td-post-sharing-top``, ``heateor_sss_sharing_container``. So a class is
read as words, from its end: first the words that say nothing (``top``, ``container``), then the one that tells.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from lxml.html import HtmlElement

from engcrawl.pages.page import xpath


class Box(Enum):
    """A kind of element that is no text of the post."""

    NONE = "text, for all that its name says"
    COMMENTS = "comments, or the form to write one"
    FOREIGN = "other posts, share buttons, a newsletter, an advertisement, a way to other pages"
    ABOUT = "what the theme says of the post: its date, author, tags"
    BESIDE = "a sidebar or a widget; inside of a body, page builders call the text a widget too"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAIL = _words(
    "above after area article articles bar before below block blocks bottom box button buttons card cards col column"
    " container content count counter counts default desktop enabled entry floating form group heading holder"
    " horizontal icon icons inline inner item items kasten kit label large left link links list medium mobile module"
    " outer panel plugin post posts right row section single size small sticky style title toolbar top vertical widget"
    " wrap wrapper"
)
"""Words at the end of a class that don't tell what the element is."""
_FOREIGN = _words(
    "ads adsense advert advertisement advertising adsbygoogle breadcrumb breadcrumbs donate donation donations"
    " navigation newsletter newsletters optin pagination patreon paypal postnav postnavi related relatedposts share"
    " sharebar sharebuttons shares sharing sociable social socials steady subscribe subscription subscriptions"
)
_BRANDS = _words(
    "a2a addthis addtoany dpsp essb flattr heateor linkwithin mailchimp mailerlite mailpoet mashsb mc4wp novashare"
    " outbrain printfriendly scriptlesssocialsharing sfsi sharedaddy sharethis shariff simplesocialbuttons ssba taboola"
    " yarpp zergnet"
)
"""Plugins and services of which all that they put into a page is foreign to its text."""
_FOREIGN_PAIRS = _words(
    "also-like also-read facebook-like fb-like jetpack-likes latest-posts likes-widget might-like more-articles"
    " more-posts more-stories nav-above nav-below nav-links next-article next-post page-link page-links popular-posts"
    " post-pagination post-ratings posts-nav prev-next prev-post previous-post read-also read-more read-next"
    " recent-posts recommended-posts sd-block sd-like star-ratings tag-cloud"
)
_ABOUT = _words(
    "byline copyright license licence meta postmeta postmetadata posttags print tagcloud taglist tags vcard"
)
_OF_A_POST = _words(
    "author authors byline categories category cats date footer header info metadata meta nav tag tags terms utility"
    " views"
)
_ABOUT_PAIRS = _words(
    "abh-box about-author about-the-author author-about author-area author-avatar author-bio author-box author-card"
    " author-description author-details author-info author-meta author-profile bio-box cat-links category-links"
    " meta-info posted-by posted-in posted-on reading-time saboxplugin-wrap tag-links tag-list tags-links the-author"
).union(f"{post}-{what}" for post in ("article", "blog", "entry", "post", "single", "story") for what in _OF_A_POST)
_COMMENTS = _words(
    "comment-body comment-content comment-form comment-list comment-respond comment_list commentform commentlist"
    " comments comments-area comments-wrapper disqus fb-comments post-comments respond wp-block-comments"
    " wp-block-post-comments wp-block-post-comments-form"
)
_MAYBE_COMMENTS = xpath(
    "//@class[contains(., 'omment') or contains(., 'respond') or contains(., 'disqus')]/.."
    " | //@id[contains(., 'comment') or .='respond' or .='disqus_thread']/.."
)
_COMMENT_ID = re.compile(
    r"(?:li-|div-)?comment-\d+$|respond$|disqus_thread$"
    r"|comments?[-_]?(?:area|block|box|container|form|list|section|template|thread|wrap|wrapper)?$"
)
_IN_A_THREAD = re.compile(r"\bdepth-\d")
_BESIDE = _words("sidebar sidebars widget widget-area widget_area widgets")
_BESIDE_IDS = _words("secondary sidebar sidebar-primary sidebar1 sidebar2 sidebars")
_POST = re.compile(r"(?:^|\s)(?:hentry|type-[\w-]+|post-\d+)(?:\s|$)")
_STATE = ("has-", "no-", "with-", "without-", "is-", "show-", "hide-")
"""How classes begin that say something of a box in the element, not that it is one."""
_BOX_TAGS = _words("address article aside center div dl footer form header ins li nav ol p section table ul")
_NOT_WORDS = re.compile(r"[-_]+")


def comments(root: HtmlElement) -> list[HtmlElement]:
    """Return the elements on a page that hold comments, or the form to write one."""
    return [element for element in _MAYBE_COMMENTS(root) if kind(element) is Box.COMMENTS]


def kind(element: HtmlElement) -> Box:
    """Return what an element is by its own name alone: its tag, class and ID."""
    if element.tag not in _BOX_TAGS and "-" not in element.tag:
        return Box.NONE
    if (classes := element.get("class")) and (found := _kind(classes)) is not Box.NONE:
        return found
    return _named(name) if (name := element.get("id")) else Box.NONE


def _named(name: str) -> Box:
    """Return what an element with the ID *name* is."""
    if _COMMENT_ID.match(name):
        return Box.COMMENTS
    if name == "author-info":
        return Box.ABOUT
    return Box.BESIDE if name in _BESIDE_IDS else Box.NONE


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
    if words and words[0] in _BRANDS:
        return Box.FOREIGN
    while words:
        pair = "-".join(words[-2:])
        if words[-1] in _FOREIGN or words[-1] in _BRANDS or pair in _FOREIGN_PAIRS:
            return Box.FOREIGN
        if words[-1] in _ABOUT or pair in _ABOUT_PAIRS or "-".join(words[-3:]) in _ABOUT_PAIRS:
            return Box.ABOUT
        if words[-1] not in _TAIL and not words[-1].isdecimal():
            break
        words.pop()
    return Box.NONE
