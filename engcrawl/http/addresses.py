"""A site's names lead to public addresses, unless the operator says otherwise: checked where names are resolved.

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

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as a translator writes them (RFC 6052)."""


def is_public(address: str | IPAddress) -> bool:
    """Whether an IP address is one of the public internet: not loopback, private, link-local, multicast, unspecified…

    What is decisive of an IPv6 address that stands for an IPv4 one (RFC 4291, 3056, 6052) is the latter.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        return found.is_global and not (found.is_multicast or found.is_reserved or found.is_site_local)
    return found.is_global and not found.is_multicast


def may_be_private(site: str, settings: BaseSettings) -> bool:
    """Whether *site* was given as one that needn't be on the public internet."""
    host = urlsplit(site).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost") or private_allowed(settings)
    return True


def private_allowed(settings: BaseSettings) -> bool:
    """The setting ``ENGCRAWL_PRIVATE``. Raises UsageError."""
    try:
        return bool(yes_or_no(settings["ENGCRAWL_PRIVATE"]))
    except ValueError as error:
        raise UsageError(f"setting ENGCRAWL_PRIVATE={settings['ENGCRAWL_PRIVATE']}: {error}") from error


def refusal(name: str, address: str) -> IgnoreRequest:
    """The error of a request to a site's *name* that leads to *address*."""
    return IgnoreRequest(
        f"{name} leads to {address}, which is no public address: set ENGCRAWL_PRIVATE=yes if the site is to be there"
    )


class SiteResolver(CachingThreadedResolver):
    """Scrapy's own resolver (the setting ``TWISTED_DNS_RESOLVER``), which gives a site's names public addresses only.

    Each answer is checked, also one from the cache, and it is the one that is connected to. Other names, of proxies
    or of a mail server, are nobody's but the operator's.
    """

    process: CrawlerProcess
    refused: dict[str, str]
    """Names that led to an address that isn't public: name -> that address."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Scrapy's interface; it gives its `CrawlerProcess`."""
        resolver = super().from_crawler(crawler, reactor)
        resolver.process = crawler  # type: ignore[assignment]
        resolver.refused = {}
        return resolver

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """Scrapy's interface; a name that isn't allowed to lead where it leads can't be resolved."""
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    def _checked(self, address: str, name: str) -> str:
        self.refused.pop(name, None)
        if not is_public(address) and any(name.lower() in _names(crawler) for crawler in self.process.crawlers):
            self.refused[name] = address
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
        """Scrapy's interface of a downloader middleware."""
        address = response.ip_address
        if self._checking and address is not None and not request.meta.get("proxy") and not is_public(address):
            raise self._refused(request, str(address))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Scrapy's interface of a downloader middleware."""
        if isinstance(exception, CannotResolveHostError):
            address = refused(urlparse_cached(request).hostname or "")
            if address is not None:
                raise self._refused(request, address)

    def _refused(self, request: Request, address: str) -> IgnoreRequest:
        self.crawler.stats.inc_value("engcrawl/refused/private_address")
        return refusal(urlparse_cached(request).hostname or "", address)


def refused(name: str) -> str | None:
    """The address to which *name* led when it was resolved last, if it was refused for it."""
    from twisted.internet import reactor  # only where one is installed

    resolver = cast("Any", reactor).resolver
    return resolver.refused.get(name) if isinstance(resolver, SiteResolver) else None


async def addresses_of(site: str) -> dict[str, str]:
    """Where the names of *site* lead, with and without ``www.``: name -> address, those alone that can be resolved.

    Raises IgnoreRequest where the site's own is refused, and CannotResolveHostError where it leads nowhere.
    """
    from twisted.internet import reactor

    host = urlsplit(site).hostname or ""
    found: dict[str, str] = {}
    if ":" in host:  # an address (IPv6), which is none of this resolver's
        return {f"[{host}]": f"[{host}]"}
    for name in dict.fromkeys((host, host.removeprefix("www."), f"www.{host.removeprefix('www.')}")):
        try:
            found[name] = await maybe_deferred_to_future(cast("Any", reactor).resolve(name))
        except DNSLookupError as error:
            if name == host:
                address = refused(name)
                raise (refusal(name, address) if address else CannotResolveHostError(str(error))) from error
    return found


def _names(crawler: Crawler) -> set[str]:
    """The names that a crawl asks for, in each way to write them, and that must be public; none where they needn't."""
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
