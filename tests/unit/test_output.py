"""The files of a run, and how the archive is replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engcrawl.errors import OutputError
from engcrawl.items import Found, Post
from engcrawl.report.output import Output, replacing
from engcrawl.state import State

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def post(number: int, day: str | None = None, title: str = "t") -> Found:
    url = f"https://x.example/{number}/"
    record = Post(id=number, url=url, title=title, published_date=day, crawled_at="2026-11-23T00:00:00Z")
    return Found(post=record)


def titles(output: Output) -> list[str]:
    return [json.loads(line)["title"] for line in output.archive.read_text().splitlines()]


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(tmp_path)


@pytest.fixture
def state(output: Output) -> Iterator[State]:
    with State.open(f"sqlite:///{output.state}", "https://x.example") as state:
        state.runs.begin("run", "archive", {}, "2026-11-23T00:00:00Z")
        yield state


def test_names_of_one_second_differ(tmp_path: Path) -> None:
    output = Output(tmp_path / "o")
    names = [output.reserve("archive", NOON).name for _ in range(3)]
    assert names == ["archive-20261123T120000Z", "archive-20261123T120000Z-2", "archive-20261123T120000Z-3"]


def test_a_name_that_a_finished_run_has_is_taken(tmp_path: Path) -> None:
    output = Output(tmp_path)
    run = output.reserve("archive", NOON)
    run.part.replace(run.feed)
    assert output.reserve("archive", NOON).name == "archive-20261123T120000Z-2"
    assert [p.name for p in output.runs.glob("*.part")] == ["archive-20261123T120000Z-2.jsonl.part"]


def test_the_archive_is_the_states_newest_first(output: Output, state: State) -> None:
    for each in (post(1, "2020-01-01", "old"), post(2, None, "undated"), post(3, "2021-01-01", "b")):
        state.posts.store(each)
    assert output.publish(state)
    assert titles(output) == ["b", "old", "undated"]
    assert output.archive.read_text().splitlines()[1] == post(1, "2020-01-01", "old").post.line()


def test_an_archive_that_is_up_to_date_is_left_alone_and_any_other_replaced(output: Output, state: State) -> None:
    state.posts.store(post(1))
    assert output.publish(state)
    assert not output.publish(state)
    output.archive.write_text(output.archive.read_text().replace('"t"', '"x"'))
    assert output.publish(state)
    output.archive.write_text("cut")
    assert output.publish(state)
    output.archive.unlink()
    assert output.publish(state)
    assert titles(output) == ["t"]


def test_what_a_killed_run_left_beside_the_archive_goes(output: Output, state: State) -> None:
    left = output.archive.with_name("posts.jsonl.123.new")
    left.write_text("half")
    state.posts.store(post(1))
    output.publish(state)
    assert not left.exists()


def test_a_replacement_that_fails_leaves_the_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"before")

    def failing() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        failing()
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["posts.jsonl"]


@pytest.mark.parametrize("text", ["[]\n", "half a li", '{"id": 1}\n'])
def test_an_archive_that_is_none_is_named(output: Output, text: str) -> None:
    output.archive.write_text(text)
    with pytest.raises(OutputError, match=r"posts\.jsonl: line 1 is no record of the archive"):
        list(output.records("https://x.example"))


def test_the_records_of_an_archive_are_read_as_they_were_written(output: Output, state: State) -> None:
    stored = post(1, "2020-01-01", "“é”")
    state.posts.store(stored)
    output.publish(state)
    assert list(output.records("https://x.example")) == [stored.post]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[]\n", "line 2 is no record of the archive: move the file away, or mend it"),
        ('{"id": 1}\n', "line 2 is no record of the archive: move the file away, or mend it"),
        ('{"id": 1, "ur', "line 2 is no record of the archive: move the file away, or mend it"),
        (None, "line 2 repeats post 1: move the file away, or mend it"),
    ],
    ids=["a list", "no URL", "cut short", "the first line again"],
)
def test_a_line_that_is_no_record_is_named(output: Output, state: State, line: str | None, said: str) -> None:
    state.posts.store(post(1))
    assert output.publish(state)
    good = output.archive.read_text()
    output.archive.write_text(good + (good if line is None else line))
    with pytest.raises(OutputError) as error:
        list(output.records("https://x.example"))
    assert str(error.value) == f"{output.archive}: {said}"
