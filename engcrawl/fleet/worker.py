"""A worker of a fleet: takes jobs from the queue, plans due blogs, and gives on the jobs of workers that are gone."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
import sqlalchemy as sa
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as Queued
from procrastinate.jobs import Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from scrapy.settings import BaseSettings

from engcrawl.errors import NoStateError, OutputError, StateError, UsageError
from engcrawl.fleet.blogs import Blog, Blogs
from engcrawl.fleet.job import GRACE, LIMIT, Job, as_options, given
from engcrawl.fleet.queue import Queue, QueueError
from engcrawl.fleet.schedule import is_due, last_planned
from engcrawl.report.verdict import Outcome
from engcrawl.state.database import Database
from engcrawl.state.runs import UNFINISHED
from engcrawl.state.tables import RUNS
from engcrawl.text.dates import rfc3339

logger = logging.getLogger(__name__)

QUEUE = "engcrawl"
RUN = "engcrawl.run"
_FIRST = 10
"""The priority of what keeps the queue going: before any blog."""
_KEPT = 30 * 24
"""Hours for which failed jobs can be looked at."""
_FOREVER = "9"
"""Later than any time that blogs are planned for, as text."""


@dataclass(frozen=True)
class Pace:
    """Intervals at which things are done, and limits to how long they may take."""

    period: str = "* * * * *"
    """When blogs are planned and stalled jobs looked for: a time of cron."""
    digest: str = "30 6 * * *"
    """When the digest is sent: after the night."""
    heartbeat: float = 10
    """Seconds between two signs of life of a worker."""
    stalled: float = 30
    """Seconds without one, after which its jobs are given to another."""
    poll: float = 5
    """Seconds between two looks into the queue, where it doesn't call by itself."""
    connect: float = 15
    """Seconds to wait for a connection to the queue, before the worker gives up and ends."""
    again: float = 60
    """Seconds after which a failed job is tried again; each further time four times as long."""
    tries: int = 5
    """How often a job is tried."""
    locked: float = 300
    """Seconds after which a job is tried again whose blog another run has."""
    grace: timedelta = GRACE
    """How long a crawl that is stopped may take to end, before it is killed."""


PACE = Pace()
"""What every worker of this process keeps to."""


class NotDoneError(Exception):
    """A job that isn't done: its run was neither complete nor incomplete."""

    def __init__(self, outcome: Outcome, reason: str, *, given_back: bool) -> None:
        super().__init__(f"{outcome} (exit status {int(outcome)}): {reason}")
        self.outcome = outcome
        self.given_back = given_back
        """Whether it was stopped because its worker was."""


_EXPECTED = (NotDoneError, OutputError, asyncio.CancelledError)


class Retries(BaseRetryStrategy):
    """Tries a job again by how its run ended: failed or stopped a few times, later and later; locked whenever free.

    It gives way to jobs of the same host that haven't been tried yet. Bad usage isn't tried again.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(self, *, exception: BaseException, job: Queued) -> RetryDecision | None:
        """Return when to try the job again; None for never."""
        seconds = self._delay(exception, job.attempts)
        if not isinstance(exception, _EXPECTED):  # a bug: procrastinate logs it
            return None
        if seconds is None:
            logger.error("Job of %s: %s; given up until its next time", _blog(job).key, exception)
            return None
        later = datetime.now(UTC) + timedelta(seconds=seconds)
        logger.warning("Job of %s: %s; to be tried again at %s", _blog(job).key, exception, rfc3339(later))
        return RetryDecision(retry_at=later, priority=job.priority - (1 if seconds else 0))

    def _delay(self, exception: BaseException, before: int) -> float | None:
        if isinstance(exception, asyncio.CancelledError) or getattr(exception, "given_back", False):
            return 0
        outcome = Outcome.FAILED if isinstance(exception, OutputError) else getattr(exception, "outcome", None)
        if outcome is Outcome.LOCKED:
            return self._pace.locked
        if outcome in (Outcome.FAILED, Outcome.STOPPED) and before + 1 < self._pace.tries:
            return self._pace.again * 4.0**before
        return None


class Worker:
    """Takes jobs from the queue, and runs each as a process. Raises UsageError where ``blogs.yaml`` is wrong."""

    def __init__(self, settings: BaseSettings, queue: Queue, jobs: int, limit: timedelta = LIMIT) -> None:
        logging.getLogger("procrastinate").setLevel(logging.WARNING)  # else several lines a minute
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # else one for each try to connect
        for name in ("procrastinate.worker", "procrastinate.worker.worker", "procrastinate.utils", "asyncio"):
            logging.getLogger(name).addFilter(_in_a_line)
        self._settings = settings
        self._queue = queue
        self._jobs = jobs
        self._limit = limit
        self._pace = pace = PACE
        self._path = Path(settings["ENGCRAWL_BLOGS"])
        self._blogs = Blogs.read(self._path)
        self._app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=queue.conninfo, min_size=1, max_size=4, timeout=pace.connect
            )
        )
        self._task = self._app.task(name=RUN, queue=QUEUE, retry=Retries(pace))(self._run)
        for task, cron in ((self._plan, pace.period), (self._rescue, pace.period), (self._digest, pace.digest)):
            name = f"engcrawl.{task.__name__.lstrip('_')}"
            # One waits at the most: a worker that is busy for an hour doesn't find sixty.
            lock = name if task == self._plan else None  # two would give a blog two jobs
            kept = self._app.task(name=name, queue=QUEUE, lock=lock, queueing_lock=name, priority=_FIRST)(task)
            self._app.periodic(cron=cron)(kept)

    async def work(self) -> None:
        """Work until SIGTERM or SIGINT; jobs under way are stopped then, and given back. Raises QueueError."""
        where = f"{len(self._blogs)} blogs of {self._path}, jobs from {self._queue.name}"
        with self._queue.errors():
            async with self._app.open_async():
                logger.info("Worker: %s, up to %d at once", where, self._jobs)
                working = asyncio.ensure_future(
                    self._app.run_worker_async(
                        queues=[QUEUE],
                        concurrency=self._jobs,
                        delete_jobs="successful",
                        shutdown_graceful_timeout=0,
                        fetch_job_polling_interval=self._pace.poll,
                        update_heartbeat_interval=self._pace.heartbeat,
                        stalled_worker_timeout=self._pace.stalled,
                        install_signal_handlers=False,
                    )
                )
                if await _stopped(working):
                    return
        raise QueueError(f"{self._queue.name}: the connection was lost")  # it ends without an error then

    # Tasks

    async def _run(self, blog: dict[str, Any], planned: str) -> None:
        """Run a blog. Raises NotDoneError and OutputError."""
        job = Job.of(Blog.model_validate(blog), self._settings, limit=self._limit)
        stop = asyncio.Event()
        running = asyncio.ensure_future(replace(job, grace=self._pace.grace).run(stop))
        given_back = False
        try:
            ended = await asyncio.shield(running)
        except asyncio.CancelledError:  # the worker is stopped, or somebody cancelled the job
            given_back = True
            stop.set()
            ended = await running
        if ended.outcome not in (Outcome.COMPLETE, Outcome.INCOMPLETE):
            raise NotDoneError(ended.outcome, ended.reason, given_back=given_back)
        words = (job.blog.key, ended.outcome, ended.outcome, ended.reason, ended.seconds)
        logger.info("Job of %s: %s (exit status %d): %s; done in %.0f s", *words)

    async def _plan(self, timestamp: int) -> None:
        """Give each due blog a job, if it has none, and had none for this time."""
        try:
            self._blogs = await asyncio.to_thread(Blogs.read, self._path)
        except UsageError as error:
            logger.error("The list of blogs stays as it was: %s", error)  # noqa: TRY400 - one line
        tried: dict[str, str] = {}
        for job in await self._app.job_manager.list_jobs_async(queue=QUEUE, task=RUN):
            waits = job.status in (Status.TODO.value, Status.DOING.value)
            key = _blog(job).key
            tried[key] = max(tried.get(key, ""), _FOREVER if waits else str(job.task_kwargs["planned"]))
        try:  # behind the jobs: one that ended in between has finished its blog
            finished = await asyncio.to_thread(last_finished, self._settings["ENGCRAWL_STATE"])
        except StateError as error:
            logger.error("Nothing is planned: %s", error)  # noqa: TRY400
            return
        now = datetime.now(UTC)
        for blog in self._blogs:
            planned = rfc3339(last_planned(blog.schedule, blog.key, now))
            if tried.get(blog.key, "") < planned and is_due(blog.schedule, blog.key, finished.get(blog.key), now):
                values: Any = {"blog": blog.model_dump(mode="json"), "planned": planned}
                await self._task.configure(lock=blog.host, task_kwargs=values).defer_async()
                logger.info("Job of %s: planned for %s", blog.key, planned)

    async def _rescue(self, timestamp: int) -> None:
        """Give the jobs of workers that are gone to others, and forget those that failed long ago."""
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self._pace.stalled):
            try:
                if job.task_name == RUN:
                    await manager.retry_job(job)
                    logger.warning("The worker of %s is gone: the job waits for another", _blog(job).key)
                else:
                    await manager.finish_job(job, Status.FAILED, delete_job=True)  # the next one comes anyway
            except ConnectorException as error:
                if not isinstance(error.__cause__, psycopg.errors.RaiseException):
                    raise
                logger.info("Another worker was faster: job %s", job.id)
        await manager.delete_old_jobs(_KEPT, QUEUE, include_failed=True, include_cancelled=True, include_aborted=True)

    async def _digest(self, timestamp: int) -> None:
        """Send the digest of the night, as a process of its own."""
        line = [sys.executable, "-m", "scrapy", "blogs", "digest", *as_options(given(self._settings))]
        process = await asyncio.create_subprocess_exec(*line)
        if status := await process.wait():
            logger.error("`scrapy blogs digest` ended with exit status %d", status)


async def _stopped(working: asyncio.Future[None]) -> bool:
    """Wait until a worker ends; return whether SIGTERM or SIGINT told it to."""
    told = asyncio.Event()

    def stop() -> None:
        if not told.is_set():  # a second one must not interrupt the end
            told.set()
            working.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await working
    return told.is_set()


def _blog(job: Queued) -> Blog:
    return Blog.model_validate(job.task_kwargs["blog"])


def _in_a_line(record: logging.LogRecord) -> bool:
    """Shorten procrastinate's lines to what `Retries` hasn't told; return False where that is nothing."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, _EXPECTED):
        return False
    if isinstance(error, ConnectorException):
        other = isinstance(error.__cause__, psycopg.errors.RaiseException)  # it took this one for gone
        said = "Another worker has had the job since: %s" if other else "The queue can't be used: %s"
        record.msg, record.args = said, (" ".join(str(error.__cause__).split()),)
        record.exc_info = None
    return True


def last_finished(url: str) -> dict[str, datetime]:
    """Return when each blog's last run ended that wasn't stopped and didn't die, by its key. Raises StateError."""
    ended = RUNS.c.verdict.not_in(UNFINISHED)
    last = sa.select(RUNS.c.blog, sa.func.max(RUNS.c.id)).where(RUNS.c.spider == "archive", ended)
    query = sa.select(RUNS.c.blog, RUNS.c.end).where(sa.tuple_(RUNS.c.blog, RUNS.c.id).in_(last.group_by(RUNS.c.blog)))
    try:
        database = Database(url)
    except NoStateError:
        return {}
    try:
        return {blog: datetime.fromisoformat(end) for blog, end in database.all(query)}
    finally:
        database.close()
