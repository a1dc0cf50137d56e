"""The address of a blog's REST, and how to add a route and a query to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

PLAIN = "/?rest_route=/"
"""Where REST is with plain permalinks, and with all others too."""
USUAL = ("/wp-json/", "/index.php/wp-json/", PLAIN)
"""Where REST may be, the usual place first; the second is that of a server that rewrites no address."""


@dataclass(frozen=True, slots=True)
class RestRoot:
    """The root of REST: ``https://example.com/wp-json/``, or ``https://example.com/?rest_route=/``."""

    url: str

    def at(self, route: str, **query: Any) -> str:
        """Return the address of a *route* (``/wp/v2/posts``) with a query, beside that of the root."""
        parts = urlsplit(self.url)
        given: dict[str, Any] = dict(parse_qsl(parts.query))
        path = parts.path
        if "rest_route" in given:
            given["rest_route"] = given["rest_route"].rstrip("/") + route
        else:
            path = path.rstrip("/") + route
        return urlunsplit((parts.scheme, parts.netloc, path, urlencode(given | query, safe=",:/"), ""))
