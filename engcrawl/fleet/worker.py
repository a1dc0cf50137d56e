"""A worker of a fleet: runs jobs from the queue, makes jobs for due blogs, and frees the jobs of dead workers."""

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
"""The priority of planning, rescuing and the digest: higher than that of any blog's job."""
_KEPT = 30 * 24
"""Hours for which failed jobs stay in the queue."""
_FOREVER = "9"
"""A text that sorts after any planned time."""


@dataclass(frozen=True)
class Pace:
    """A worker's intervals and time limits."""

    period: str = "* * * * *"
    """The cron expression for planning blogs and for finding stalled jobs."""
    digest: str = "30 6 * * *"
    """The cron expression for the digest: after the night."""
    heartbeat: float = 10
    """Seconds between two signs of life of a worker."""
    stalled: float = 30
    """Seconds without a sign of life after which a worker's jobs go to another one."""
    poll: float = 5
    """Seconds between two looks into the queue, in case the database sends no notification."""
    connect: float = 15
    """Seconds to wait for a connection to the queue, before the worker gives up and ends."""
    again: float = 60
    """Seconds after which a failed job is tried again. Each further pause is four times as long."""
    tries: int = 5
    """The number of times that a job is tried."""
    locked: float = 300
    """Seconds after which a job is tried again if another run works on its blog."""
    grace: timedelta = GRACE
    """The longest time that a stopped crawl may take to end, before it is killed."""


PACE = Pace()
"""The pace of every worker in this process."""


class NotDoneError(Exception):
    """A job isn't done, because its run was neither complete nor incomplete."""

    def __init__(self, outcome: Outcome, reason: str, *, given_back: bool) -> None:
        super().__init__(f"{outcome} (exit status {int(outcome)}): {reason}")
        self.outcome = outcome
        self.given_back = given_back
        """Whether the run was stopped only because its worker was stopped."""


_EXPECTED = (NotDoneError, OutputError, asyncio.CancelledError)


class Retries(BaseRetryStrategy):
    """Decides whether and when a job is tried again, by its run's outcome.

    Failed and stopped runs are tried again a few times, after longer and longer pauses. Locked ones are tried until
    the other run has ended. Runs that end with `usage` aren't tried again. A job that is tried again has a lower
    priority than jobs of the same host that haven't been tried yet.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(self, *, exception: BaseException, job: Queued) -> RetryDecision | None:
        """Return when to try the job again; None for never."""
        seconds = self._delay(exception, job.attempts)
        if not isinstance(exception, _EXPECTED):  # a bug: procrastinate logs it
            return None
        if seconds is None:
            logger.error("Job of %s: %s; no more tries until the blog's next planned time", _blog(job).key, exception)
            return None
        later = datetime.now(UTC) + timedelta(seconds=seconds)
        logger.warning("Job of %s: %s; next try at %s", _blog(job).key, exception, rfc3339(later))
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
    """Takes jobs from the queue and runs each as a process. Raises UsageError if ``blogs.yaml`` has a mistake."""

    def __init__(self, settings: BaseSettings, queue: Queue, jobs: int, limit: timedelta = LIMIT) -> None:
        logging.getLogger("procrastinate").setLevel(logging.WARNING)  # otherwise it logs several lines a minute
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # otherwise it logs each try to connect
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
            # At most one of each waits, so that a worker that was busy for an hour doesn't find sixty.
            lock = name if task == self._plan else None  # two at once could make two jobs for one blog
            kept = self._app.task(name=name, queue=QUEUE, lock=lock, queueing_lock=name, priority=_FIRST)(task)
            self._app.periodic(cron=cron)(kept)

    async def work(self) -> None:
        """Work until SIGTERM or SIGINT; then stop the running jobs and requeue them. Raises QueueError."""
        where = f"{len(self._blogs)} blogs of {self._path}, jobs from {self._queue.name}"
        with self._queue.errors():
            async with self._app.open_async():
                logger.info("Worker started: %s, up to %d at once", where, self._jobs)
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
        """Make a job for each due blog that has no job, and had none for its last planned time."""
        try:
            self._blogs = await asyncio.to_thread(Blogs.read, self._path)
        except UsageError as error:
            logger.error("The list of blogs can't be used, the worker keeps the list that it read before: %s", error)  # noqa: TRY400 - one line
        tried: dict[str, str] = {}
        for job in await self._app.job_manager.list_jobs_async(queue=QUEUE, task=RUN):
            waits = job.status in (Status.TODO.value, Status.DOING.value)
            key = _blog(job).key
            tried[key] = max(tried.get(key, ""), _FOREVER if waits else str(job.task_kwargs["planned"]))
        try:  # read after the jobs: if a job ended in between, its blog counts as finished here
            finished = await asyncio.to_thread(last_finished, self._settings["ENGCRAWL_STATE"])
        except StateError as error:
            logger.error("No blog can be planned, because the state can't be read: %s", error)  # noqa: TRY400
            return
        now = datetime.now(UTC)
        for blog in self._blogs:
            planned = rfc3339(last_planned(blog.schedule, blog.key, now))
            if tried.get(blog.key, "") < planned and is_due(blog.schedule, blog.key, finished.get(blog.key), now):
                values: Any = {"blog": blog.model_dump(mode="json"), "planned": planned}
                await self._task.configure(lock=blog.host, task_kwargs=values).defer_async()
                logger.info("Job of %s: planned for %s", blog.key, planned)

    async def _rescue(self, timestamp: int) -> None:
        """Put the jobs of dead workers back into the queue, and delete jobs that failed long ago."""
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self._pace.stalled):
            try:
                if job.task_name == RUN:
                    await manager.retry_job(job)
                    logger.warning("Job of %s: its worker has died; the job is back in the queue", _blog(job).key)
                else:
                    await manager.finish_job(job, Status.FAILED, delete_job=True)  # its next period makes a new one
            except ConnectorException as error:
                if not isinstance(error.__cause__, psycopg.errors.RaiseException):
                    raise
                logger.info("Job %s: another worker has already put it back into the queue", job.id)
        await manager.delete_old_jobs(_KEPT, QUEUE, include_failed=True, include_cancelled=True, include_aborted=True)

    async def _digest(self, timestamp: int) -> None:
        """Send the digest, with a process of its own; a worker that is stopped waits for it."""
        sending = asyncio.ensure_future(self._send_digest())
        try:
            status = await asyncio.shield(sending)
        except asyncio.CancelledError:
            status = await sending
        if status:
            logger.error("`scrapy blogs digest` ended with exit status %d", status)

    async def _send_digest(self) -> int:
        line = [sys.executable, "-m", "scrapy", "blogs", "digest", *as_options(given(self._settings))]
        return await (await asyncio.create_subprocess_exec(*line)).wait()


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
    """Shorten a log line of procrastinate; return False for errors that `Retries` logs itself."""
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
    """Return the end of each blog's last finished run, by the blog's key. Raises StateError."""
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
