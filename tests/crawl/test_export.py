"""``scrapy export``, as a process, on a state with what a blog can have; each format is read by its usual reader."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import frontmatter
import polars
import pytest

from engcrawl.export.parquet import SCHEMA
from engcrawl.items import Found
from engcrawl.printing import SEPARATOR
from engcrawl.state import State
from engcrawl.text import dates
from tests.support.exports import AT, KEY, SITE, export, odd_archive, post, rows


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return odd_archive(tmp_path_factory.mktemp("export"))


def records(archive: Path) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "gone_since"} for row in rows(archive)]


def typed(row: dict[str, Any]) -> dict[str, Any]:
    """A record with days and instants as what they are."""
    day = {"published_date": date.fromisoformat(row["published_date"])} if row["published_date"] else {}
    instants = ("published_at", "modified_at", "crawled_at", "gone_since")
    return row | day | {name: datetime.fromisoformat(row[name]) for name in instants if row[name]}


def text(value: Any) -> str:
    return SEPARATOR.join(value) if isinstance(value, list) else "" if value is None else str(value)


def test_jsonl_and_csv_have_the_records(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "a", "--format", "jsonl")
    lines = (tmp_path / "a" / f"{KEY}.jsonl").read_text("utf-8").split("\n")
    assert [json.loads(line) for line in lines[:-1]] == records(archive)
    export(archive, tmp_path / "b", "--format", "csv")
    with (tmp_path / "b" / f"{KEY}.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [{k: text(v) for k, v in one.items()} for one in records(archive)]


def test_parquet_has_real_types(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "a", "--format", "parquet")
    expected = [typed(row) for row in rows(archive)]
    frame = polars.read_parquet(tmp_path / "a" / f"{KEY}.parquet")
    assert frame.to_dicts() == expected
    assert frame.schema["published_date"] == polars.Date
    assert frame.schema["authors"] == polars.List(polars.String)
    with duckdb.connect() as db:
        found = db.sql(f"SELECT * FROM '{tmp_path}/a/*.parquet'").to_arrow_table()
    assert found.schema.names == SCHEMA.names
    assert found.to_pylist() == expected


def test_parquet_by_year_is_a_file_a_year(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "a")
    export(archive, tmp_path / "a", "--by-year")
    with duckdb.connect() as db:
        query = f"SELECT id, year FROM read_parquet('{tmp_path}/a/**/*.parquet', hive_partitioning = true) ORDER BY id"
        found = db.execute(query).fetchall()
    years = {row["id"]: int(row["published_date"][:4]) if row["published_date"] else None for row in rows(archive)}
    assert dict(found) == years
    export(archive, tmp_path / "a")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet")] == [f"a/{KEY}.parquet"]


def test_sqlite_is_normalised_and_searched(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "a", "--format", "sqlite")
    with closing(sqlite3.connect(tmp_path / "a" / f"{KEY}.db")) as db:
        db.row_factory = sqlite3.Row
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        found = {row["id"]: dict(row) for row in db.execute("SELECT * FROM posts")}
        for names, name in (("authors", "author"), ("categories", "category"), ("tags", "tag")):
            for one in found.values():
                one[names] = []
            query = (
                f"SELECT l.post, n.name FROM posts_{names} l JOIN {names} n ON n.id = l.{name} ORDER BY l.post, l.place"
            )
            for link in db.execute(query):
                found[link["post"]][names].append(link["name"])
        assert found == {row["id"]: row for row in rows(archive)}
        search = "SELECT p.id FROM posts p JOIN posts_fts f ON f.rowid = p.id WHERE posts_fts MATCH 'edited'"
        assert [row[0] for row in db.execute(search)] == [900_001]
        changes = [
            tuple(row) for row in db.execute("SELECT change, version, keys, edited FROM changes WHERE post = 900001")
        ]
        assert changes == [("new", 1, "[]", None), ("updated", 2, '["title", "tags"]', 1)]
        gone = db.execute("SELECT change FROM changes WHERE post = 900003 ORDER BY rowid").fetchall()
        assert [row[0] for row in gone] == ["new", "gone"]
        (ran,) = db.execute("SELECT run, verdict, reason, new, problems FROM runs")
        assert tuple(ran) == ("archive-1", "complete", "proven by rest", 63, 0)


def test_markdown_is_a_file_a_post(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "a", "--format", "markdown")
    found = {}
    for path in (tmp_path / "a" / KEY).iterdir():
        one = frontmatter.loads(path.read_text("utf-8"))
        found[one["id"]] = one.metadata
        expected = next(row for row in rows(archive) if row["id"] == one["id"])
        assert one.content == (expected["content_markdown"] or "").strip()
        assert path.name.startswith(expected["published_date"] or "undated")
        assert path.name.endswith(f"-{one['id']}.md")
    bodies = ("content_html", "content_markdown")
    assert found == {row["id"]: {k: v for k, v in typed(row).items() if k not in bodies} for row in rows(archive)}
    assert (tmp_path / "a" / KEY / "2024-05-01-日本-900002.md").exists()


def test_markdown_rewrites_what_changed_and_nothing_else(archive: Path, tmp_path: Path) -> None:
    output, folder = tmp_path / "output", tmp_path / "a"
    output.mkdir()
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        state.runs.begin("archive-1", "archive", {}, AT)
        for number in (1, 2, 3):
            state.posts.store(Found(post=post(number, published_date="2024-01-01")))
        state.commit()
        export(output, folder, "--format", "markdown")
        before = {path.name: path.stat().st_ino for path in (folder / KEY).iterdir()}
        state.posts.store(Found(post=post(1, published_date="2024-01-02", url=f"{SITE}/another/")))
        state.posts.mark_gone(2)
        state.commit()
    export(output, folder, "--format", "markdown")
    after = {path.name: path.stat().st_ino for path in (folder / KEY).iterdir()}
    assert after.keys() == before.keys()
    assert [name for name in sorted(after) if after[name] != before[name]] == ["2024-01-01-1-1.md", "2024-01-01-2-2.md"]
    assert frontmatter.load(str(folder / KEY / "2024-01-01-2-2.md"))["gone_since"] is not None
    export(output, folder, "--format", "markdown", "--gone", "without")
    assert sorted(path.name for path in (folder / KEY).iterdir()) == ["2024-01-01-1-1.md", "2024-01-01-3-3.md"]


def test_the_card_says_what_it_is_and_by_which_proof(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "a", "--since", "2012-01-01")
    card = frontmatter.load(str(tmp_path / "a" / "README.md"))
    some = [row for row in rows(archive) if (row["published_date"] or "") >= "2012-01-01"]
    assert card["license"] == "unknown"
    assert card["size_categories"] == ["n<1K"]
    assert card["language"] == ["en"]
    assert card["configs"] == [{"config_name": "default", "data_files": "**/*.parquet"}]
    days = [row["published_date"] for row in some]
    bodies = sum(row["content_html"] is not None for row in some)
    assert f"| {SITE} | {len(some)} | 0 | {bodies} | {min(days)} | {max(days)} |" in card.content
    assert f"- {SITE}: complete by the run that ended at {AT} (63 posts then): proven by rest." in card.content
    assert "Posts were left out: --since=2012-01-01." in card.content


def test_an_export_as_of_a_moment_is_the_archive_of_then(archive: Path, tmp_path: Path) -> None:
    export(archive, tmp_path / "a", "--format", "jsonl", "--as-of", dates.now())
    lines = (tmp_path / "a" / f"{KEY}.jsonl").read_bytes().splitlines()
    assert [json.loads(line) for line in lines] == records(archive)
    export(archive, tmp_path / "a", "--format", "jsonl", "--as-of", "2020-01-01")
    assert (tmp_path / "a" / f"{KEY}.jsonl").read_bytes() == b""
