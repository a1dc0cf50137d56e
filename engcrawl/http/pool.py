"""Several pages at once, but no more than the crawl may have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TypeVar

from engcrawl.http.fetch import Stopped

Job = TypeVar("Job")
Result = TypeVar("Result")


async def pooled(
    jobs: Iterable[Job], work: Callable[[Job], Awaitable[Result]], workers: int
) -> AsyncGenerator[Result, None]:
    """Yield what *work* makes of each of *jobs*, as it comes; at most *workers* of them are under way at once.

    A job is taken when a worker is free. An exception of *work* ends the others, and is raised; where it is Stopped
    they come to their end by themselves, so that no download is left without anyone who waits for it.
    """
    waiting = iter(jobs)
    under_way: set[asyncio.Task[Result]] = set()
    try:
        while True:
            while len(under_way) < workers and (job := next(waiting, None)) is not None:
                under_way.add(asyncio.ensure_future(work(job)))
            if not under_way:
                return
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    except Stopped:
        if under_way:
            await asyncio.wait(under_way)
        raise
    finally:
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.gather(*under_way, return_exceptions=True)
