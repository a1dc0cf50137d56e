"""Web addresses: absolute ones, permalinks, hosts, and what two addresses of one page share."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string, url_query_cleaner

_RESIZING = ("w", "h", "crop", "resize", "fit", "quality", "strip", "ssl", "zoom")
"""Query parameters of WordPress' image service that ask for a smaller picture than the file itself."""
_TRACKING = re.compile(
    "utm_.*|mtm_.*|pk_.*|_hs.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|ysclid|twclid|ttclid|igshid|igsh"
    "|li_fat_id|mc_[ce]id|mkt_tok|_ga|_gl|ref|ref_src|ref_url|referrer|cmpid|s_cid|trk|wt_mc|at_medium|at_campaign"
    "|share|nb|replytocom",
    re.IGNORECASE,
)
"""Query parameters that lead to the same page as without them, so that one post would be two: they say where the reader
came from, for campaigns, advertisers and newsletters, or (the last line) are the buttons below a WordPress post."""
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,]|[^\s,])\s*([^,]*)(?:,|$)")
_PART = re.compile(r"/(\d{1,2})/?$|&(?:amp;|#038;)?page=(\d{1,2})$")
"""What WordPress puts behind a post's address for a further page of it: behind a query a parameter."""


def absolute(href: str, base: str) -> str | None:
    """Make *href* absolute; return None where it is no http(s) address (``http://[your-host]/`` isn't one either)."""
    try:
        url = href.strip()
        if not url.startswith(("http://", "https://")):
            url = urljoin(base, url)
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def absolute_srcset(srcset: str, base: str) -> str:
    """Return a ``srcset`` (HTML Standard, "image candidate strings") with absolute addresses, which may hold commas."""
    candidates = (f"{absolute(url, base) or url} {size}".strip() for url, size in _CANDIDATE.findall(srcset))
    return ", ".join(candidates)


def permalink(href: str, base: str) -> str:
    """Make *href* absolute, without fragment and tracking parameters; return "" where it is no http(s) address."""
    url = absolute(href, base)
    if url is None:
        return ""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", _untracked(parts.query), ""))


def _untracked(query: str) -> str:
    pairs = query.split("&") if query else []
    return "&".join(pair for pair in pairs if pair and not _TRACKING.fullmatch(pair.partition("=")[0]))


def image(src: str, base: str) -> str | None:
    """Return the address of the full picture: absolute, without the parameters that ask for a smaller one."""
    url = absolute(src, base)
    return url_query_cleaner(url, _RESIZING, remove=True) if url else None


def address(url: str) -> str:
    """Return what two addresses of one page share: host, path and query.

    It is without ``www.``, percent-encoding, a last slash and tracking parameters; those of the query are sorted.
    """
    parts = urlsplit(url)
    where = parts.netloc.lower().removeprefix("www.") + unquote(parts.path).rstrip("/")
    if query := _untracked(parts.query):
        pairs = sorted(parse_qsl(query, keep_blank_values=True))
        return f"{where}?{'&'.join(f'{key}={value}' for key, value in pairs)}"
    return where


def part_url(post_url: str, number: int) -> str:
    """Return the address of page *number* of a post that is split over several: ``URL/2/``, or ``?p=N&page=2``."""
    parts = urlsplit(post_url)
    if parts.query:
        return urlunsplit(parts._replace(query=f"{parts.query}&page={number}"))
    slash = "/" if parts.path.endswith("/") else ""
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{number}{slash}"))


def part_number(href: str, post_url: str) -> int | None:
    """Return the number of the page of the post at *post_url* that *href* leads to; None for any other address."""
    match = _PART.search(f"/{href.strip()}")
    if not match or post_url.rstrip("/").count("/") < 3 or not (target := absolute(href, post_url)):
        return None
    number = int(match[1] or match[2])
    return number if address(target) == address(part_url(post_url, number)) else None


def without_part(url: str) -> str:
    """Return the address of the post that a page of its address *url* is of, where it is split over several."""
    return _PART.sub(lambda match: "/" if match[1] else "", url)


def same_host(url: str, other: str) -> bool:
    """Return whether two addresses are on one host, however its name is written; a port counts, ``www.`` doesn't."""
    return _bare_host(url) == _bare_host(other)


def in_blog(url: str, site: str) -> bool:
    """Return whether an address can be of the blog at *site*: on another host, or in its folder."""
    return not same_host(url, site) or urlsplit(url).path.startswith(urlsplit(site).path.rstrip("/") + "/")


def _bare_host(url: str) -> str:
    host = urlsplit(url).netloc.lower().removeprefix("www.")
    try:
        return host if host.isascii() else urlsplit(safe_url_string(f"http://{host}")).netloc
    except ValueError:
        return host  # no name that a host can have


def host_key(site: str) -> str:
    """Return the host of an address, with the port if it isn't the scheme's; ``www.`` doesn't count."""
    host = _bare_host(site)
    for scheme, port in (("http", ":80"), ("https", ":443")):
        if urlsplit(site).scheme == scheme:
            host = host.removesuffix(port)
    return host


def blog_key(site: str) -> str:
    """Return the key of the blog at *site*: host, port if not the scheme's, and folder.

    Scheme and ``www.`` don't count: ``https://www.example.com/blog`` has the key ``example.com_blog``.
    """
    return host_key(site) + unquote(urlsplit(site).path).rstrip("/").replace("/", "_")
