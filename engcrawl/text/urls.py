"""Web addresses: absolute ones, permalinks, hosts, and what two addresses of one page share."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string, url_query_cleaner

_RESIZING = ("w", "h", "crop", "resize", "fit", "quality", "strip", "ssl", "zoom")
"""Query parameters of WordPress' image service that ask for a smaller picture than the file itself."""


def absolute(href: str, base: str) -> str | None:
    """*href* made absolute; None where it is no http(s) address (``http://[your-host]/`` isn't one either)."""
    try:
        url = href.strip()
        if not url.startswith(("http://", "https://")):
            url = urljoin(base, url)
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def permalink(href: str, base: str) -> str:
    """*href* made absolute, without query and fragment; "" where it is no http(s) address."""
    url = absolute(href, base)
    if url is None:
        return ""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))


def image(src: str, base: str) -> str | None:
    """The address of the full picture: absolute, without the parameters that ask for a smaller one."""
    url = absolute(src, base)
    return url_query_cleaner(url, _RESIZING, remove=True) if url else None


def address(url: str) -> str:
    """What two addresses of one page share: host and path, without ``www.``, percent-encoding and a last slash."""
    parts = urlsplit(url)
    return parts.netloc.lower().removeprefix("www.") + unquote(parts.path).rstrip("/")


def same_host(url: str, other: str) -> bool:
    """Whether two addresses are on one host, however its name is written; ``www.`` makes no difference, a port does."""
    return _bare_host(url) == _bare_host(other)


def _bare_host(url: str) -> str:
    host = urlsplit(url).netloc.lower().removeprefix("www.")
    try:
        return host if host.isascii() else urlsplit(safe_url_string(f"http://{host}")).netloc
    except ValueError:
        return host  # no name that a host can have


def blog_key(site: str) -> str:
    """Return the key of the blog at *site*: host, port if not the scheme's, and folder.

    Scheme and ``www.`` don't count: ``https://www.example.com/blog`` has the key ``example.com_blog``.
    """
    parts = urlsplit(site)
    host = _bare_host(site)
    for scheme, port in (("http", ":80"), ("https", ":443")):
        if parts.scheme == scheme:
            host = host.removesuffix(port)
    return host + unquote(parts.path).rstrip("/").replace("/", "_")
