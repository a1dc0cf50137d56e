"""What happens to a post between the spider and the feed: one short class a step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

from itemadapter import ItemAdapter
from pydantic import TypeAdapter, ValidationError
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

import engcrawl.signals
from engcrawl.items import ChangedPost, FoundPost, Post
from engcrawl.schedule import next_reading
from engcrawl.state import State
from engcrawl.text import dates
from engcrawl.text.markdown import markdown


class _Step:
    """A pipeline that can report a problem and count what it drops."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def report(self, post: ItemAdapter, why: str) -> None:
        """List *post* in the verdict, with the reason."""
        self.crawler.signals.send_catch_log(engcrawl.signals.problem, url=post["url"], reason=why, post_id=post["id"])

    def drop(self, why: str, stat: str) -> DropItem:
        """The exception that drops a post, counted as ``engcrawl/dropped/{stat}``."""
        self.crawler.stats.inc_value(f"engcrawl/dropped/{stat}")
        return DropItem(why, log_level="DEBUG")  # at a higher level Scrapy logs the whole record with its body


class NormaliseDates(_Step):
    """Turns what the site wrote into a day and into instants in UTC, and stamps the record.

    A date that can't be read is reported, and left out of the record.
    """

    def process_item(self, item: Any) -> Any:
        """Scrapy's interface of a pipeline."""
        post = ItemAdapter(item)
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
            self.report(post, f"{name}: {error}")
            post[name] = None


class Markdown(_Step):
    """Writes the body as Markdown too."""

    def process_item(self, item: Any) -> Any:
        """Scrapy's interface of a pipeline."""
        post = ItemAdapter(item)
        if post["content_html"] is not None:
            try:
                post["content_markdown"] = markdown(post["content_html"])
            except RecursionError:
                self.report(post, "content_markdown: the body is nested too deeply")
        return item


class Validate(_Step):
    """Holds each record to the schema of `engcrawl.items.Post`; one that breaks it is reported and dropped."""

    schema = TypeAdapter(Post)

    def process_item(self, item: Any) -> Any:
        """Scrapy's interface of a pipeline."""
        try:
            self.schema.validate_python(item)
        except ValidationError as error:
            why = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            self.report(ItemAdapter(item), f"breaks the schema: {why}")
            raise self.drop(why, "invalid") from error
        return item


class Dedupe(_Step):
    """Lets each post out once, by its ID; what listings add to each other is merged before."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._out: set[int] = set()

    def process_item(self, item: Any) -> Any:
        """Scrapy's interface of a pipeline."""
        post_id = ItemAdapter(item)["id"]
        if post_id in self._out:
            raise self.drop(f"post {post_id} is out already", "duplicate")
        self._out.add(post_id)
        return item


class Remember(_Step):
    """Stores the record in the state, and lets through what is new or changed, with its `Change`."""

    def process_item(self, item: FoundPost) -> ChangedPost:
        """Scrapy's interface of a pipeline."""
        memory: State = self.crawler.spider.memory  # type: ignore[union-attr]
        now = datetime.now(UTC)
        change = memory.mark_gone(item.id) if item.gone else memory.store(item)
        if item.external:
            memory.visited(item.id, None)
        elif item.reading:
            changes = [item.published_at or item.published_date, item.modified_at]
            if change == "updated":
                changes.append(dates.rfc3339(now))
            memory.visited(item.id, next_reading(item.id, changes, now), item.reading)
        outcome = "lost" if item.lost else change or "unchanged"
        self.crawler.signals.send_catch_log(engcrawl.signals.post_done, outcome=outcome)
        if change is None:
            raise DropItem(f"post {item.id} is as it was", log_level="DEBUG")
        return ChangedPost(**item.record(), change=change)


def _instant(text: str) -> str | None:
    moment = dates.instant(text)
    return dates.rfc3339(moment) if moment else None
