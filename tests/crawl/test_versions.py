"""Older versions of posts, from nights with edits, as ``scrapy posts`` prints them."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engcrawl.text import dates
from tests.blog import Blog, Server
from tests.blog.blog import Post
from tests.support.commands import run
from tests.support.crawls import crawl
from tests.support.nights import newest, night


@dataclass
class Archive:
    """Two nights of a blog: what the archive was after each, when the first had ended, and the two posts edited."""

    output: Path
    before: str
    first: bytes
    edited: Post
    retagged: Post


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    output = tmp_path_factory.mktemp("versions") / "output"
    with Server(Blog(40)) as server:
        assert crawl(output, site=server.url).status == 0
        first, before = (output / "posts.jsonl").read_bytes(), dates.now()
        edited, retagged = newest(server.blog, 2)
        posts = server.blog.edit(edited, title="Silently another"), server.blog.edit(retagged, tags=("x",), body=False)
        server.blog.publish(("web",))
        done = night(server, output, "-a", "full=yes")
        assert done.status == 0
        assert sorted(done.changes.values()) == ["new", "updated", "updated"]
        yield Archive(output, before, first, *posts)


def test_the_archive_as_of_a_moment_is_the_file_of_then(archive: Archive) -> None:
    assert run(archive.output, "posts", "--as-of", archive.before) == archive.first.decode()
    assert run(archive.output, "posts", "--as-of", dates.now()) == (archive.output / "posts.jsonl").read_text("utf-8")
    assert run(archive.output, "posts", "--as-of", "2020-01-01", "--count") == "0\n"


def test_versions_tell_when_and_what(archive: Archive) -> None:
    rows = [
        json.loads(line)
        for line in run(archive.output, "posts", "--id", str(archive.edited.id), "--versions").splitlines()
    ]
    assert [row["version"] for row in rows] == [1, 2]
    assert rows[0]["changed"] == []
    assert {"title", "content_html", "content_markdown"} <= {*rows[1]["changed"]}
    assert rows[0]["until"] == rows[1]["since"] > archive.before
    assert rows[1]["until"] is None
    assert rows[1]["title"] == "Silently another"


def test_a_diff_has_each_key_and_the_bodys_lines(archive: Archive) -> None:
    known = {record["id"]: record for record in map(json.loads, archive.first.splitlines())}
    text = run(archive.output, "posts", "--id", str(archive.edited.id), "--diff", "--format", "csv")
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(text))}
    old = known[archive.edited.id]
    assert (rows["title"]["old"], rows["title"]["new"]) == (old["title"], "Silently another")
    removed = [line[1:] for line in rows["content_markdown"]["diff"].splitlines()[2:] if line.startswith("-")]
    assert removed
    assert {*removed} <= {*old["content_markdown"].splitlines()}
    text = run(archive.output, "posts", "--id", str(archive.retagged.id), "--diff", "--format", "table")
    assert "tags: " in text
    assert '-> ["x"]' in text
    assert "version 2, since " in text


def test_only_what_readers_see_is_an_edit(archive: Archive) -> None:
    told = [
        json.loads(line)["id"] for line in run(archive.output, "posts", "--edited-since", archive.before).splitlines()
    ]
    assert told == [archive.edited.id]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--versions"], "option --versions: needs --id"),
        (["--diff", "--id", "1", "--count"], "option --diff: needs --id, and allows no other option than --format"),
        (["--id", "999999", "--versions"], "option --id=999999: the archive has no such post"),
        (["--as-of", "2026-01-01", "--changed-since", "2026-01-01"], "option --as-of: doesn't go with --changed-since"),
        (["--as-of", "2099-01-01"], "option --as-of=2099-01-01T00:00:00Z: must be in the past"),
        (["--as-of", "yesterday"], "option --as-of=yesterday: must be a day as YYYY-MM-DD"),
    ],
)
def test_a_wrong_option_is_one_line(archive: Archive, options: list[str], said: str) -> None:
    text = run(archive.output, "posts", *options, status=2)
    assert said in text
    assert text.count("\n") == 1


def test_a_wrong_setting_is_one_line_and_harms_nothing(archive: Archive, tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(archive.output, output)
    before = (output / "archive.db").read_bytes()
    done = crawl(output, settings={"ENGCRAWL_VERSIONS": "some"}, site="http://127.0.0.1:9")
    assert done.status == 2
    assert "setting ENGCRAWL_VERSIONS=some: must be all, a number (like 20), or an age (like 365d)" in done.log
    assert (output / "archive.db").read_bytes() == before
