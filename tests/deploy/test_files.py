"""The deployment's files, by the programs that read them: each as far as it can be tried without its service."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.folders import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
BIN = Path(sys.executable).parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
MADE_BY_HAND = {"deploy/.env", "deploy/fleet/.env", "deploy/fleet/blogs.yaml"}
"""Files that pages name and that aren't in the repository: an operator makes them."""
EXPOSURE = 40
"""The most that `systemd-analyze security` may say of a service, in tenths of its points."""


def needs(program: str) -> Callable[..., Any]:
    """Skip where a program isn't there: none of them is needed to crawl."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


def run(*line: str | Path, **options: Any) -> tuple[int, str]:
    """A program's exit status, and what it printed."""
    done = subprocess.run(line, stdout=-1, stderr=-2, text=True, check=False, **options)
    return done.returncode, done.stdout


def unit(name: str) -> ConfigParser:
    """A systemd unit; of a key that stands in it twice, the last."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters=["="])
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read(DEPLOY / "systemd" / name)
    return parser


# cron


@pytest.mark.parametrize("status", [0, 3])
def test_the_crontabs_line_prints_something_only_where_the_run_is_not_complete(tmp_path: Path, status: int) -> None:
    lines = [each for each in (DEPLOY / "crontab").read_text().splitlines() if not each.startswith("#")]
    *environment, line = lines
    assert "%" not in line  # cron makes a new line of it
    assert all(re.fullmatch(r"[A-Z_]+=\S+", each) for each in environment)
    scrapy = tmp_path / ".venv/bin/scrapy"
    scrapy.parent.mkdir(parents=True)
    scrapy.write_text(f'#!/bin/sh\necho "$PWD $*"\nexit {status}\n')
    scrapy.chmod(0o755)
    job = line.split(None, 5)[5].replace("/opt/engcrawl", str(tmp_path)).replace("/var/log/engcrawl", str(tmp_path))
    printed = subprocess.run(["/bin/sh", "-c", job], capture_output=True, text=True, env={}, check=False)
    log = f"{tmp_path} crawl archive\n"
    assert (tmp_path / "engcrawl.log").read_text() == log
    assert (printed.stdout, printed.stderr) == ("" if status == 0 else f"engcrawl: exit status {status}\n{log}", "")


@needs("crontab")
def test_cron_takes_the_crontab() -> None:
    _, usage = run("crontab", "-h")
    dry_run = "-T" if re.search(r"^\s*-T\b", usage, re.MULTILINE) else "-n"  # cronie's, Debian's
    status, said = run("crontab", dry_run, DEPLOY / "crontab")
    assert status == 0, said


@needs("logrotate")
def test_the_log_is_rotated(tmp_path: Path) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name
    text = (DEPLOY / "logrotate").read_text().replace("/var/log/engcrawl", str(tmp_path))
    text = text.replace("engcrawl engcrawl", f"{me} {me}")
    config = tmp_path / "logrotate"
    config.write_text(text)
    config.chmod(0o644)
    tmp_path.chmod(0o755)
    (tmp_path / "engcrawl.log").write_text("a line\n")
    assert run(shutil.which("logrotate") or "", "--force", "--state", tmp_path / "state", config) == (0, "")
    assert (tmp_path / "engcrawl.log.1").read_text() == "a line\n"
    assert (tmp_path / "engcrawl.log").read_text() == ""
    assert (tmp_path / "engcrawl.log").stat().st_mode & 0o777 == 0o640


# systemd


@needs("systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for path in UNITS:
        (tmp_path / path.name).write_text(
            re.sub(r"/opt/engcrawl/\S+/(scrapy|start-scrapyd)", "/bin/true", path.read_text())
        )
    status, text = run("systemd-analyze", "verify", *sorted(tmp_path.iterdir()))
    said = [line for line in text.splitlines() if str(tmp_path) in line or line.startswith(("engcrawl", "scrapyd"))]
    assert (status, said) == (0, [])


@needs("systemd-analyze")
@pytest.mark.parametrize("name", ["engcrawl.service", "scrapyd.service"])
def test_the_services_are_shut_in(name: str) -> None:
    line = ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE}"]
    status, said = run(*line, DEPLOY / "systemd" / name)
    assert status == 0, said


@pytest.mark.parametrize("name", ["engcrawl.service", "scrapyd.service"])
def test_the_services_write_to_their_own_folders_alone_and_leave_chromium_what_it_needs(name: str) -> None:
    service = dict(unit(name)["Service"])
    assert [service[key] for key in ("ProtectSystem", "PrivateTmp", "NoNewPrivileges", "UMask")] == [
        "strict", "true", "true", "0027"
    ]  # fmt: skip
    environment = dict(each.split("=", 1) for each in service["Environment"].split())
    folders = {f"%S/{each}" for each in service["StateDirectory"].split()}
    assert environment["ENGCRAWL_OUTPUT"] in folders
    assert environment["HOME"] == f"%C/{service['CacheDirectory']}"  # Chromium's own files
    assert service["RestrictNamespaces"].split() == ["user", "pid", "net"]  # its sandbox
    assert "MemoryDenyWriteExecute" not in service  # its JavaScript
    assert "ReadWritePaths" not in service


def test_both_services_are_shut_in_alike() -> None:
    kept = re.compile(r"Protect|Private|Restrict|UMask|NoNew|Capab|Lock|SystemCall")
    first, second = (
        {key: value for key, value in unit(name)["Service"].items() if kept.match(key)}
        for name in ("engcrawl.service", "scrapyd.service")
    )
    assert first == second


def test_a_run_that_was_not_complete_is_mailed(tmp_path: Path) -> None:
    assert unit("engcrawl.service")["Unit"]["OnFailure"] == "engcrawl-mail.service"
    service = unit("engcrawl-mail.service")["Service"]
    script = re.fullmatch(r"/bin/sh -c '(.*)'", service["ExecStart"])
    assert script is not None
    for name, text in {"journalctl": 'echo "the log of $*"', "mail": 'printf "%s," "$@" >sent; cat >>sent'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    line = ["/bin/sh", "-c", script.group(1).replace("$$", "$").replace("%H", "host")]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MAILTO": "you@example.com"}
    assert run(*line, cwd=tmp_path, env=environment) == (0, "")
    assert (tmp_path / "sent").read_text() == (
        "-s,engcrawl on host: not complete,you@example.com,the log of --unit engcrawl.service --lines 40 --no-pager\n"
    )
    assert run(*line, cwd=tmp_path, env=environment | {"MAILTO": ""})[0] != 0


# Scrapyd and containers


def test_scrapyd_listens_on_loopback_and_its_configuration_has_no_password() -> None:
    config = ConfigParser()
    config.read(DEPLOY / "scrapyd.conf")
    options = dict(config["scrapyd"])
    assert (options["bind_address"], options["items_dir"]) == ("127.0.0.1", "")
    assert options.keys().isdisjoint({"username", "password"})


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    assert run(BIN / "hadolint", "--no-color", DEPLOY / "Dockerfile") == (0, "")


def test_the_image_has_all_it_is_made_of_runs_as_nobody_special_and_is_watched() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    steps = re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)", text, re.MULTILINE)
    value = dict(steps)  # the last of each
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", value["FROM"])
    assert value["USER"] == re.search(r"useradd --uid (\d+)", text).group(1)  # type: ignore[union-attr]
    for copied in (given for name, given in steps if name == "COPY"):
        assert all((ROOT / source).exists() for source in copied.split()[:-1])
    for path in re.findall(r"/opt/engcrawl/(deploy/\S+?)\"", text):
        assert (ROOT / path).is_file()
    assert "/opt/engcrawl/deploy/healthy.py" in value["HEALTHCHECK"]
    assert value["ENTRYPOINT"] == '["/opt/engcrawl/deploy/start-scrapyd"]'
    assert os.access(DEPLOY / "start-scrapyd", os.X_OK)
    sent = {
        line.removeprefix("!") for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if "!" in line
    }
    assert {"deploy", "engcrawl", "pyproject.toml", "requirements.txt", "scrapy.cfg", "setup.py"} <= sent
    assert all((ROOT / name).exists() for name in sent)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("compose-spec", "deploy/compose.yaml"),
        ("github-workflows", ".github/workflows/tests.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/blog_not_read.yml"),
    ],
)
def test_a_file_is_as_the_schema_of_its_kind_has_it(schema: str, name: str) -> None:
    line = [str(BIN / "check-jsonschema"), "--builtin-schema", f"vendor.{schema}", name]
    assert run(*line, cwd=ROOT) == (0, "ok -- validation done\n")


def test_compose_publishes_on_loopback_and_does_not_start_without_a_password() -> None:
    compose = YAML(typ="safe").load(DEPLOY / "compose.yaml")
    assert set(compose["services"]) == {"scrapyd", "scheduler"}
    assert compose["services"]["scrapyd"]["ports"] == ["127.0.0.1:6800:6800"]
    assert "ports" not in compose["services"]["scheduler"]
    needed = ("SCRAPYD_USERNAME", "SCRAPYD_PASSWORD", "ENGCRAWL_CONTACT")
    for service in compose["services"].values():
        assert service["environment"] == {name: f"${{{name}:?set it in deploy/.env}}" for name in needed}
        assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    example = re.findall(r"^(\w+)=(.*)$", (DEPLOY / "environment.example").read_text(), re.MULTILINE)
    assert dict.fromkeys((*needed, "MAILTO"), "") == dict(example)
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/.env" in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()


def test_cronstable_takes_the_schedule() -> None:
    assert run(BIN / "cronstable", "--validate-config", "-c", DEPLOY / "schedule.yaml")[0] == 0
    (job,) = YAML(typ="safe").load(DEPLOY / "schedule.yaml")["jobs"]
    assert job["schedule"] == "17 3 * * *"


# Pages


def test_pages_name_every_file_of_the_deployment_and_show_it_as_it_is() -> None:
    docs = "".join(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
    files = {str(path.relative_to(ROOT)) for path in DEPLOY.rglob("*") if path.is_file()}
    unnamed = {name for name in files if f"../{name})" not in docs}
    beside = ("Dockerfile.dockerignore", "healthy.py")  # what no operator touches
    assert unnamed == {f"deploy/{folder}{name}" for name in beside for folder in ("", "fleet/")}
    for page in PAGES:
        text = page.read_text("utf-8")
        for path in re.findall(r"(?<![\w/])deploy/[\w./@-]*\w", text):
            assert (ROOT / path).exists() or path in MADE_BY_HAND, f"{page.name}: {path}"
        for kind, shown in re.findall(r"^```(ini|crontab|dockerfile)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            assert shown in {(ROOT / name).read_text("utf-8") for name in files}, f"{page.name}: {kind}"
