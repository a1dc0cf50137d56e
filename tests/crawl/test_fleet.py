"""``scrapy blogs``, as processes: a list of blogs, run on this machine, looked at and told of."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engcrawl.fleet import blogs
from engcrawl.state import State
from engcrawl.text.dates import rfc3339
from tests.blog import Blog, Fault, Server
from tests.support.counting import there
from tests.support.crawls import Serve, newest_first
from tests.support.fleets import Fleet, key
from tests.support.receivers import Receivers

NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""


@dataclass
class Night:
    """What `scrapy blogs add` and one `scrapy blogs run` made of three blogs."""

    fleet: Fleet
    servers: list[Server]
    receivers: Receivers
    added: list[str]
    again: list[str]
    lines: list[str]
    before: list[dict[str, Any]]

    @property
    def nowhere(self) -> str:
        """The address of a blog that isn't there, on the first blog's host."""
        return f"{self.servers[0].url}/nowhere"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A list of three blogs, added by the command, of which one has arguments; and a fourth that isn't there."""
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(Blog(posts, seed))) for seed, posts in ((1, 30), (2, 12), (3, 12))]
        receivers = stack.enter_context(Receivers())
        one, two, three = (server.url for server in servers)
        fleet.list.write_text(f"# ours\n- site: {one}   # the first\n")
        added = fleet.run("blogs", "add", two, three, f"{one}/", NOBODY, status=1).splitlines()
        again = fleet.run("blogs", "add", two).splitlines()
        with fleet.list.open("a") as file:
            file.write(f"  tags: [small]\n  arguments: {{source: rest}}\n- site: {one}/nowhere\n")
        before = json.loads(fleet.run("blogs", "--json"))
        lines = fleet.run(
            *("blogs", "run", "--due", "--jobs", "4"),
            status=1,
            settings={"ENGCRAWL_METRICS": str(fleet.list.parent / "all.prom"), "DOWNLOAD_DELAY": "0.02"},
            ENGCRAWL_ALERT_WEBHOOK=receivers.url,
        ).splitlines()
        assert receivers.posted == []  # the digest is for that
        yield Night(fleet, servers, receivers, added, again, lines, before)


def test_blogs_that_fit_are_added_and_the_rest_of_the_list_stays(night: Night) -> None:
    one, two, three = (server.url for server in night.servers)
    assert night.added[0] == f"{one}: already in the list"
    assert sorted(line.partition(" a first run")[0] for line in night.added[1:-1]) == sorted(
        [
            f"{two}: fits: about 12 posts,",
            f"{three}: fits: about 12 posts,",
            next(line for line in night.added if line.startswith(f"{NOBODY}: refused: robots.txt can't be fetched: ")),
        ]
    )
    assert night.added[-1] == f"2 added to {night.fleet.list}"
    assert night.again == [f"{two}: already in the list", f"0 added to {night.fleet.list}"]
    assert night.fleet.list.read_text().startswith(
        f"# ours\n- site: {one}   # the first\n- site: {two}\n- site: {three}\n"
    )
    assert [(row["blog"], row["verdict"], row["next_run"]) for row in night.before] == [
        (key(site), None, "now") for site in (one, two, three, night.nowhere)
    ]


def test_each_blog_is_archived_in_its_own_folder(night: Night) -> None:
    one, two, three = night.servers
    assert night.fleet.of(one).posts == newest_first(list(one.blog.truth(rest=True)))
    assert night.fleet.of(two).posts == newest_first(list(two.blog.truth(rest=True)))
    assert night.fleet.of(three).posts == newest_first([three.blog.rest_record(p) for p in there(three.blog)])
    folders = {path.name for path in night.fleet.output.iterdir() if path.is_dir()}
    assert folders == {key(site) for site in (one, two, three, night.nowhere)}


def test_each_run_is_told_in_a_line(night: Night) -> None:
    shapes = {
        key(night.servers[0]): r"complete \(exit status 0\): .* \[30 posts, 30 new, \w+( \w+)?\]",
        key(night.servers[1]): r"complete \(exit status 0\): .* \[12 posts, 12 new, \w+( \w+)?\]",
        key(night.servers[2]): r"complete \(exit status 0\): .* proven by rest \[12 posts, 12 new, \w+( \w+)?\]",
        key(night.nowhere): r"failed \(exit status 1\): .*HTTP 404: .* \[0 posts, \w+( \w+)?\]",
    }
    told = dict(line.split(": ", 1) for line in night.lines)
    assert told.keys() == shapes.keys()
    for name, shape in shapes.items():
        assert re.fullmatch(shape, told[name]), told[name]


def test_two_blogs_of_one_host_never_run_at_once_and_others_do(night: Night) -> None:
    one, two, _ = night.servers
    logs = [night.fleet.of(site).output / "crawl.log" for site in (one.url, night.nowhere)]
    opened, closed = zip(*(_open(log) for log in logs), strict=True)
    assert opened[1] > closed[0] or opened[0] > closed[1]
    other = _open(night.fleet.of(two).output / "crawl.log")
    assert any(other[0] <= end and start <= other[1] for start, end in zip(opened, closed, strict=True))


def _open(log: Path) -> tuple[str, str]:
    """Tell when a run's spider was opened and closed, by its log."""
    lines = log.read_text("utf-8").splitlines()
    (opened,) = (line for line in lines if "Spider opened" in line)
    (closed,) = (line for line in lines if "Spider closed" in line)
    return opened[:19], closed[:19]


def test_metrics_are_a_file_a_blog(night: Night) -> None:
    folder = night.fleet.list.parent
    sites = {
        sample.labels["site"]
        for path in folder.glob("*.prom")
        for family in text_string_to_metric_families(path.read_text("utf-8"))
        for sample in family.samples
        if sample.name == "engcrawl_exit_status"
    }
    assert sites == {*(server.url for server in night.servers), night.nowhere}
    assert (folder / f"all-{key(night.servers[0])}.prom").exists()
    assert not (folder / "all.prom").exists()


def test_what_ran_is_not_due_and_the_table_says_when_it_is(night: Night) -> None:
    assert night.fleet.run("blogs", "run", "--due") == "no blog is due\n"
    head, *rows, reason = night.fleet.run("blogs").splitlines()
    assert head.split() == ["blog", "posts", "verdict", "end", "next", "run", "problems"]
    cells = [row.split() for row in rows]
    assert [(row[0], row[1], row[2]) for row in cells] == [
        *((key(server), str(len(there(server.blog))), "complete") for server in night.servers),
        (key(night.nowhere), "0", "failed"),
    ]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT0[0-5]:\d\d:00Z", row[4]) for row in cells)
    assert reason.startswith(f"{key(night.nowhere)}: ")


def test_posts_runs_and_coverage_take_all_blogs_or_one(night: Night) -> None:
    one, two, three = night.servers
    files = [
        (night.fleet.of(server).output / "posts.jsonl").read_text("utf-8") for server in sorted(night.servers, key=key)
    ]
    assert night.fleet.run("posts") == "".join(files)
    assert night.fleet.run("posts", "--blog", two.url) == (night.fleet.of(two).output / "posts.jsonl").read_text(
        "utf-8"
    )
    rows = [json.loads(line) for line in night.fleet.run("runs").splitlines()]
    assert {(row["blog"], row["verdict"]) for row in rows} == {
        *((key(server), "complete") for server in night.servers),
        (key(night.nowhere), "failed"),
    }
    proofs = {row["blog"]: row for row in json.loads(night.fleet.run("coverage", "--json", status=1))}
    assert {name: (row["archive"], row["verdict"]) for name, row in proofs.items()} == {
        key(one): (30, "complete"),
        key(two): (12, "complete"),
        key(three): (12, "complete"),
        key(night.nowhere): (None, "failed"),
    }
    (alone,) = (json.loads(line) for line in night.fleet.run("runs", "--blog", key(two)).splitlines())
    assert {"blog": key(two)} | alone == next(row for row in rows if row["blog"] == key(two))
    assert json.loads(night.fleet.run("coverage", "--json", "--blog", two.url))["in_archive"] == 12
    assert night.fleet.run("runs", "--check", "--blog", two.url).startswith("OK: ")


def test_a_check_judges_every_blog_of_the_list(night: Night) -> None:
    told = night.fleet.run("runs", "--check", status=2)
    assert told.startswith(f"CRITICAL: 3 of 4 blogs are fresh; {key(night.nowhere)}: no run was complete; ")
    assert told.endswith("| fresh=3;;;0;4\n")


def test_the_digest_is_one_message_about_all_blogs(night: Night) -> None:
    night.receivers.clear()
    printed = night.fleet.run("blogs", "digest", ENGCRAWL_ALERT_WEBHOOK=night.receivers.url)
    (posted,) = night.receivers.posted
    assert posted.body["subject"] == "engcrawl: 4 blogs: 3 complete, 1 failed"
    assert printed.splitlines()[0] == "4 blogs: 3 complete, 1 failed"
    assert printed.splitlines()[-1] == "Sent: Webhook"
    assert posted.body["verdicts"] == {"complete": 3, "failed": 1}
    assert posted.body["posts"] == {"new": 54, "updated": 0, "gone": 0}
    (wrong,) = posted.body["blogs"]
    assert (wrong["blog"], wrong["verdict"]) == (key(night.nowhere), "failed")
    assert [one["monitor"] for one in wrong["alerts"]] == ["VerdictComplete"]
    night.receivers.answers["/"] = (500, {})
    assert "\nAlert not sent: Webhook: HTTP 500" in night.fleet.run(
        "blogs", "digest", status=1, ENGCRAWL_ALERT_WEBHOOK=night.receivers.url
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["fly"], "'fly': must be add, run, digest, or nothing"),
        (["--due"], "option --due: belongs to `scrapy blogs run`"),
        (["run", "nobody.example"], "nobody.example: isn't in "),
        (["run", "--tag", "large"], "option --tag=large: must be one of small"),
        (["add", "ftp://x.example"], "argument site=ftp://x.example: must be an address with http:// or https://"),
    ],
)
def test_a_wrong_line_is_told_and_nothing_runs(night: Night, line: list[str], told: str) -> None:
    before = night.fleet.list.read_text()
    said = night.fleet.run("blogs", *line, status=2)
    assert said.startswith(f"scrapy blogs: {told}")
    assert said.count("\n") == 1
    assert night.fleet.list.read_text() == before


def test_a_wrong_list_runs_nothing(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.list.write_text("- site: http://127.0.0.1:9\n- site: nonsense\n")
    assert fleet.run("blogs", "run", status=2).startswith(
        f"scrapy blogs: {fleet.list}: line 2: key site=nonsense: must"
    )
    assert not fleet.output.exists()


def test_a_stopped_addition_adds_nothing(serve: Serve, tmp_path: Path) -> None:
    server, fleet = serve(posts=1, faults=[Fault("slow", "/", seconds=2)]), Fleet(tmp_path)
    with fleet.start("blogs", "add", server.url, NOBODY) as process:
        while not any(path == "/" for _, path in server.requests):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 5
    assert said.splitlines()[-1] == "scrapy blogs: stopped: no blog is added"
    assert not fleet.list.exists()


def test_a_check_takes_the_schedule_for_the_age_and_names_what_cannot_be_read(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    nightly, weekly, broken, never = (blogs.Blog(site=f"https://{name}.example") for name in ("a", "b", "c", "d"))
    weekday = (datetime.now(UTC) + timedelta(days=1)).isoweekday() % 7
    fleet.list.write_text(
        f"- site: {nightly.site}\n- site: {weekly.site}\n  schedule: 0 0 * * {weekday}\n"
        f"- site: {broken.site}\n- site: {never.site}\n"
    )
    when = rfc3339(datetime.now(UTC) - timedelta(days=5))
    for blog in (nightly, weekly):
        (fleet.output / blog.key).mkdir(parents=True)
        with State.open(f"sqlite:///{fleet.output}/{blog.key}/archive.db", blog.site) as state:
            state.runs.begin("archive-1", "archive", {"site": blog.site, "articles": True}, when)
            state.runs.end("complete", when, {"reason": "every post was read", "problems": []})
    (fleet.output / broken.key).mkdir()
    (fleet.output / broken.key / "archive.db").write_bytes(b"nonsense" * 500)
    assert fleet.run("runs", "--check", status=2) == (
        "CRITICAL: 1 of 4 blogs are fresh; a.example: the last complete run ended 5d ago; d.example: the blog has never"
        f" run; c.example: sqlite:///{fleet.output}/c.example/archive.db: file is not a database | fresh=1;;;0;4\n"
    )
    rows = {row["blog"]: row for row in json.loads(fleet.run("blogs", "--json"))}
    assert {name: (row["verdict"], row["next_run"] == "now") for name, row in rows.items()} == {
        "a.example": ("complete", True),
        "b.example": ("complete", False),
        "c.example": ("unreadable", True),
        "d.example": (None, True),
    }
