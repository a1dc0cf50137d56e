"""``scrapy export``, as a process, on a state with what a blog can have; each format is read by its usual reader."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import frontmatter
import polars
import pytest

from engcrawl.export.parquet import SCHEMA
from engcrawl.items import Found, Post
from engcrawl.printing import SEPARATOR
from engcrawl.state import State
from engcrawl.text import dates
from tests.blog import Blog
from tests.support.commands import run
from tests.support.crawls import environment
from tests.support.folders import ROOT

KEY = "x.example_blog"
SITE = "https://x.example/blog"
AT = "2026-11-01T03:00:00Z"
NASTY: dict[str, Any] = {
    "title": '"; DROP TABLE posts; -- | --- \U0001f600 é\u2028\x7f',
    "excerpt": "a,b\r\n'c'",
    "authors": ["Zoë, Jr.", "Zoë: & Co", "- x"],
    "tags": ["---", "yes"],
    "content_html": "<p>---</p>",
    "content_markdown": "---\n\n---\nid: 2\n",
    "content_source": "page",
}


def post(number: int, **facts: Any) -> Post:
    known: dict[str, Any] = {"id": number, "url": f"{SITE}/2024/{number}/", "title": "t", "crawled_at": AT}
    return Post(**known | facts)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state with the records of a blog of 60 posts, some odd ones, an edited one and one that is gone."""
    output = tmp_path_factory.mktemp("export") / "output"
    output.mkdir()
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        state.runs.begin("archive-1", "archive", {"site": SITE}, AT)
        for record in Blog(60).truth():
            state.posts.store(Found(post=Post(**record | {"crawled_at": AT})))
        state.posts.store(Found(post=post(900_001, **NASTY)))
        state.posts.store(
            Found(post=post(900_002, url=f"{SITE}/2024/05/%E6%97%A5%E6%9C%AC/", published_date="2024-05-01"))
        )
        state.posts.store(Found(post=post(900_003, title="gone")))
        state.posts.mark_gone(900_003)
        state.posts.store(Found(post=post(900_001, **NASTY | {"title": "edited", "tags": ["yes"]})))
        report = {"reason": "proven by rest", "posts": {"new": 63}, "problems": [], "coverage": {"posts": 63}}
        state.runs.end("complete", AT, report)
        state.commit()
    return output


def export(archive: Path, folder: Path, *options: str, status: int = 0) -> str:
    return run(archive, "export", *options, str(folder), status=status)


def rows(archive: Path) -> list[dict[str, Any]]:
    """The archive's records with ``gone_since``, in its order."""
    with State.read(f"sqlite:///{archive}/archive.db", None) as state:
        return [json.loads(line) | {"gone_since": gone} for line, gone in state.posts.lines()]


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


def test_what_an_export_didnt_make_stays(archive: Path, tmp_path: Path) -> None:
    for form, names in {
        "csv": ["mine.csv", "sub/mine.csv"],
        "parquet": ["mine/derived.parquet"],
        "sqlite": ["archive.db"],
        "markdown": [f"{KEY}/todo-2026.md", f"{KEY}/notes-900001.md"],
    }.items():
        folder = tmp_path / form
        export(archive, folder, "--format", form)
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("mine")
        export(archive, folder, "--format", form, "--gone", "without")
        assert [(folder / name).read_text() for name in names] == ["mine"] * len(names)


def test_an_export_that_breaks_off_changes_nothing_and_can_be_repeated(archive: Path, tmp_path: Path) -> None:
    output, new, older = tmp_path / "output", tmp_path / "new", tmp_path / "older"
    shutil.copytree(archive, output)
    export(output, older, "--format", "markdown", "--gone", "without")
    before = {path: path.read_bytes() for path in older.rglob("*.md")}
    with closing(sqlite3.connect(output / "archive.db")) as db, db:
        (kept,) = db.execute("SELECT record FROM posts WHERE id = 900002").fetchone()
        db.execute("UPDATE posts SET record = replace(record, 'x.example', 'y.example') WHERE id = 900002")
    for folder in (new, older):
        assert "the record of post 900002 isn't what was written" in export(
            output, folder, "--format", "markdown", status=1
        )
    assert {path: path.read_bytes() for path in older.rglob("*.md")} == before
    with closing(sqlite3.connect(output / "archive.db")) as db, db:
        db.execute("UPDATE posts SET record = ? WHERE id = 900002", [kept])
    for folder in (new, older):
        export(output, folder, "--format", "markdown")
        assert len(list((folder / KEY).iterdir())) == len(rows(archive))


def test_blogs_of_one_database_are_a_file_each_and_one_of_them_doesnt_replace_all(tmp_path: Path) -> None:
    output = tmp_path / "output"
    for name in ("a", "b"):
        (output / f"{name}.example").mkdir(parents=True)
        with State.open(f"sqlite:///{output}/{name}.example/archive.db", f"https://{name}.example") as state:
            state.runs.begin("archive-1", "archive", {}, AT)
            state.posts.store(Found(post=post(1, url=f"https://{name}.example/1/")))
            state.commit()
    said = export(output, tmp_path / "out", "--format", "jsonl")
    assert said.splitlines() == [f"{tmp_path}/out: 1 posts of {name}.example as jsonl" for name in ("a", "b")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md",
        "a.example.jsonl",
        "b.example.jsonl",
    ]
    said = export(output, tmp_path / "out", "--format", "jsonl", "--blog", "a.example", status=2)
    assert said.endswith("out: has b.example too, which this export leaves out: take another folder\n")


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "xml", "new"], "option --format=xml: must be parquet, sqlite, markdown, csv or jsonl"),
        (["--by-year", "--format", "csv", "new"], "option --by-year: goes with --format=parquet"),
        ([], "takes DEST beside its options"),
        (["new", "other"], "takes DEST beside its options, not 'new other'"),
        (["mine"], "mine: must be a new folder, or that of an older export"),
        (["mine/file"], "mine/file: must be a folder"),
        (["--format", "csv", "older"], "older: is an export as jsonl; csv needs another folder"),
        (["--category", "none", "new"], "option --category=none: must be one of "),
    ],
)
def test_a_wrong_option_is_one_line_and_harms_nothing(
    archive: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    if "older" in options:
        export(archive, tmp_path / "older", "--format", "jsonl")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    given = [str(tmp_path / one) if one in ("new", "other", "mine", "mine/file", "older") else one for one in options]
    told = run(archive, "export", *given, status=2)
    assert said in told.replace(f"{tmp_path}/", "")
    assert told.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_library_that_isnt_there_is_named(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError('no', name='pyarrow')")
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "export", str(tmp_path / "a")],
        cwd=ROOT,
        env=environment(archive) | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    needs = "needs pyarrow, which `pip install -r requirements-export.txt` installs"
    assert done.stderr == f"scrapy export: option --format=parquet: {needs}\n"


@pytest.mark.parametrize("form", ["parquet", "sqlite", "jsonl", "csv"])
def test_an_export_that_is_killed_leaves_the_older_one(tmp_path: Path, form: str) -> None:
    output, folder = tmp_path / "output", tmp_path / "a"
    output.mkdir()
    with State.open(f"sqlite:///{output}/archive.db", SITE) as state:
        state.runs.begin("archive-1", "archive", {}, AT)
        state.posts.store(Found(post=post(1)))
        state.commit()
        export(output, folder, "--format", form)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for number in range(2, 3000):
            state.posts.store(Found(post=post(number, content_html="<p>x</p>" * 500)))
        state.commit()
    line = [sys.executable, "-m", "scrapy", "export", "--format", form, str(folder)]
    with subprocess.Popen(line, cwd=ROOT, env=environment(output), stdout=subprocess.DEVNULL) as process:
        limit = time.monotonic() + 60
        while not any(path.stat().st_size for path in folder.glob("*.new")) and time.monotonic() < limit:
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert any(folder.glob("*.new"))
    assert {path: path.read_bytes() for path in before} == before
    export(output, folder, "--format", form)
    assert not any(folder.glob("*.new"))
    assert {path for path in folder.rglob("*") if path.is_file()} == before.keys()
    assert all(path.read_bytes() != before[path] for path in before)
