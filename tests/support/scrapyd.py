"""A real Scrapyd on loopback, started as the deployment starts it, and the project deployed on it from a clean copy."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from scrapyd_client.pyclient import ScrapydClient

from tests.support.crawls import IN_A_HURRY
from tests.support.folders import ROOT

PROJECT = "engcrawl"
USERNAME, PASSWORD = "deployer", "correct horse % $battery"
PATIENCE = 120
"""Seconds until something that should have happened has failed to."""
OWN = {".git", ".venv", "output", "build", "engcrawl.egg-info"}
"""What a clean checkout of the project hasn't got, beside caches."""


def wait(what: str, condition: Callable[[], Any]) -> Any:
    """What *condition* gives, as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.05)
    return found


@dataclass
class Scrapyd:
    """A Scrapyd that runs in *folder*."""

    folder: Path
    port: int
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> ScrapydClient:
        """scrapyd-client's own."""
        return ScrapydClient(self.url, USERNAME, PASSWORD)

    @property
    def log(self) -> str:
        """What Scrapyd itself logs."""
        return (self.folder / "scrapyd.log").read_text()

    def schedule(
        self, spider: str, site: str | None, *arguments: str, settings: dict[str, str] | None = None, hurry: bool = True
    ) -> str:
        """A new job's ID; without pauses, if not told otherwise."""
        given = [tuple(argument.split("=", 1)) for argument in arguments] + ([("site", site)] if site else [])
        for name, value in ((IN_A_HURRY if hurry else {}) | (settings or {})).items():
            given.append(("setting", f"{name}={value}"))
        job: str = self.client.schedule(PROJECT, spider, given)
        return job

    def state(self, job: str) -> str | None:
        """Pending, running or finished."""
        state: str | None = self.client.status(job)["currstate"]
        return state

    @contextmanager
    def paused(self, job: str) -> Iterator[None]:
        """A running job that goes on afterwards, so that what happens meanwhile happens while it runs."""
        (pid,) = [each["pid"] for each in self.client.jobs(PROJECT)["running"] if each["id"] == job]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def finished(self, job: str) -> Job:
        """The job, when it has ended."""
        wait(f"the end of job {job}", lambda: self.state(job) == "finished")
        entry = next(each for each in self.client.jobs(PROJECT)["finished"] if each["id"] == job)
        return Job(self, entry)


@dataclass
class Job:
    """A finished job, as ``listjobs.json`` has it."""

    scrapyd: Scrapyd
    entry: dict[str, Any]

    @property
    def log(self) -> str:
        """Its log, as Scrapyd serves it."""
        return self.get(self.entry["log_url"])

    @property
    def status(self) -> int:
        """Its exit status, which Scrapyd's own log alone tells."""
        line = re.search(rf"Process (finished|died: exitstatus=(\d+)).* job='{self.entry['id']}'", self.scrapyd.log)
        assert line is not None
        return int(line.group(2) or 0)

    def get(self, path: str) -> str:
        """What Scrapyd serves there."""
        response = requests.get(self.scrapyd.url + path, auth=(USERNAME, PASSWORD), timeout=PATIENCE)
        response.raise_for_status()
        response.encoding = "utf-8"
        return response.text

    def verdict(self, output: Path) -> dict[str, Any]:
        """Its verdict, found by its ID."""
        verdicts = [json.loads(path.read_text()) for path in (output / "runs").glob("*-*.json")]
        (found,) = [verdict for verdict in verdicts if verdict["job"] == self.entry["id"]]
        return dict(found)


@contextmanager
def scrapyd(folder: Path, environment: dict[str, str] | None = None, options: str = "") -> Iterator[Scrapyd]:
    """Start Scrapyd in *folder* with deploy/scrapyd.conf; *options* of its configuration come on top."""
    home = folder / "home"
    home.mkdir(parents=True)
    shutil.copy(ROOT / "deploy/scrapyd.conf", folder)
    (home / ".scrapyd.conf").write_text(f"[scrapyd]\npoll_interval = 0.1\nmax_proc = 4\n{options}\n")
    others = ("ENGCRAWL_OUTPUT", "ENGCRAWL_STATE", "SCRAPY", "PYTHON", "MAKE")
    given = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    browsers = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", str(Path.home() / ".cache/ms-playwright"))
    given |= {
        "HOME": str(home),
        "PLAYWRIGHT_BROWSERS_PATH": browsers,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SCRAPYD_USERNAME": USERNAME,
        "SCRAPYD_PASSWORD": PASSWORD,
        "SCRAPYD_HTTP_PORT": str(_free_port()),
    } | (environment or {})
    with (folder / "scrapyd.log").open("w") as log:
        process = subprocess.Popen(
            [ROOT / "deploy/start-scrapyd"], cwd=folder, env=given, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    started = Scrapyd(folder, int(given["SCRAPYD_HTTP_PORT"]), given)
    (home / ".scrapy.cfg").write_text(f"[deploy:test]\nurl = {started.url}\n")
    try:
        wait("Scrapyd", lambda: process.poll() is not None or "Site starting on" in started.log)
        assert process.poll() is None, started.log
        yield started
        for job in started.client.jobs(PROJECT)["running"] if (folder / "eggs" / PROJECT).exists() else []:
            os.kill(job["pid"], signal.SIGKILL)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def checkout(folder: Path) -> Path:
    """A copy of the project as a clean checkout has it."""
    return Path(shutil.copytree(ROOT, folder, ignore=_not_ours))


def _not_ours(folder: str, names: list[str]) -> set[str]:
    return {
        name
        for name in names
        if name in OWN or name == "__pycache__" or name.endswith("_cache") or (folder, name) == (str(ROOT), "tests")
    }


def files(folder: Path) -> set[str]:
    """The files below *folder*."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def deploy(tree: Path, server: Scrapyd) -> tuple[int, dict[str, Any]]:
    """``make deploy`` there; its exit status, and what Scrapyd answers."""
    venv = tree.parent / "venv"
    if not venv.exists():  # where all is installed already
        venv.mkdir()
        (venv / "bin").symlink_to(Path(sys.executable).parent)
        (venv / "deploy").touch()
    line = ["make", "--no-print-directory", "deploy", "TARGET=test", f"VENV={venv}"]
    done = subprocess.run(line, cwd=tree, env=server.environment, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def build_as_the_image_does(tree: Path, folder: Path) -> None:
    """Run the Dockerfile's step that builds the egg, with *folder* in the place of Scrapyd's."""
    step = re.search(r"^RUN (scrapyd-deploy (?:.*\\\n)*.*)$", (tree / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert step is not None
    eggs = folder / "eggs" / PROJECT
    eggs.mkdir(parents=True)
    line = step.group(1).replace("/var/lib/scrapyd", str(folder))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(["/bin/sh", "-c", line], cwd=tree, env={"PATH": path}, check=True, capture_output=True)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
