"""``scrapy posts`` and ``scrapy runs`` on the state of real crawls; in a shell and on a terminal as processes."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engcrawl.items import Found, Post
from engcrawl.printing import SEPARATOR
from engcrawl.state import State
from engcrawl.state.lock import HOST
from tests.blog import Blog, Server
from tests.blog.blog import Post as BlogPost
from tests.support.commands import run
from tests.support.crawls import Serve, command, crawl, environment
from tests.support.folders import ROOT
from tests.support.nights import truth

pytestmark = pytest.mark.xdist_group("commands")  # one archive serves them all


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Blog, Path, BlogPost]]:
    """A blog of 60 posts, the output of two crawls of it, and the post that was taken down between them."""
    output = tmp_path_factory.mktemp("archive") / "output"
    with Server(Blog(60)) as server:
        assert crawl(output, site=server.url).status == 0
        blog = server.blog
        records = truth(blog)
        gone = blog.remove(blog.whole[-1])
        assert crawl(output, "-a", "full=yes", site=server.url).status == 0
        blog.restore(gone.index)
        assert truth(blog) == records
        yield blog, output, gone


def ids(text: str) -> list[int]:
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_posts_are_the_archives_lines(archive: tuple[Blog, Path, BlogPost]) -> None:
    _, output, _ = archive
    assert run(output, "posts") == (output / "posts.jsonl").read_text("utf-8")


def test_each_line_of_the_archive_and_of_the_feeds_is_as_the_schema_says(archive: tuple[Blog, Path, BlogPost]) -> None:
    _, output, _ = archive
    schema = json.loads((ROOT / "docs/record.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    files = {
        path: path.read_text("utf-8").splitlines() for path in (output / "posts.jsonl", *output.glob("runs/*.jsonl"))
    }
    assert sorted(len(lines) for lines in files.values()) == [1, 58, 58]
    faults = [
        (path.name, fault.message)
        for path in files
        for line in files[path]
        for fault in validator.iter_errors(json.loads(line))
    ]
    assert faults == []
    record = json.loads(files[output / "posts.jsonl"][0])
    wrong = [record | {"more": 1}, record | {"id": None}, record | {"tags": ["b", "b"]}, record | {"change": "came"}]
    assert not any(validator.is_valid(one) for one in (*wrong, {k: v for k, v in record.items() if k != "kind"}))


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_since_and_category_take_their_posts(archive: tuple[Blog, Path, BlogPost], form: str) -> None:
    blog, output, _ = archive
    wanted = [r for r in truth(blog) if (r["published_date"] or "") >= "2012-09-01" and "web" in r["categories"]]
    text = run(output, "posts", "--since", "2012-09-01", "--category", "web", "--format", form)
    rows: list[dict[str, Any]] = (
        [json.loads(line) for line in text.splitlines()] if form == "jsonl" else list(csv.DictReader(io.StringIO(text)))
    )
    assert 0 < len(rows) < len(truth(blog))
    assert [int(row["id"]) for row in rows] == [record["id"] for record in wanted]
    if form == "csv":
        assert [row["categories"] for row in rows] == [SEPARATOR.join(record["categories"]) for record in wanted]
        assert [row["content_html"] for row in rows] == [record["content_html"] or "" for record in wanted]
        assert list(rows[0]) == [*wanted[0], "crawled_at"]


def test_count_prints_the_number_alone(archive: tuple[Blog, Path, BlogPost]) -> None:
    blog, output, _ = archive
    assert run(output, "posts", "--count") == f"{len(truth(blog))}\n"
    assert run(output, "posts", "--count", "--since", "2099-01-01") == "0\n"


def test_gone_posts_are_with_the_others_without_or_alone(archive: tuple[Blog, Path, BlogPost]) -> None:
    blog, output, gone = archive
    everything = [record["id"] for record in truth(blog)]
    assert ids(run(output, "posts", "--gone", "only")) == [gone.id]
    assert ids(run(output, "posts", "--gone", "without")) == [i for i in everything if i != gone.id]
    assert ids(run(output, "posts")) == everything


def test_changed_since_takes_what_changed_then_or_later(archive: tuple[Blog, Path, BlogPost]) -> None:
    blog, output, gone = archive
    second = json.loads(run(output, "runs", "--last", "1", "--format", "jsonl"))["start"]
    assert ids(run(output, "posts", "--changed-since", second)) == [gone.id]
    assert run(output, "posts", "--changed-since", second[:10], "--count") == f"{len(truth(blog))}\n"
    assert run(output, "posts", "--changed-since", "2099-01-01T00:00:00+02:00", "--count") == "0\n"


def test_a_table_is_read_at_80_columns(archive: tuple[Blog, Path, BlogPost]) -> None:
    blog, output, gone = archive
    lines = run(output, "posts", "--format", "table").splitlines()
    assert lines[0].split() == ["id", "published", "date", "title", "categories", "gone", "since"]
    found = [int(match.group()) for line in lines[1:] if (match := re.match(r"\d+", line))]
    assert found == [record["id"] for record in truth(blog)]
    assert all(len(line) <= 80 for line in lines)
    assert re.search(rf"^{gone.id} .* 20\d\d-\d\d-\d\dT\S+Z", "\n".join(lines), re.MULTILINE)
    assert run(output, "posts", "--format", "table", "--since", "2099-01-01") == "no posts\n"


def test_a_terminal_gets_a_table(archive: tuple[Blog, Path, BlogPost]) -> None:
    _, output, _ = archive
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "scrapy", "runs"], cwd=ROOT, env=environment(output), stdout=follower
    ) as process:
        os.close(follower)
        shown = os.read(leader, 65536).decode()
        assert process.wait(60) == 0
    os.close(leader)
    assert "verdict" in shown.splitlines()[0]


def test_runs_are_the_last_ones_with_their_verdicts(archive: tuple[Blog, Path, BlogPost]) -> None:
    blog, output, _ = archive
    rows = [json.loads(line) for line in run(output, "runs").splitlines()]
    names = sorted((p.stem for p in (output / "runs").glob("archive-*.json")), reverse=True)
    assert [row["run"] for row in rows] == names
    short = [
        (r["verdict"], r["exit_status"], r["listed"], r["new"], r["updated"], r["gone"], r["problems"]) for r in rows
    ]
    count = len(truth(blog))
    assert short == [("complete", 0, count - 1, 0, 0, 1, 0), ("complete", 0, count, count, 0, 0, 0)]
    assert len(run(output, "runs", "--last", "1").splitlines()) == 1
    assert run(output, "runs", "--format", "csv").splitlines()[0].startswith("run,verdict,exit_status,start,seconds,")
    assert "complete" in run(output, "runs", "--format", "table")


def test_both_work_while_a_crawl_does_and_tell_when_it_died(serve: Serve, output: Path) -> None:
    server = serve(posts=60)
    line = command(site=server.url, settings={"DOWNLOAD_DELAY": "0.4"})
    quiet = subprocess.DEVNULL
    with subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=quiet, stderr=quiet) as process:
        while len(server.requests) < 25:
            assert process.poll() is None
            time.sleep(0.05)
        running = json.loads(run(output, "runs"))
        assert int(run(output, "posts", "--count")) < 58
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    died = json.loads(run(output, "runs"))
    assert [(r["verdict"], r["pid"], r["exit_status"]) for r in (running, died)] == [
        ("running", process.pid, None),
        ("died", process.pid, None),
    ]


def test_head_ends_quietly(archive: tuple[Blog, Path, BlogPost]) -> None:
    _, output, _ = archive
    line = f"{sys.executable} -m scrapy posts | head -n 1"
    done = subprocess.run(
        line, shell=True, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=False
    )
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["posts", "--since", "13/1"], "scrapy posts: option --since=13/1: must be a day as YYYY-MM-DD"),
        (["posts", "--since", "2024-W01-1"], "option --since=2024-W01-1: must be a day as YYYY-MM-DD"),
        (["posts", "--changed-since", "20240101T000000Z"], "must be a day as YYYY-MM-DD, like 2024-01-01, or an"),
        (["posts", "--gone", "x"], "option --gone=x: must be with, without or only"),
        (["posts", "--sinse=2024-01-01"], "takes only options, not '--sinse=2024-01-01'"),
        (["posts", "--changed-since", "now"], "scrapy posts: option --changed-since=now: must be a day as"),
        (["posts", "--changed-since", "2024-01-01T00:00:00"], "or an instant with its offset"),
        (["posts", "--category", "fish"], "scrapy posts: option --category=fish: must be one of compilers, "),
        (["posts", "--format", "xml"], "option --format=xml: must be table, jsonl or csv"),
        (["posts", "web"], "scrapy posts: takes only options, not 'web'"),
        (["runs", "--last", "0"], "scrapy runs: option --last=0: must be a whole number from 1"),
    ],
)
def test_a_wrong_option_is_one_line(archive: tuple[Blog, Path, BlogPost], line: list[str], said: str) -> None:
    _, output, _ = archive
    text = run(output, *line, status=2)
    assert said in text
    assert len(text.splitlines()) == 1


def test_without_a_state_it_is_one_line(tmp_path: Path) -> None:
    text = run(tmp_path / "none", "posts", status=1)
    assert text.startswith("scrapy posts: sqlite:///")
    assert text.endswith("archive.db: there is no such file: no run has made it yet\n")
    assert not (tmp_path / "none").exists()


def stored(output: Path, site: str = "https://x.example", **facts: Any) -> None:
    """A state with one post, and a run that never ended, of a process (init's) that is there but has no lock."""
    output.mkdir(exist_ok=True)
    with State.open(f"sqlite:///{output}/archive.db", site) as state:
        state.runs.begin("archive-20261123T000000Z", "archive", {}, "2026-11-23T00:00:00Z")
        known: dict[str, Any] = {"id": 1, "url": f"{site}/1/", "title": "t", "published_date": "2020-01-01"}
        state.posts.store(Found(post=Post(**known | {"crawled_at": "2026-11-23T00:00:00Z"} | facts)))
        state.commit()
    with closing(sqlite3.connect(output / "archive.db")) as db, db:
        db.execute("UPDATE runs SET pid = 1")


def test_a_process_that_has_a_dead_runs_number_is_not_that_run(output: Path) -> None:
    stored(output)
    died = json.loads(run(output, "runs"))
    assert (died["verdict"], died["seconds"], died["exit_status"]) == ("died", None, None)
    assert died["reason"] == f"its process (pid 1 on {HOST}) is gone, and left no verdict"


def test_of_several_blogs_in_one_state_all_are_printed_or_one(output: Path) -> None:
    stored(output)
    stored(output, "https://www.y.example/blog", id=2)
    assert ids(run(output, "posts")) == [1, 2]
    assert ids(run(output, "posts", "--blog", "x.example")) == [1]
    assert ids(run(output, "posts", "--blog", "http://y.example/blog/")) == [2]
    rows = [json.loads(line) for line in run(output, "runs").splitlines()]
    assert [(row["blog"], row["verdict"]) for row in rows] == [("x.example", "died"), ("y.example_blog", "died")]
    assert len(run(output, "runs", "--blog", "y.example_blog").splitlines()) == 1
    unknown = run(output, "posts", "--blog", "y.example", status=2)
    assert unknown == "scrapy posts: option --blog=y.example: must be one of x.example, y.example_blog\n"


def test_a_category_that_only_records_name_is_known_also_where_the_days_leave_none(output: Path) -> None:
    stored(output, categories=["web"])
    assert run(output, "posts", "--category", "web", "--count") == "1\n"
    assert run(output, "posts", "--category", "web", "--since", "2024-01-01") == ""


def test_a_title_cannot_steer_the_terminal(output: Path) -> None:
    stored(output, title="a \x1b[31mred [bold]b")
    assert "a  [31mred [bold]b" in run(output, "posts", "--format", "table")


def test_lists_in_csv_can_be_told_apart(output: Path) -> None:
    stored(output, authors=["A, B; C", "D"])
    row = next(csv.DictReader(io.StringIO(run(output, "posts", "--format", "csv"), newline="")))
    assert row["authors"].split(SEPARATOR) == ["A, B; C", "D"]


def test_an_output_that_is_full_is_one_line(archive: tuple[Blog, Path, BlogPost]) -> None:
    _, output, _ = archive
    for form in ("jsonl", "csv", "table"):
        line = f"{sys.executable} -m scrapy posts --format {form} >/dev/full"
        done = subprocess.run(
            line, shell=True, cwd=ROOT, env=environment(output), capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr == "scrapy posts: standard output: [Errno 28] No space left on device\n"


def test_lines_are_utf_8_wherever_they_go(archive: tuple[Blog, Path, BlogPost]) -> None:
    _, output, _ = archive
    line = [sys.executable, "-m", "scrapy", "posts"]
    env = environment(output) | {"PYTHONIOENCODING": "ascii"}
    assert subprocess.check_output(line, cwd=ROOT, env=env) == (output / "posts.jsonl").read_bytes()


def test_the_state_is_left_as_it_is(archive: tuple[Blog, Path, BlogPost]) -> None:
    _, output, _ = archive
    before = _files(output)
    for line in (["posts"], ["posts", "--count", "--category", "web"], ["runs"]):
        run(output, *line)
    assert _files(output) == before


def _files(output: Path) -> dict[str, tuple[int, bytes]]:
    """Each file's time and content, but for those that SQLite makes for its readers, and takes away again."""
    files = (path for path in output.iterdir() if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
