"""What happens to a post between a phase and the feed: one short class a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from itemadapter import ItemAdapter
from pydantic import TypeAdapter, ValidationError
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from engcrawl.items import Found, Post
from engcrawl.report.run import Run
from engcrawl.text import dates
from engcrawl.text.markdown import markdown


class NormaliseDates:
    """Turns what the site wrote into a day and into instants in UTC, and stamps the record.

    A date that can't be read is reported, and left out of the record.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Found) -> Found:
        """Scrapy's interface of a pipeline."""
        post = ItemAdapter(item.post)
        self._rewrite(post, "published_date", lambda text: dates.day(text).isoformat())
        self._rewrite(post, "published_at", _instant)
        self._rewrite(post, "modified_at", _instant)
        post["crawled_at"] = post["crawled_at"] or dates.now()  # one of an earlier run has it
        return item

    def _rewrite(self, post: ItemAdapter, name: str, convert: Callable[[str], str | None]) -> None:
        if post[name] is None:
            return
        try:
            post[name] = convert(post[name])
        except ValueError as error:
            _report(self.crawler, post, f"{name}: {error}")
            post[name] = None


class Markdown:
    """Writes the body as Markdown too."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Found) -> Found:
        """Scrapy's interface of a pipeline."""
        post = ItemAdapter(item.post)
        if post["content_html"] is not None:
            try:
                post["content_markdown"] = markdown(post["content_html"])
            except RecursionError:
                _report(self.crawler, post, "content_markdown: the body is nested too deeply")
        return item


class Validate:
    """Holds each record to the schema of `engcrawl.items.Post`; one that breaks it is reported and dropped."""

    schema = TypeAdapter(Post)

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Found) -> Found:
        """Scrapy's interface of a pipeline."""
        try:
            self.schema.validate_python(item.post)
        except ValidationError as error:
            why = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            _report(self.crawler, ItemAdapter(item.post), f"breaks the schema: {why}")
            raise _drop(self.crawler, why, "invalid") from error
        return item


class Dedupe:
    """Lets each post out once, by its ID; what sources add to each other is merged before."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._out: set[int] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Found) -> Found:
        """Scrapy's interface of a pipeline."""
        post_id = ItemAdapter(item.post)["id"]
        if post_id in self._out:
            raise _drop(self.crawler, f"post {post_id} is out already", "duplicate")
        self._out.add(post_id)
        return item


class Remember:
    """Stores the record with its change, and lets through what is new or changed: the record and its ``change``."""

    def __init__(self, crawler: Crawler) -> None:
        self.run = _run(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Found) -> dict[str, Any]:
        """Scrapy's interface of a pipeline."""
        posts, post = self.run.state.posts, item.post
        assert post.id is not None  # the schema says so
        change = posts.mark_gone(post.id) if item.gone else posts.store(item)
        self.run.log.done("lost" if item.lost else change or "unchanged")
        if change is None:
            raise DropItem(f"post {post.id} is as it was", log_level="DEBUG")
        return post.record() | {"change": change}


def _run(crawler: Crawler) -> Run:
    run: Run = crawler.spider.run  # type: ignore[union-attr]
    return run


def _report(crawler: Crawler, post: ItemAdapter, why: str) -> None:
    """List *post* in the verdict, with the reason."""
    _run(crawler).log.problem(post["url"], why, post["id"])


def _drop(crawler: Crawler, why: str, name: str) -> DropItem:
    """Return the exception that drops a post, counted as ``engcrawl/dropped/NAME``."""
    crawler.stats.inc_value(f"engcrawl/dropped/{name}")
    _run(crawler).log.dropped[name] += 1
    return DropItem(why, log_level="DEBUG")  # at a higher level Scrapy logs the whole record with its body


def _instant(text: str) -> str | None:
    moment = dates.instant(text)
    return dates.rfc3339(moment) if moment else None
