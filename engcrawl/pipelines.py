"""The steps of a post between a phase and the feed: one short class for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Self

from itemadapter import ItemAdapter
from pydantic import TypeAdapter, ValidationError
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured

from engcrawl.items import Found, Post
from engcrawl.report.run import Run
from engcrawl.text import dates
from engcrawl.text.markdown import markdown


class Dropped(DropItem):
    """A post that is dropped, and why; *name* is the verdict's key for it, None for an unchanged post."""

    def __init__(self, why: str, name: str | None = None) -> None:
        super().__init__(why, log_level="DEBUG")  # at a higher level Scrapy logs the whole record with its body
        self.name = name


class NormaliseDates:
    """Turns what the site wrote into a day and into instants in UTC, and stamps the record.

    A date that can't be read is a problem, and left out of the record; a day that contradicts the instant is a problem.
    """

    def process_item(self, item: Found) -> Found:
        """Normalise a post's dates, and stamp it."""
        post = ItemAdapter(item.post)
        for name, convert in _DATES.items():
            if post[name] is not None:
                try:
                    post[name] = convert(post[name], post["language"])
                except ValueError as error:
                    item.problems.append(f"{name}: {error}")
                    post[name] = None
        day, instant = post["published_date"], post["published_at"]
        if day and instant and dates.contradicts(day, instant):
            item.problems.append(f"published_date: {day} contradicts published_at, {instant}")
        permalink = None if post["external"] else dates.permalink_day(post["url"])
        if day and permalink and abs(date.fromisoformat(day) - permalink) > timedelta(days=1):
            item.problems.append(f"published_date: {day} contradicts the permalink, {permalink}")
        post["crawled_at"] = post["crawled_at"] or dates.now()  # one of an earlier run has it
        return item


class Markdown:
    """Writes the body as Markdown too."""

    def process_item(self, item: Found) -> Found:
        """Add the body as Markdown."""
        post = ItemAdapter(item.post)
        if post["content_html"] is not None:
            try:
                post["content_markdown"] = markdown(post["content_html"])
            except RecursionError:
                item.problems.append("content_markdown: the body is nested too deeply")
        return item


class Validate:
    """Checks each record against the schema of `engcrawl.items.Post`; drops and reports one that breaks it."""

    schema = TypeAdapter(Post)

    def process_item(self, item: Found) -> Found:
        """Check the record; drop one that isn't valid."""
        try:
            self.schema.validate_python(item.post)
        except ValidationError as error:
            why = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            item.problems.append(f"breaks the schema: {why}")
            raise Dropped(why, "invalid") from error
        return item


class Dedupe:
    """Drops a post whose ID was already sent in this run."""

    def __init__(self) -> None:
        self._out: set[int] = set()

    def process_item(self, item: Found) -> Found:
        """Drop a post that was sent before."""
        post_id = ItemAdapter(item.post)["id"]
        if post_id in self._out:
            raise Dropped(f"post {post_id} was sent before", "duplicate")
        self._out.add(post_id)
        return item


class Remember:
    """Stores the record with its change, and lets through what is new or changed: the record and its ``change``."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not hasattr(crawler.spider, "run"):
            raise NotConfigured  # `scrapy fetch` and `scrapy shell` are no runs
        return cls(crawler.spider.run)  # type: ignore[union-attr]

    def process_item(self, item: Found) -> dict[str, Any]:
        """Store the record; let through what is new or changed."""
        posts, post = self.run.state.posts, item.post
        assert post.id is not None  # the schema says so
        change = posts.mark_gone(post.id) if item.gone else posts.store(item)
        self.run.log.stored(item, "lost" if item.lost else change or "unchanged")
        if change is None:
            raise Dropped(f"post {post.id} is unchanged")
        return post.record() | {"change": change}


def _day(text: str, language: str | None) -> str:
    return dates.day(text, language).isoformat()


def _instant(text: str, _: str | None) -> str | None:
    moment = dates.instant(text)
    return dates.rfc3339(moment) if moment else None


_DATES: dict[str, Callable[[str, str | None], str | None]] = {
    "published_date": _day,
    "published_at": _instant,
    "modified_at": _instant,
}
