"""The jobs of one machine: a limited number at a time, and never two for one host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from engcrawl.errors import EngcrawlError
from engcrawl.fleet.job import Ended, Job
from engcrawl.report.verdict import Outcome

WORST = (Outcome.FAILED, Outcome.USAGE, Outcome.STOPPED, Outcome.LOCKED, Outcome.INCOMPLETE, Outcome.COMPLETE)
"""The outcomes, worst first: two on which somebody must act, three that the next run repairs, and `COMPLETE`."""


class Pool:
    """Runs jobs in their order, *most* at a time. A job waits while another one works on its host.

    *told* is called with None when a job begins, and with its `Ended` when it ends.
    """

    def __init__(self, jobs: Iterable[Job], most: int, told: Callable[[Job, Ended | None], None]) -> None:
        self._waiting = list(jobs)
        self._most = most
        self._told = told
        self._running: dict[asyncio.Task[Ended], Job] = {}
        self.ended: list[Ended] = []

    async def run(self, stop: asyncio.Event) -> Outcome:
        """Run all jobs, but begin none after *stop* is set; return the worst outcome (`STOPPED` if jobs are left)."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while True:
                if not stop.is_set():
                    self._start(stop)
                if not self._running:
                    break
                done, _ = await asyncio.wait((*self._running, stopping), return_when=asyncio.FIRST_COMPLETED)
                if stopping in done:
                    done, _ = await asyncio.wait(self._running)
                for task in [task for task in self._running if task in done]:
                    self._end(task)
        finally:
            stopping.cancel()
        outcomes = {one.outcome for one in self.ended} | ({Outcome.STOPPED} if self._waiting else set())
        return next((outcome for outcome in WORST if outcome in outcomes), Outcome.COMPLETE)

    def _start(self, stop: asyncio.Event) -> None:
        """Start the jobs that can run now."""
        busy = {job.blog.host for job in self._running.values()}
        for job in list(self._waiting):
            if len(self._running) >= self._most:
                return
            if job.blog.host not in busy:
                busy.add(job.blog.host)
                self._waiting.remove(job)
                self._running[asyncio.create_task(_run(job, stop))] = job
                self._told(job, None)

    def _end(self, task: asyncio.Task[Ended]) -> None:
        job, ended = self._running.pop(task), task.result()
        self.ended.append(ended)
        self._told(job, ended)


async def _run(job: Job, stop: asyncio.Event) -> Ended:
    try:
        return await job.run(stop)
    except EngcrawlError as error:
        return Ended(job.blog, Outcome.FAILED, str(error), 0)
