"""The files of a run, and how the archive is replaced."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engcrawl.output import Output, replacing

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def feed(path: Path, *posts: tuple[int, str | None, str]) -> Path:
    lines = (
        json.dumps(
            {
                "id": number,
                "url": f"https://x.example/{number}/",
                "external": False,
                "published_date": day,
                "published_at": None,
                "title": title,
            }
        )
        for number, day, title in posts
    )
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def publish(output: Output, new: Path, keep: set[int] | None) -> int:
    return output.publish(new, len(new.read_text().splitlines()), keep)


def titles(output: Output) -> list[str]:
    return [json.loads(line)["title"] for line in output.archive.read_text().splitlines()]


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


def test_the_archive_is_newest_first_and_undated_posts_last(tmp_path: Path) -> None:
    output = Output(tmp_path)
    new = feed(
        tmp_path / "f", (1, "2020-01-01", "old"), (2, None, "undated"), (3, "2021-01-01", "b"), (4, "2021-01-01", "c")
    )
    assert publish(output, new, None) == 4
    assert titles(output) == ["c", "b", "old", "undated"]


def test_a_complete_run_replaces_everything(tmp_path: Path) -> None:
    output = Output(tmp_path)
    publish(output, feed(tmp_path / "f", (1, "2020-01-01", "a"), (2, "2020-01-02", "b")), None)
    publish(output, feed(tmp_path / "f", (2, "2020-01-02", "B")), None)
    assert titles(output) == ["B"]


def test_an_incomplete_run_leaves_what_it_does_not_have(tmp_path: Path) -> None:
    output = Output(tmp_path)
    publish(output, feed(tmp_path / "f", (1, "2020-01-01", "a"), (2, "2020-01-02", "b"), (3, "2020-01-03", "c")), None)
    publish(
        output, feed(tmp_path / "f", (2, "2020-01-02", "lost"), (3, "2020-01-03", "C"), (4, "2020-01-04", "D")), {2}
    )
    assert titles(output) == ["D", "C", "b", "a"]


def test_a_post_that_could_not_be_had_goes_in_where_the_archive_lacks_it(tmp_path: Path) -> None:
    output = Output(tmp_path)
    publish(output, feed(tmp_path / "f", (1, "2020-01-01", "facts")), {1})
    assert titles(output) == ["facts"]


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
def test_an_archive_that_is_none_is_left_alone_and_named(tmp_path: Path, text: str) -> None:
    output = Output(tmp_path)
    output.archive.write_text(text)
    with pytest.raises(OSError, match=r"posts\.jsonl: line 1 is no record of the archive"):
        publish(output, feed(tmp_path / "f", (1, "2020-01-01", "a")), {1})
    assert output.archive.read_text() == text


def test_a_feed_that_lost_a_post_replaces_nothing(tmp_path: Path) -> None:
    output = Output(tmp_path)
    with pytest.raises(OSError, match="1 posts, where the run wrote 2"):
        output.publish(feed(tmp_path / "f", (1, "2020-01-01", "a")), 2, None)
    assert not output.archive.exists()
