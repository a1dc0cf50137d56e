"""The same with crawlee, tuned: 16 at once from the start, no sessions, nothing stored but the posts."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from crawlee import ConcurrencySettings
from crawlee.crawlers import ParselCrawler, ParselCrawlingContext
from crawlee.storage_clients import MemoryStorageClient

from tests.bench.peers.post import read


async def main(site: str, feed: Path) -> None:
    """Crawl *site* into the file *feed*, a post a line."""
    crawler = ParselCrawler(
        concurrency_settings=ConcurrencySettings(min_concurrency=16, desired_concurrency=16, max_concurrency=16),
        storage_client=MemoryStorageClient(),
        use_session_pool=False,
        retry_on_blocked=False,
    )
    with feed.open("w", encoding="utf-8") as lines:

        @crawler.router.default_handler
        async def listing(context: ParselCrawlingContext) -> None:
            await context.enqueue_links(selector="main .entry-title a", label="post")
            await context.enqueue_links(selector="link[rel=next]")

        @crawler.router.handler("post")
        async def post(context: ParselCrawlingContext) -> None:
            record = read(context.selector, context.request.url)
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")

        await crawler.run([site])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
