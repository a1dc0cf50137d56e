"""The advice: what a person can do about each problem, by its reason."""

from __future__ import annotations

import re

VERDICTS = {
    "complete": "",
    "incomplete": "Everything else in the archive is up to date, and the next run tries again. Act if it happens"
    " several nights in a row.",
    "failed": "The archive is as the run before left it. The log's last lines say more.",
    "stopped": "The next run continues where this one stopped.",
    "died": "It was killed, or the machine went down. The next run continues where it stopped.",
}
"""By verdict."""
_MISSING: dict[str | None, str] = {
    None: "No run could read it yet; the next one tries again.",
    "gone": "A list still names it, but the site says that it is gone: nothing to do.",
    "forbidden": "The site refused it in three runs in a row: ask its operator if it should be read.",
    "external": "It lives on another host, where the crawl doesn't go: nothing to do.",
}
"""By the reason why a post is missing."""
_LATER = "The next run tries again. If it stays, open the address in a browser: a reader sees what the crawl saw."
_PROBLEMS = (
    (
        r"HTTP (5\d\d|429)",
        "The site was overloaded, or has an error. The next run tries again; if it stays, crawl more slowly"
        " (DOWNLOAD_DELAY) or tell the site's operator.",
    ),
    (
        r"HTTP (401|403)|forbidden|robots",
        "The site refuses the crawl. If readers see the page, tell its operator who crawls and why (ENGCRAWL_CONTACT).",
    ),
    (r"HTTP (404|410)", "The site names the page, but says that it isn't there: its operator can mend the link."),
    (
        r"time(d )?out|Timeout|DNS|[Cc]onnect|Response(Never|Failed)|SSL|certificate",
        "No answer came through: check this machine's network and the site's certificate. The next run tries again.",
    ),
    (
        r"DOWNLOAD_MAXSIZE",
        "The answer is larger than the setting DOWNLOAD_MAXSIZE allows: raise it if the page is real.",
    ),
    (r"cut short|empty body|not published", "The answer was not whole, or not taken: the next run tries again."),
    (
        r"not the page|login form|a page titled|challenge|not the archive",
        "The site shows something else than what was asked for, perhaps a login or a challenge page. Open the address"
        " in a browser; if readers see the post, tell the site's operator.",
    ),
    (
        r"without an? |no (date|title|body|element)|not a |isn't|leaves the category|asked for page",
        "The page isn't as expected; perhaps the site's theme has changed. If it stays, see docs/theme-changes.md.",
    ),
)


def on_problem(reason: str) -> str:
    """Return what to do about a page or post that could not be read for *reason*."""
    return next((advice for pattern, advice in _PROBLEMS if re.search(pattern, reason)), _LATER)


def missing(reason: str | None) -> str:
    """Return what to do about a post that is missing for *reason*."""
    return _MISSING.get(reason, _LATER)
