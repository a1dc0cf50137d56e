"""``scrapy blogs``: the list of many blogs, and their runs on this machine."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field
from scrapy.settings import BaseSettings

from engcrawl.arguments import Arguments, Count, Given
from engcrawl.errors import EngcrawlError, OutputError, UsageError
from engcrawl.extensions.alerts import switched_on
from engcrawl.fleet.blogs import Blog, Blogs, changing
from engcrawl.fleet.display import Display
from engcrawl.fleet.job import Job
from engcrawl.fleet.pool import Pool
from engcrawl.fleet.probes import Probes, StoppedError
from engcrawl.fleet.states import States
from engcrawl.fleet.status import statuses
from engcrawl.http.addresses import private_allowed
from engcrawl.phases.probed import Probed
from engcrawl.printing import PrintingCommand, add_fields, print_table
from engcrawl.report.metrics import metrics_file
from engcrawl.report.output import Output, withhold_writing
from engcrawl.report.verdict import Outcome
from engcrawl.state.lock import RunLock
from engcrawl.text.durations import duration, readable
from engcrawl.text.urls import blog_key
from engcrawl.text.visible import visible

_COLUMNS = ("blog", "posts", "verdict", "end", "next_run", "problems")
"""The table's columns; the reasons are printed below the table."""
_PROBES = 8
"""The number of blogs that are probed at a time."""
_NEVER = datetime.min.replace(tzinfo=UTC)
"""An instant before all runs."""
Length = Annotated[timedelta, BeforeValidator(lambda value: value if isinstance(value, timedelta) else duration(value))]


class VerbOptions(Given):
    """The options of a verb. Each field is an option; its title is the METAVAR."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))
    kind = "option --"


class ListOptions(VerbOptions):
    """The options of ``scrapy blogs``."""

    as_json: bool = Field(
        default=False, alias="json", description="print everything that is known about each blog, as JSON"
    )


class AddOptions(VerbOptions):
    """The options of ``scrapy blogs add``."""


class RunOptions(VerbOptions):
    """The options of ``scrapy blogs run``."""

    jobs: Count = Field(default=8, title="N", description="the number of blogs that run at a time (default: 8)")
    due: bool = Field(default=False, description="run only blogs that are due")
    tag: str | None = Field(default=None, title="TAG", description="run only blogs with this tag")
    time_limit: Length = Field(
        timedelta(hours=6),
        title="LENGTH",
        description="stop a run that takes longer than this, like 90m or 6h (default: 6h); the next run continues",
    )


class DigestOptions(VerbOptions):
    """The options of ``scrapy blogs digest``."""

    since: Length = Field(
        timedelta(hours=24),
        title="LENGTH",
        description="the time that the message covers, like 24h or 2d (default: 24h)",
    )


VERBS: dict[str, type[VerbOptions]] = {"": ListOptions, "add": AddOptions, "run": RunOptions, "digest": DigestOptions}


class Command(PrintingCommand):
    """Keep a list of blogs, and run them on this machine.

    `scrapy blogs` prints a table of the blogs in the list (`blogs.yaml`), with their last and next runs.

    `scrapy blogs add URL…` probes blogs, as `scrapy probe` does, and adds those that engcrawl can read to the list.

    `scrapy blogs run` runs all blogs of the list, or only those whose keys or addresses are given. Each blog has a
    process and a folder of its own, and two blogs on one host never run at once. The exit status is the worst one of
    all runs; from worst to best they are 1, 2, 5, 4, 3, 0. If another `scrapy blogs run` works on the same output, the
    command ends with 4. Ctrl-C or SIGTERM stops the crawls cleanly, and the command ends with 5.

    `scrapy blogs digest` prints one message about the last day's runs, and sends it if alerts are switched on.
    """

    requires_crawler_process = False

    def syntax(self) -> str:
        return "[add URL... | run [BLOG...] | digest] [options]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of each verb."""
        super().add_options(parser)
        for options in VERBS.values():
            add_fields(parser, options)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the verb that the first word names."""
        verb, *words = args or [""]
        with self.printing():
            if verb not in VERBS:
                raise UsageError(f"{verb!r}: must be {', '.join(filter(None, VERBS))}, or nothing")
            given = vars(opts)
            for other, options in VERBS.items():
                for field in options.model_fields.values():
                    if other != verb and field.alias in given:
                        raise UsageError(f"option --{field.alias}: belongs to `{f'scrapy blogs {other}'.strip()}`")
            if words and verb in ("", "digest"):
                raise UsageError(f"takes only options, not {' '.join(words)!r}")
            parsed = VERBS[verb].parse(given)
            assert self.settings is not None
            self._file = Path(self.settings["ENGCRAWL_BLOGS"])
            withhold_writing()
            if isinstance(parsed, ListOptions):
                self._show(parsed)
            elif isinstance(parsed, AddOptions):
                self.exitcode = self._add(words)
            elif isinstance(parsed, RunOptions):
                self.exitcode = self._run(words, parsed)
            elif isinstance(parsed, DigestOptions):
                self.exitcode = self._digest(parsed)

    def _show(self, options: ListOptions) -> None:
        """Print a table of the blogs."""
        assert self.settings is not None
        now = datetime.now(UTC)
        with States(self.settings) as states:
            rows = [status.row(now) for status in statuses(Blogs.read(self._file), states)]
        if options.as_json:
            print(json.dumps(rows, ensure_ascii=False, indent=2))
            return
        print_table(rows, _COLUMNS, "no blogs")
        for row in rows:
            if row["reason"] and row["verdict"] != "complete":
                print(visible(f"{row['blog']}: {row['reason']}"))

    # Adding

    def _add(self, words: list[str]) -> Outcome:
        """Add the blogs that engcrawl can read; return `COMPLETE` if it can read all of them."""
        assert self.settings is not None
        if not words:
            raise UsageError("add: takes the addresses of blogs, like https://engineering.fb.com")
        private_allowed(self.settings)
        asked: dict[str, str] = {}
        with changing(self._file) as blogs:
            for site in (Arguments.parse({"site": word}).site for word in words):
                if blogs.get(site) or blog_key(site) in asked:
                    print(visible(f"{site}: {'already in the list' if blogs.get(site) else 'named twice'}"))
                else:
                    asked[blog_key(site)] = site
            blogs.with_sites(asked.values())  # raises before any probe, if the list can't be extended
        found = Probes(self.settings, asked.values(), _PROBES, _tell).run() if asked else {}
        if any(isinstance(one, StoppedError) for one in found.values()):
            raise StoppedError("stopped: no blog is added")
        fitting = [site for site in asked.values() if isinstance(one := found[site], Probed) and one.fits]
        with changing(self._file) as blogs:
            new = [site for site in fitting if not blogs.get(site)]
            if new:
                blogs.with_sites(new).write()
        print(f"{len(new)} added to {self._file}")
        return Outcome.COMPLETE if len(fitting) == len(asked) else Outcome.FAILED

    # Running

    def _run(self, words: list[str], options: RunOptions) -> Outcome:
        """Run the chosen blogs; return the worst outcome."""
        settings = self.settings
        assert settings is not None
        metrics_file(settings)
        private_allowed(settings)
        if str(settings["ENGCRAWL_STATE"] or "").startswith("sqlite"):
            raise UsageError(
                "setting ENGCRAWL_STATE: must name a PostgreSQL database, because an SQLite file serves only one run at"
                " a time; without the setting each blog has a file of its own"
            )
        chosen = _chosen(Blogs.read(self._file), words, options.tag)
        with _alone(Output(settings["ENGCRAWL_OUTPUT"])):
            if options.due:
                chosen = _due(chosen, settings)
            if not chosen:
                print("no blog is due" if options.due else "no blogs")
            jobs = [Job.of(blog, settings, limit=options.time_limit) for blog in chosen]
            with Display(len(jobs)) as display:
                return asyncio.run(_work(Pool(jobs, options.jobs, display.told)))

    # Telling

    def _digest(self, options: DigestOptions) -> Outcome:
        """Print the digest, and send it if alerts are switched on; return `FAILED` if that fails by one of the ways."""
        from engcrawl.alerts.config import AlertSettings  # only the digest needs Spidermon
        from engcrawl.alerts.digest import digest
        from engcrawl.alerts.notifiers import notify

        assert self.settings is not None
        on = switched_on(self.settings)
        alert_settings = AlertSettings.of(os.environ) if on else AlertSettings.model_construct()
        now = datetime.now(UTC)
        blogs = Blogs.read(self._file)
        with States(self.settings) as states:
            message = digest(blogs, states, self.settings, alert_settings, now - options.since, now)
        print(message.text)
        failed = notify(alert_settings, message) if on else {}
        if sent := [way for way, why in failed.items() if why is None]:  # the log names the other ways
            print(f"\nSent: {', '.join(sent)}")
        return Outcome.FAILED if any(failed.values()) else Outcome.COMPLETE


def _tell(site: str, found: Probed | EngcrawlError) -> None:
    """Print the result of a probe, in one line."""
    if isinstance(found, EngcrawlError):
        said = f"refused: {found}"
    elif not found.fits:
        said = f"refused: {found.reason}"
    else:
        posts = "posts not counted" if found.posts is None else f"about {found.posts:,} posts"
        seconds = found.first_run.seconds if found.first_run else 0
        said = f"fits: {posts}, a first run takes about {readable(timedelta(seconds=max(60, seconds)))}"
    print(visible(f"{site}: {said}"), flush=True)


def _chosen(blogs: Blogs, words: list[str], tag: str | None) -> list[Blog]:
    """Return the blogs with these keys or addresses (all blogs if there are none) and *tag*. Raises UsageError."""
    named = {word: blogs.get(word) for word in words}
    if unknown := [word for word, blog in named.items() if blog is None]:
        raise UsageError(f"{unknown[0]}: isn't in {blogs.path}")
    chosen = [blog for blog in blogs if not named or blog in named.values()]
    if tag is None:
        return chosen
    if not any(tag in blog.tags for blog in blogs):
        tags = sorted({tag for blog in blogs for tag in blog.tags})
        raise UsageError(f"option --tag={tag}: must be one of {', '.join(tags)}" if tags else "no blog has a tag")
    return [blog for blog in chosen if tag in blog.tags]


def _due(blogs: list[Blog], settings: BaseSettings) -> list[Blog]:
    """Return those of *blogs* that are due; those that waited longest come first. Raises StateError."""
    now = datetime.now(UTC)
    with States(settings) as states:
        due = [status for status in statuses(blogs, states) if status.due(now)]
    return [status.blog for status in sorted(due, key=lambda status: status.finished or _NEVER)]


@contextmanager
def _alone(output: Output) -> Iterator[None]:
    """Lock *output*, so that no other process runs its blogs. Raises LockedError and OutputError."""
    try:
        output.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output.folder}: {error}") from error
    lock = RunLock(output.folder / "blogs.lock", f"the blogs of {output.folder}")
    try:
        yield
    finally:
        lock.release()


async def _work(pool: Pool) -> Outcome:
    """Run a pool until all jobs are done, or until a signal stops it."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await pool.run(stop)
