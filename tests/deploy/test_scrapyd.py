"""The project on a real Scrapyd: deployed, scheduled, cancelled, deployed again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from engcrawl import __version__
from tests.blog import Blog, Server
from tests.support.crawls import Crawl, Serve, by_id, newest_first, records
from tests.support.folders import ROOT
from tests.support.scrapyd import (
    PASSWORD,
    PROJECT,
    USERNAME,
    Scrapyd,
    build_as_the_image_does,
    checkout,
    deploy,
    files,
    scrapyd,
    wait,
)

pytestmark = pytest.mark.xdist_group("scrapyd")  # one deployment serves them all

SLOW = {"DOWNLOAD_DELAY": "0.04", "CONCURRENT_REQUESTS": "1", "CONCURRENT_REQUESTS_PER_DOMAIN": "1"}
LATER = "99.0.0"
"""A version of the package that comes after this one."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean checkout, from which all is deployed."""
    return checkout(tmp_path_factory.mktemp("checkout") / "engcrawl")


@pytest.fixture(scope="module")
def deployed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scrapyd, set[str]]]:
    """A Scrapyd that has the project, and the files that deploying it left in the checkout.

    It has no ENGCRAWL_OUTPUT: jobs bring their own.
    """
    with scrapyd(tmp_path_factory.mktemp("scrapyd")) as started:
        before = files(tree)
        status, answer = deploy(tree, started)
        assert (status, answer["status"], answer["project"], answer["spiders"]) == (0, "ok", PROJECT, 2)
        yield started, files(tree) - before


@pytest.fixture
def server(deployed: tuple[Scrapyd, set[str]]) -> Scrapyd:
    return deployed[0]


@pytest.fixture(scope="module")
def blog() -> Iterator[Server]:
    with Server(Blog(80)) as serving:
        yield serving


def to(output: Path) -> dict[str, str]:
    """The setting with which a job works on *output*."""
    return {"ENGCRAWL_OUTPUT": str(output)}


def test_deploying_leaves_the_checkout_as_git_has_it(deployed: tuple[Scrapyd, set[str]]) -> None:
    _, new = deployed
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/build/", "*.egg-info/", "__pycache__/"} < set(ignored)
    assert {path for path in new if not re.search(r"^build/|^engcrawl\.egg-info/|(^|/)__pycache__/", path)} == set()


def test_the_egg_has_every_module_the_packages_version_and_what_it_depends_on(server: Scrapyd) -> None:
    (egg,) = (server.folder / "eggs" / PROJECT).iterdir()
    assert re.fullmatch(rf"\d{{10}}-{__version__.replace('.', '_')}\.egg", egg.name)
    assert server.client.versions(PROJECT)[0] == egg.stem
    assert server.client.spiders(PROJECT) == ["archive", "inventory"]
    with zipfile.ZipFile(egg) as archive:
        names = [name for name in archive.namelist() if name.endswith((".py", "py.typed"))]
        metadata = archive.read("EGG-INFO/PKG-INFO").decode()
        needed = archive.read("EGG-INFO/requires.txt").decode().split()
    sources = [path for path in (ROOT / "engcrawl").rglob("*") if path.suffix in (".py", ".typed")]
    assert sorted(names) == sorted(str(path.relative_to(ROOT)) for path in sources)
    assert f"\nName: engcrawl\nVersion: {__version__}\n" in metadata
    stated = (ROOT / "requirements.txt").read_text().splitlines()
    assert sorted(needed) == sorted(line for line in stated if line and not line.startswith("#"))


@pytest.mark.parametrize("login", [None, (USERNAME, "wrong"), ("wrong", PASSWORD)])
def test_nobody_gets_in_without_user_and_password(server: Scrapyd, login: tuple[str, str] | None) -> None:
    for path in ("/", "/daemonstatus.json", "/listjobs.json", "/logs/"):
        assert requests.get(server.url + path, auth=login, timeout=10).status_code == 401
    job = {"project": PROJECT, "spider": "archive"}
    assert requests.post(f"{server.url}/schedule.json", data=job, auth=login, timeout=10).status_code == 401


@pytest.mark.parametrize("missing", ["SCRAPYD_USERNAME", "SCRAPYD_PASSWORD"])
def test_it_does_not_start_without_user_or_password(server: Scrapyd, tmp_path: Path, missing: str) -> None:
    line = [str(ROOT / "deploy/start-scrapyd")]
    done = subprocess.run(
        line, cwd=tmp_path, env=server.environment | {missing: ""}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, files(tmp_path)) == (2, "", set())
    assert done.stderr == (
        "start-scrapyd: SCRAPYD_USERNAME and SCRAPYD_PASSWORD must be set: who reaches Scrapyd can run code here\n"
    )


def test_the_health_check_is_of_scrapyd_and_its_password(server: Scrapyd) -> None:
    line = [sys.executable, str(ROOT / "deploy/healthy.py")]
    given = server.environment
    assert subprocess.run(line, env=given, capture_output=True, check=False).returncode == 0
    assert subprocess.run(line, env=given | {"SCRAPYD_PASSWORD": "x"}, capture_output=True, check=False).returncode == 1
    assert (
        subprocess.run(line, env=given | {"SCRAPYD_HTTP_PORT": "1"}, capture_output=True, check=False).returncode == 1
    )


def test_every_spider_runs_from_the_egg_and_its_verdict_is_found_by_the_job(
    server: Scrapyd, blog: Server, output: Path
) -> None:
    importable = [sys.executable, "-c", "import engcrawl"]
    assert subprocess.run(importable, cwd=server.folder, env=server.environment, check=False, stderr=-3).returncode == 1
    settings = to(output) | {"ENGCRAWL_REPORT": "yes"}
    job = server.finished(server.schedule("archive", blog.url, settings=settings))
    assert job.status == 0, job.log
    verdict = job.verdict(output)
    assert (verdict["verdict"], verdict["exit_status"], verdict["engcrawl"]) == ("complete", 0, __version__)
    assert verdict["feeds"] == [str(output / "runs" / verdict["feed"])]
    assert Crawl(0, "", output).posts == newest_first(list(blog.blog.truth(rest=True)))
    assert f"Verdict: complete (exit status 0): {verdict['reason']}\n" in job.log
    assert f"Verdict written: {output}/runs/{verdict['run']}.json\n" in job.log
    assert f"Report: {output}/report.html\n" in job.log
    job = server.finished(server.schedule("inventory", blog.url, settings=to(output)))
    assert job.status == 0, job.log
    assert [job.verdict(output)[key] for key in ("spider", "verdict")] == ["inventory", "complete"]
    assert {path.name for path in output.iterdir()} == {
        "report.html",
        "archive.db", "archive.db.lock", "posts.jsonl", "run.lock", "runs"
    }  # fmt: skip
    beside = {path.name for path in server.folder.iterdir()}
    assert beside == {"dbs", "eggs", "home", "logs", "scrapyd.conf", "scrapyd.log"}


def test_browser_walks_work_there_too(server: Scrapyd, blog: Server, output: Path) -> None:
    arguments = ("pagination=browser", "categories=machine-learning", "articles=no")
    job = server.finished(server.schedule("archive", blog.url, *arguments, settings=to(output)))
    assert job.status == 0, job.log
    (category,) = job.verdict(output)["categories"]
    assert [category[key] for key in ("slug", "pagination", "end")] == ["machine-learning", "browser", "last page"]
    assert category["walked"] == category["pages"] == blog.blog.pages("machine-learning") > 1
    wanted = {blog.blog.id_of(index) for index in blog.blog.listing("machine-learning")}
    assert {post["id"] for post in Crawl(0, "", output).posts} == wanted


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["max_pages=many"], {"ENGCRAWL_OUTPUT": "/nowhere"}, "archive: argument max_pages=many: must be a whole "),
        ([], {}, "setting ENGCRAWL_OUTPUT=output: must be an absolute path under Scrapyd, in Scrapyd's environment or"),
        ([], {"ENGCRAWL_OUTPUT": "here"}, "setting ENGCRAWL_OUTPUT=here: must be an absolute path under Scrapyd, in "),
    ],
)
def test_a_job_that_can_not_begin_says_why_in_its_log(
    server: Scrapyd, unused_port: int, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    site = f"http://127.0.0.1:{unused_port}"
    job = server.finished(server.schedule("archive", site, *arguments, settings=settings))
    assert job.status == 2
    (line,) = job.log.splitlines()
    assert f" ERROR: Verdict: usage (exit status 2): {said}" in line
    assert not (server.folder / "output").exists()
    assert not (server.folder / "here").exists()


@pytest.mark.parametrize("signal", [None, "TERM"])
def test_overlapping_jobs_end_locked_and_a_cancelled_one_stopped(
    server: Scrapyd, blog: Server, output: Path, signal: str | None
) -> None:
    blog.requests.clear()
    first = server.schedule("archive", blog.url, settings=SLOW | to(output))
    wait("the first job's first requests", lambda: len(blog.requests) > 5)
    with server.paused(first):
        second = server.finished(server.schedule("archive", blog.url, settings=to(output)))
    assert second.status == 4
    said = f"Verdict: locked (exit status 4): another run works on {output}: pid "
    assert second.log.count(said) == 1
    form = {"project": PROJECT, "job": first} | ({"signal": signal} if signal else {})
    answer = requests.post(f"{server.url}/cancel.json", data=form, auth=(USERNAME, PASSWORD), timeout=10).json()
    assert (answer["status"], answer["prevstate"]) == ("ok", "running")
    job = server.finished(first)
    assert job.status == 5
    assert job.verdict(output)["verdict"] == "stopped"
    assert len(list((output / "runs").glob("archive-*.json"))) == 1


def test_a_job_goes_on_as_it_began_while_another_version_is_deployed(
    server: Scrapyd, blog: Server, output: Path, tmp_path: Path
) -> None:
    (egg,) = (server.folder / "eggs" / PROJECT).iterdir()
    before = egg.read_bytes()
    blog.requests.clear()
    running = server.schedule("archive", blog.url, settings=SLOW | to(output))
    wait("the job's first requests", lambda: len(blog.requests) > 5)
    newer = checkout(tmp_path / "engcrawl")
    (newer / "engcrawl/__init__.py").write_text(f'"""Newer."""\n\n__version__ = "{LATER}"\n')
    with server.paused(running):
        status, answer = deploy(newer, server)
    assert (status, answer["spiders"]) == (0, 2)
    versions = server.client.versions(PROJECT)
    try:
        after = server.finished(server.schedule("inventory", blog.url, settings=to(tmp_path / "after")))
        job = server.finished(running)
    finally:
        server.client.delversion(PROJECT, versions[-1])
    assert [re.sub(r"^\d+-", "", version) for version in versions] == [
        version.replace(".", "_") for version in (__version__, LATER)
    ]
    assert egg.read_bytes() == before
    assert job.status == 0, job.log
    assert job.verdict(output)["engcrawl"] == __version__
    assert Crawl(0, "", output).posts == newest_first(list(blog.blog.truth(rest=True)))
    assert after.verdict(tmp_path / "after")["engcrawl"] == LATER


def test_a_deployment_that_scrapyd_can_not_run_fails(server: Scrapyd, tmp_path: Path) -> None:
    broken = checkout(tmp_path / "engcrawl")
    (broken / "engcrawl/settings.py").write_text("import nothing_of_that_name\n")
    status, answer = deploy(broken, server)
    assert server.client.delversion(PROJECT, server.client.versions(PROJECT)[-1])["status"] == "ok"
    assert (status, answer["status"]) == (2, "error")
    assert "No module named 'nothing_of_that_name'" in answer["message"]


def test_the_schedulers_job_is_the_archive(
    server: Scrapyd, blog: Server, tree: Path, output: Path, tmp_path: Path
) -> None:
    text = (ROOT / "deploy/schedule.yaml").read_text()
    before = {job["id"] for job in server.client.jobs(PROJECT)["finished"]}
    arguments = (
        f"--target test --arg site={blog.url} --arg setting=ENGCRAWL_OUTPUT={output} --arg setting=DOWNLOAD_DELAY=0"
    )
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text(text.replace("--target compose", arguments).replace('"17 3 * * *"', '"@reboot"'))
    line = [str(Path(sys.executable).parent / "cronstable"), "-c", str(schedule)]
    with subprocess.Popen(line, cwd=tree, env=server.environment, stdout=-1, stderr=subprocess.STDOUT) as process:
        try:
            new = wait("the job", lambda: [job["id"] for job in server.client.jobs(PROJECT)["running"]])
        finally:
            process.kill()
    assert before.isdisjoint(new)
    (job,) = map(server.finished, new)
    assert job.status == 0, job.log
    assert [job.verdict(output)[key] for key in ("spider", "verdict")] == ["archive", "complete"]


def test_with_items_dir_scrapyds_file_is_the_runs_feed_and_no_deletion_reaches_the_archive(
    serve: Serve, output: Path, tree: Path, tmp_path: Path
) -> None:
    blog = serve(posts=60)
    items = tmp_path / "items"
    build_as_the_image_does(tree, tmp_path / "scrapyd")
    options = f"items_dir = {items}\njobs_to_keep = 1\n"
    with scrapyd(tmp_path / "scrapyd", to(output), options) as other:
        first = other.finished(other.schedule("archive", blog.url))
        feed = items / PROJECT / "archive" / f"{first.entry['id']}.jl"
        found = records(feed, feed=True)
        assert by_id(found) == by_id(list(blog.blog.truth(rest=True)))
        assert [json.loads(line) for line in first.get(first.entry["items_url"]).splitlines()] == [
            json.loads(line) for line in feed.read_text().splitlines()
        ]
        before = first.verdict(output)
        assert (before["feed"], before["feeds"], before["verdict"]) == (None, [feed.as_uri()], "complete")
        second = other.finished(other.schedule("archive", blog.url))
        third = other.finished(other.schedule("archive", blog.url))
        assert (second.status, third.status) == (0, 0), second.log + third.log
        kept = {second.entry["id"], third.entry["id"]}  # Scrapyd keeps one more: it deletes before a job, not after it
        assert {path.stem for path in feed.parent.iterdir()} == kept
        assert {path.stem for path in (other.folder / "logs" / PROJECT / "archive").iterdir()} == kept
        assert first.verdict(output) == before
        assert {job.verdict(output)["verdict"] for job in (second, third)} == {"complete"}
        assert Crawl(0, "", output).posts == newest_first(list(blog.blog.truth(rest=True)))
