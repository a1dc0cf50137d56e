"""What ``scrapy export`` leaves alone: files that it didn't make, an older export when it breaks off, wrong options."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from engcrawl.items import Found
from engcrawl.state import State
from tests.support.commands import run
from tests.support.crawls import environment
from tests.support.exports import AT, KEY, SITE, export, odd_archive, post, rows
from tests.support.folders import ROOT


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return odd_archive(tmp_path_factory.mktemp("export"))


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "xml", "new"], "option --format=xml: must be parquet, sqlite, markdown, csv or jsonl"),
        (["--by-year", "--format", "csv", "new"], "option --by-year: needs --format=parquet"),
        ([], "takes DEST beside its options"),
        (["new", "other"], "takes DEST beside its options, not 'new other'"),
        (["mine"], "mine: has other files: must be a new folder, or that of an older export"),
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
