"""Make sure that a site's names lead to public addresses, by checking each address when a name is resolved.

Who owns a name decides where it leads, at each look-up anew: to the crawler's own machine or its network too, to which
a request from outside would not get. That is refused unless the site was given as such: as ``localhost`` or as an
address (``http://10.0.0.7``), or with the setting ``ENGCRAWL_PRIVATE``.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import urlsplit

import idna
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.error import DNSLookupError

from engcrawl.arguments import yes_or_no
from engcrawl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy import Request
    from scrapy.crawler import Crawler, CrawlerProcess
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred

    IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED: dict[str, str] = {}
"""Names that led to an address that isn't public when they were resolved last: name -> that address."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as a translator writes them (RFC 6052)."""


def is_public(address: str | IPAddress) -> bool:
    """Return whether an IP address is of the public internet: not loopback, private, link-local, multicast …

    What is decisive of an IPv6 address that stands for an IPv4 one (RFC 4291, 3056, 6052) is the latter.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None
        if inner := translated or found.ipv4_mapped or found.sixtofour:
            return is_public(inner)
        if found.is_reserved or found.is_site_local:
            return False
    return found.is_global and not found.is_multicast


def may_be_private(site: str, settings: BaseSettings) -> bool:
    """Return whether *site* was given as one that needn't be on the public internet."""
    host = urlsplit(site).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost") or private_allowed(settings)
    return True


def private_allowed(settings: BaseSettings) -> bool:
    """Return the setting ``ENGCRAWL_PRIVATE``. Raises UsageError."""
    try:
        return bool(yes_or_no(settings["ENGCRAWL_PRIVATE"]))
    except ValueError as error:
        raise UsageError(f"setting ENGCRAWL_PRIVATE={settings['ENGCRAWL_PRIVATE']}: {error}") from error


def refusal(name: str, address: str) -> IgnoreRequest:
    """Return the error of a request to a site's *name* that leads to *address*."""
    return IgnoreRequest(
        f"{name} leads to {address}, which is no public address: set ENGCRAWL_PRIVATE=yes if the site is to be there"
    )


class SiteResolver(CachingThreadedResolver):
    """Scrapy's own resolver (the setting ``TWISTED_DNS_RESOLVER``), which gives a site's names public addresses only.

    Each answer is checked, also one from the cache, and it is the one that is connected to. Other names, of proxies
    or of a mail server, are nobody's but the operator's.
    """

    process: CrawlerProcess

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Return the resolver of a `CrawlerProcess`: that is what Scrapy gives."""
        resolver = super().from_crawler(crawler, reactor)
        resolver.process = crawler  # type: ignore[assignment]
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """Resolve a name; one that isn't allowed to lead where it leads fails with DNSLookupError."""
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    def _checked(self, address: str, name: str) -> str:
        _REFUSED.pop(name, None)
        if not is_public(address) and any(name.lower() in _names(crawler) for crawler in self.process.crawlers):
            _REFUSED[name] = address
            raise DNSLookupError(str(refusal(name, address)))
        return address


class PublicSite:
    """Says why a name was refused by the `SiteResolver`, and lets no answer in from an address that isn't allowed.

    The second is for what resolves names by other means: a browser, another resolver.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._checking = bool(_names(crawler))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        """Raise IgnoreRequest for an answer from an address that isn't public."""
        address = response.ip_address
        if self._checking and address is not None and not request.meta.get("proxy") and not is_public(address):
            raise self._refused(request, str(address))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Raise IgnoreRequest, which says why, for a name that the resolver refused."""
        address = _REFUSED.get(urlparse_cached(request).hostname or "")
        if address is not None and isinstance(exception, CannotResolveHostError):
            raise self._refused(request, address)

    def _refused(self, request: Request, address: str) -> IgnoreRequest:
        self.crawler.stats.inc_value("engcrawl/refused/private_address")
        return refusal(urlparse_cached(request).hostname or "", address)


async def addresses_of(site: str) -> dict[str, str]:
    """Return where the names of *site*, with and without ``www.``, lead: name -> address, if it can be resolved.

    Raises IgnoreRequest where the site's own is refused, and CannotResolveHostError where it leads nowhere.
    """
    from twisted.internet import reactor  # only where one is installed

    host = urlsplit(site).hostname or ""
    found: dict[str, str] = {}
    if ":" in host:  # an address (IPv6), which is none of this resolver's
        return {f"[{host}]": f"[{host}]"}
    for name in dict.fromkeys((host, host.removeprefix("www."), f"www.{host.removeprefix('www.')}")):
        try:
            found[name] = await maybe_deferred_to_future(cast("Any", reactor).resolve(name))
        except DNSLookupError as error:
            if name == host:
                address = _REFUSED.get(name)
                raise (refusal(name, address) if address else CannotResolveHostError(str(error))) from error
    return found


def _names(crawler: Crawler) -> set[str]:
    """Return a crawl's own names that must be public, in each way to write them; none where they needn't be."""
    site: str | None = getattr(crawler.spider, "site", None)
    if site is None or may_be_private(site, crawler.settings):
        return set()
    name = (urlsplit(site).hostname or "").removeprefix("www.")
    names = {name}
    for encode in (lambda text: text.encode("idna"), lambda text: idna.encode(text, uts46=True)):
        try:
            names.add(encode(name).decode())
        except UnicodeError:
            continue  # then nobody can ask for it in this form
    return names | {f"www.{name}" for name in names}
