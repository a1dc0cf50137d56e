"""HTML that runs nothing: what a page says stays, what would act in its reader's browser goes.

The work is done by ammonia (nh3), which reads markup as browsers do (HTML Standard, 13.2) and lets through what it
knows, and nothing else: no script, no ``on…`` handler, no form, no frame with markup of its own, no address but web,
mail and telephone ones. Embeds keep their address: what they show is their own host's.
"""

from __future__ import annotations

import re

import nh3

_MATH = (
    "math semantics annotation mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose"
    " msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd"
)
_DRAWING = "svg g defs path rect circle ellipse line polyline polygon text tspan linearGradient radialGradient stop"
_MORE = "address audio big button font iframe main picture section source tfoot track video"
_CELL = "abbr axis bgcolor colspan headers nowrap rowspan scope"
_OF_MATH = "accent columnalign display encoding fence form lspace mathsize mathvariant rspace separator stretchy xmlns"
_OF_DRAWING = (
    "viewBox preserveAspectRatio xmlns version x y x1 y1 x2 y2 cx cy r rx ry dx dy d points transform fill fill-rule"
    " fill-opacity clip-rule stroke stroke-width stroke-linecap stroke-linejoin stroke-dasharray stroke-opacity opacity"
    " offset stop-color stop-opacity gradientUnits text-anchor font-family font-size font-weight focusable"
)
_ATTRIBUTES = {
    "*": "align cite class datetime dir height id itemprop itemscope itemtype lang role style title valign width",
    "a": "href hreflang name rel target type download",
    "area": "href alt coords shape target rel",
    "audio": "src controls loop muted preload autoplay",
    "button": "type",
    "col": "span",
    "colgroup": "span",
    "data": "value",
    "details": "open",
    "font": "color face size",
    "iframe": "src name allow allowfullscreen frameborder loading marginheight marginwidth referrerpolicy sandbox"
    " scrolling",
    "img": "src srcset sizes alt border crossorigin decoding fetchpriority hspace loading referrerpolicy usemap vspace",
    "li": "value type",
    "map": "name",
    "ol": "start reversed type",
    "source": "src srcset sizes media type",
    "table": "border cellpadding cellspacing summary bgcolor frame rules",
    "td": _CELL,
    "th": _CELL,
    "tr": "bgcolor",
    "track": "src kind srclang label default",
    "ul": "type",
    "video": "src controls loop muted preload autoplay playsinline poster",
}
_ATTRIBUTES |= dict.fromkeys(_MATH.split(), _OF_MATH) | dict.fromkeys(_DRAWING.split(), _OF_DRAWING)

_GAPS = re.compile(r"[\x00-\x20]+")
"""What browsers skip in and before a scheme (URL Standard, 4.4)."""
_PICTURE = re.compile(r"data:image/(?:avif|gif|jpeg|png|svg\+xml|webp)[;,]")
_ACTIVE_STYLE = re.compile(r"\\|/\*|expression|behaviou?r|-moz-binding|@import|(?:java|vb)script:|data:", re.IGNORECASE)
"""What some browser once ran from a ``style``, and what would hide it."""


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Return an attribute's value; None where it isn't one of those that the attribute may have."""
    if name == "style":
        return None if _ACTIVE_STYLE.search(value) else value
    if name in ("href", "src", "poster") and (plain := _GAPS.sub("", value).lower()).startswith("data:"):
        return value if tag in ("img", "source", "video") and _PICTURE.match(plain) else None
    return value


_CLEANER = nh3.Cleaner(
    tags={*nh3.ALLOWED_TAGS, *_MORE.split(), *_MATH.split(), *_DRAWING.split()},
    clean_content_tags={"script", "style", "template", "noscript", "title"},
    attributes={tag: set(names.split()) for tag, names in _ATTRIBUTES.items()},
    attribute_filter=_attribute,
    generic_attribute_prefixes={"data-", "aria-"},
    url_schemes={"http", "https", "mailto", "tel", "data"},
    link_rel=None,
)


def safe(html: str) -> str:
    """Return *html* without what isn't known to be harmless."""
    return _CLEANER.clean(html)
