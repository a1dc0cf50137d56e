"""The lists of posts that a site publishes beside its listing pages: REST, sitemaps, feeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin

from scrapy import Request
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

import engcrawl.signals
from engcrawl.inventory import Asked, Source, Status
from engcrawl.items import Post
from engcrawl.pages import NotThePage, feed, rest, sitemap
from engcrawl.spiders.base import BaseSpider, asked, cause, reason, status
from engcrawl.text import dates
from engcrawl.text.urls import address
from engcrawl.walks import BrokenWalkError
from engcrawl.walks.rest import PER_PAGE, RestWalk, ShiftedError

_POSTS = "/wp-json/wp/v2/posts"
_CATEGORIES = "/wp-json/wp/v2/categories"
_WALKS = 3
"""So often REST's list is walked where posts come and go meanwhile."""


@dataclass
class _News:
    """What REST says on a night on which all of it is known from before."""

    answers: int = 0
    """Of the three that are asked for."""
    total: int | None = None
    modified: int | None = None
    """How many posts were modified lately."""


@dataclass
class _Sitemaps:
    """How far the sitemaps were read."""

    waiting: int = 0
    read: list[str] = field(default_factory=list)
    of_posts: int = 0
    trouble: Asked | None = None


class SourcesSpider(BaseSpider):
    """Asks each source for all posts that there are, and keeps in the state what it says."""

    site: str
    with_bodies = False
    """Whether REST is asked for the bodies too."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._numbers: dict[int, str] = {}
        """The categories' slugs by their numbers in REST."""
        self._counts: dict[str, int] = {}
        """The categories' posts, as REST counts them."""
        self._news = _News()
        self._sitemaps = _Sitemaps()
        self._feed_listed = 0
        self._vanished = 0
        """Posts that the source asked last doesn't name any more."""

    def _take_rest(self, posts: list[Post]) -> Iterable[Any]:
        """Take what REST says of posts."""
        for post in posts:
            post.content_html = None  # some sites send it unasked
        self.memory.sight_rest(posts, again=self._trying_again)
        return ()

    def _take_categories(self, named: list[rest.RestCategory]) -> Iterable[Request]:
        """Take the categories that REST names."""
        return ()

    async def _ask_all(self) -> AsyncIterator[Request]:
        """Ask every source for all that it names."""
        yield self._ask_rest()
        if not self.with_bodies:
            yield self._request(urljoin(self.site, "/robots.txt"), self.parse_robots, self.robots_failed)
        if await self._quiet():
            yield self._feed_page(1)

    def _close(
        self,
        source: Source,
        status: Status,
        detail: str = "",
        claimed: int | None = None,
        more: dict[str, Any] | None = None,
        *,
        anew: bool = True,
    ) -> None:
        """Keep what came of asking a source; *anew*: for all that it names."""
        answer = Asked(status, detail, claimed, more or {}, dates.now())
        self._vanished = self.memory.asked(source, answer, anew=anew)
        self.logger.info("Source %s: %s%s", source, status, f": {detail}" if detail else "")
        self.crawler.signals.send_catch_log(engcrawl.signals.source_asked, source=source, status=status)

    # REST

    def _ask_rest(self) -> Request:
        """The first request for all that REST names: its categories, which its posts are filed in by number."""
        return self._request(self._categories_query(1), self.parse_categories, self.rest_failed, number=1)

    def _categories_query(self, number: int) -> str:
        query = {"per_page": PER_PAGE, "page": number, "_fields": "id,slug,link,count"}
        return f"{self.site}{_CATEGORIES}?{urlencode(query, safe=',')}"

    def parse_categories(self, response: Response, number: int) -> Iterator[Request]:
        """A page of REST's categories; behind the last, the first of its posts."""
        try:
            found = self._read_categories(response)
        except NotThePage as error:
            yield from self._again(response, str(error)) or self._rest_lost("failed", asked(response), str(error))
            return
        yield from self._take_categories(found)
        if number < (_number(response, "X-WP-TotalPages") or 1):
            url = self._categories_query(number + 1)
            yield self._request(url, self.parse_categories, self.rest_failed, number=number + 1)
        else:
            yield self._posts_page(RestWalk(), 1)

    def _read_categories(self, response: Response) -> list[rest.RestCategory]:
        found = rest.read_categories(_json(response), response.url)
        self._numbers.update({category.number: category.slug for category in found})
        self._counts.update({category.slug: category.count for category in found})
        return found

    def _posts_page(self, walk: RestWalk, walks: int) -> Request:
        query = self._posts_query(orderby="id", order="asc", offset=walk.offset)
        return self._request(query, self.parse_posts, self.rest_failed, walk=walk, walks=walks)

    def _posts_query(self, **query: Any) -> str:
        fields = f"{rest.FIELDS},content.rendered" if self.with_bodies else rest.FIELDS
        query = {"per_page": PER_PAGE} | query | {"_fields": fields, "_embed": rest.EMBEDDED}
        return f"{self.site}{_POSTS}?{urlencode(query, safe=',:')}"

    def parse_posts(self, response: Response, walk: RestWalk, walks: int) -> Iterator[Any]:
        """A page of REST's posts."""
        try:
            posts = rest.read_posts(_json(response), response.url, self._numbers)
            walk.take([post.id for post in posts], _number(response, "X-WP-Total"))
        except NotThePage as error:
            yield from self._again(response, str(error)) or self._rest_lost("failed", asked(response), str(error), walk)
        except ShiftedError as error:
            if walks < _WALKS:
                self.logger.info("REST is asked anew from its first post on: %s", error)
                self.memory.start_over("rest")
                yield self._posts_page(RestWalk(), walks + 1)
            else:
                self._rest_part(str(error), walk)
        except BrokenWalkError as error:
            yield from self._take_rest(posts)
            self._rest_part(str(error), walk, _number(response, "X-WP-Total"))
        else:
            yield from self._take_rest(posts)
            if walk.ended:
                self._close("rest", "whole", claimed=walk.total, more=self._of_categories())
            else:
                yield self._posts_page(walk, walks)

    def rest_failed(self, failure: Failure) -> None:
        """Errback of REST's lists."""
        self._rest_lost(_closed(failure), asked(failure), reason(failure), failure.request.cb_kwargs.get("walk"))  # type: ignore[attr-defined]

    def _rest_lost(self, how: Status, url: str, why: str, walk: RestWalk | None = None) -> tuple[()]:
        if walk and walk.listed:
            self._rest_part(f"{why}: {url}", walk)
        else:
            self._close("rest", how, f"{why}: {url}")
        return ()

    def _rest_part(self, why: str, walk: RestWalk, claimed: int | None = None) -> None:
        claimed = claimed if walk.total is None else walk.total
        self._close("rest", "part", why, claimed, self._of_categories())

    def _of_categories(self) -> dict[str, Any]:
        return {"categories": self._counts, "numbers": {slug: number for number, slug in self._numbers.items()}}

    # What is new in REST

    def _ask_for_news(self) -> Iterator[Request]:
        """Ask REST, all of which is known from before, for what is new: three requests."""
        before = self.memory.answer("rest")
        assert before is not None
        latest = self.memory.last_modified("rest")
        since = min(filter(None, (latest, before.asked)), default="")
        # Exclusive, and the list was begun before it was there, by a clock that may be wrong: hours more cost nothing.
        since = dates.earlier(since, hours=6) if since else "1970-01-01T00:00:00Z"
        newest = self._posts_query(orderby="date", order="desc")
        modified = self._posts_query(orderby="id", order="asc", modified_after=since)
        self._numbers = {number: slug for slug, number in before.more.get("numbers", {}).items()}
        yield self._request(newest, self.parse_news, self.news_failed, modified=False)
        yield self._request(modified, self.parse_news, self.news_failed, modified=True)
        yield self._request(self._categories_query(1), self.parse_counts, self.news_failed, number=1)

    def parse_news(self, response: Response, *, modified: bool) -> Iterator[Any]:
        """The newest posts, or those that were modified last."""
        try:
            posts = rest.read_posts(_json(response), response.url, self._numbers)
        except NotThePage as error:
            yield from self._again(response, str(error)) or ()
            return
        self._news.answers += 1
        total = _number(response, "X-WP-Total")
        if modified:
            self._news.modified = PER_PAGE + 1 if total and total > len(posts) else total
        else:
            self._news.total = total
        yield from self._take_rest(posts)

    def parse_counts(self, response: Response, number: int) -> Iterator[Request]:
        """A page of REST's categories, for their counts."""
        try:
            self._read_categories(response)
        except NotThePage as error:
            yield from self._again(response, str(error)) or ()
            return
        if number < (_number(response, "X-WP-TotalPages") or 1):
            url = self._categories_query(number + 1)
            yield self._request(url, self.parse_counts, self.news_failed, number=number + 1)
        else:
            self._news.answers += 1

    def news_failed(self, failure: Failure) -> None:
        """Errback of what is new in REST: the night goes on without it."""
        self.logger.info("REST says nothing of what is new: %s: %s", reason(failure), asked(failure))

    def _rest_vouches(self) -> bool | None:
        """Whether REST's own counts show that no post is there but those now known; None where it didn't answer."""
        before, news = self.memory.answer("rest"), self._news
        if before is None or news.answers < 3 or news.total is None or news.modified is None:
            return None
        expected = Counter(before.more.get("categories", {}))
        expected.update(self.memory.refiled)
        same = Counter(self._counts) == expected
        if news.modified > PER_PAGE or not same or self.memory.count("rest") != news.total:
            return False
        if self.memory.lacks("rest"):
            return None
        self._close("rest", "whole", claimed=news.total, more=self._of_categories(), anew=False)
        return True

    # Sitemaps

    def parse_robots(self, response: Response) -> Iterator[Request]:
        """robots.txt, which names the sitemaps."""
        yield from self._ask_sitemaps(sitemap.read_robots(response.body, response.url))

    def robots_failed(self, failure: Failure) -> Iterator[Request]:
        """Errback of robots.txt."""
        yield from self._ask_sitemaps([])

    def _ask_sitemaps(self, named: list[str]) -> Iterator[Request]:
        urls = named or [self.site + path for path in sitemap.WELL_KNOWN]
        for url in dict.fromkeys(urls):
            yield self._sitemap(url, guessed=not named)

    def _ask_sitemaps_again(self) -> Iterator[Request]:
        """Ask the sitemaps, all of which are known from before."""
        before = self.memory.answer("sitemap")
        assert before is not None
        for url in before.more["urls"]:
            yield self._sitemap(url)

    def _sitemap(self, url: str, *, guessed: bool = False, top: bool = True) -> Request:
        self._sitemaps.waiting += 1
        request = self._request(url, self.parse_sitemap, self.sitemap_failed, guessed=guessed, top=top)
        request.meta["download_maxsize"] = sitemap.LARGEST
        return request

    def parse_sitemap(self, response: Response, guessed: bool, top: bool) -> Iterator[Request]:
        """A sitemap, or an index of sitemaps."""
        try:
            found = sitemap.read(response.body, response.url)
        except NotThePage as error:
            if again := self._again(response, str(error)):
                yield from again
                return
            self._sitemap_trouble("failed", f"{error}: {asked(response)}")
        else:
            if top:
                self._sitemaps.read.append(asked(response))
            if found.is_index and top:
                for entry in sitemap.of_posts(found.entries):
                    yield self._sitemap(entry.url, top=False)
            elif not found.is_index and not top:
                self._sitemaps.of_posts += 1
                home = address(self.site)
                posts = [entry for entry in found.entries if address(entry.url) != home]
                self.memory.note("sitemap", posts, again=self._trying_again)
        self._sitemap_done()

    def sitemap_failed(self, failure: Failure) -> None:
        """Errback of a sitemap."""
        if not (failure.request.cb_kwargs["guessed"] and status(failure) == 404):  # type: ignore[attr-defined]
            self._sitemap_trouble(_closed(failure), f"{reason(failure)}: {asked(failure)}")
        self._sitemap_done()

    def _sitemap_trouble(self, how: Status, why: str) -> None:
        self._sitemaps.trouble = self._sitemaps.trouble or Asked(how, why)

    def _sitemap_done(self) -> None:
        maps = self._sitemaps
        maps.waiting -= 1
        if maps.waiting:
            return
        if maps.trouble and maps.of_posts:
            self._close("sitemap", "part", maps.trouble.detail)
        elif maps.trouble:
            self._close("sitemap", maps.trouble.status, maps.trouble.detail)
        elif maps.of_posts:
            self._close("sitemap", "whole", more={"urls": maps.read})
        else:
            why = (
                "none of posts"
                if maps.read
                else "robots.txt names none, and none is where Yoast and WordPress have theirs"
            )
            self._close("sitemap", "missing", why)

    # Feeds

    def _feed_page(self, number: int) -> Request:
        url = f"{self.site}/feed/" + (f"?paged={number}" if number > 1 else "")
        return self._request(url, self.parse_feed, self.feed_failed, number=number)

    def parse_feed(self, response: Response, number: int) -> Iterator[Request]:
        """A page of the feed: it is read on as long as it has something new, to its end where nothing else is."""
        try:
            entries = feed.read(response.body, response.url)
        except NotThePage as error:
            yield from self._again(response, str(error)) or self._feed_lost(
                "failed", number, str(error), asked(response)
            )
            return
        self._feed_listed += len(entries)
        self.memory.note("feed", entries, again=self._trying_again)
        if entries and (self.memory.unknown("feed", entries) or not self._enough_without_feed()):
            yield self._feed_page(number + 1)
        elif entries:
            self._close("feed", "part", f"the newest {self._feed_listed} posts")
        else:
            self._close("feed", "whole")

    def feed_failed(self, failure: Failure) -> None:
        """Errback of a page of the feed; the one behind the last isn't there."""
        number: int = failure.request.cb_kwargs["number"]  # type: ignore[attr-defined]
        if number > 1 and status(failure) == 404:
            self._close("feed", "whole")
        else:
            self._feed_lost(_closed(failure), number, reason(failure), asked(failure))

    def _feed_lost(self, how: Status, number: int, why: str, url: str) -> tuple[()]:
        self._close("feed", "part" if number > 1 else how, f"{why}: {url}")
        return ()

    def _enough_without_feed(self) -> bool:
        """Whether another source was read whole."""
        answers = (self.memory.answer("rest"), self.memory.answer("sitemap"))
        return any(answer is not None and answer.status == "whole" for answer in answers)


def _json(response: Response) -> str:
    if not isinstance(response, TextResponse):
        raise NotThePage("no JSON")
    return response.text


def _number(response: Response, header: str) -> int | None:
    value = (response.headers.get(header) or b"").decode("latin-1").strip()
    return int(value) if value.isdecimal() else None


def _closed(failure: Failure) -> Status:
    """What the failure of a source's first request says of the source."""
    statuses: dict[str | None, Status] = {"gone": "missing", "forbidden": "forbidden"}
    return statuses.get(cause(failure), "failed")
