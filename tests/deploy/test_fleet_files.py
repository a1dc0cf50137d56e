"""The files of a fleet's deployment, by the programs that read them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.folders import ROOT

FLEET = ROOT / "deploy/fleet"
UNIT = FLEET / "engcrawl-worker@.service"
BIN = Path(sys.executable).parent
EXPOSURE = 40
"""The most that `systemd-analyze security` may say of a service, in tenths of its points."""


def run(*line: str | Path) -> tuple[int, str]:
    """A program's exit status, and what it printed."""
    done = subprocess.run(line, stdout=-1, stderr=-2, text=True, check=False, cwd=ROOT)
    return done.returncode, done.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_the_workers_unit_and_it_is_shut_in(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/engcrawl/.venv/bin/scrapy", "/bin/true"))
    status, text = run("systemd-analyze", "verify", unit)
    assert (status, [line for line in text.splitlines() if "engcrawl" in line]) == (0, [])
    line = ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE}"]
    assert run(*line, unit)[0] == 0


def test_the_workers_unit_starts_it_again_and_stops_it_once() -> None:
    parser = ConfigParser(strict=False, interpolation=None, delimiters=["="])
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read(UNIT)
    service = parser["Service"]
    assert (service["Restart"], service["KillMode"]) == ("always", "mixed")
    assert int(service["TimeoutStopSec"]) > 120  # in which a crawl that is stopped may end
    alone = ConfigParser(strict=False, interpolation=None, delimiters=["="])
    alone.optionxform = str  # type: ignore[method-assign, assignment]
    alone.read(ROOT / "deploy/systemd/engcrawl.service")
    kept = re.compile(r"Protect|Private|Restrict[ARNS]|UMask|NoNew|Capab|Lock|SystemCall")
    own, other = ({k: v for k, v in one.items() if kept.match(k)} for one in (service, alone["Service"]))
    assert {k: v for k, v in own.items() if k != "RestartSec"} == other


def test_compose_is_as_its_schema_has_it_and_publishes_no_port() -> None:
    schema: list[str | Path] = [
        BIN / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        "deploy/fleet/compose.yaml",
    ]
    assert run(*schema) == (0, "ok -- validation done\n")
    services = YAML(typ="safe").load(FLEET / "compose.yaml")["services"]
    assert set(services) == {"postgres", "setup", "worker"}
    assert not any("ports" in service for service in services.values())
    assert services["worker"]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    assert services["setup"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["worker"]["stop_grace_period"] == "3m"
    for name in ("setup", "worker"):
        assert (services[name]["cap_drop"], services[name]["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    example = dict(re.findall(r"^(\w+)=(.*)$", (FLEET / "environment.example").read_text(), re.MULTILINE))
    assert set(example.values()) == {""}
    assert {"ENGCRAWL_CONTACT", "POSTGRES_PASSWORD", "ENGCRAWL_PUBLISH"} <= set(example)
    for ignored in ("/deploy/fleet/.env", "/deploy/fleet/blogs.yaml"):
        assert ignored in (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/fleet/.env" in (FLEET / "Dockerfile.dockerignore").read_text().splitlines()


def test_the_image_is_built_from_what_is_there() -> None:
    assert run(BIN / "hadolint", FLEET / "Dockerfile") == (0, "")
    lines = (FLEET / "Dockerfile.dockerignore").read_text().splitlines()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert {"deploy", "engcrawl", "requirements.txt", "scrapy.cfg"} <= sent
    assert all((ROOT / name).exists() for name in sent)


def test_kubernetes_takes_the_manifests() -> None:
    status, said = run(BIN / "kubernetes-validate", "--strict", FLEET / "kubernetes.yaml")
    assert status == 0, said
    found = {one["kind"]: one for one in YAML(typ="safe").load_all(FLEET / "kubernetes.yaml")}
    assert set(found) == {"Secret", "ConfigMap", "Deployment", "PodDisruptionBudget"}
    deployment = found["Deployment"]["spec"]
    assert found["PodDisruptionBudget"]["spec"]["selector"] == deployment["selector"]
    pod = deployment["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 120
    assert [one["args"] for one in (*pod["initContainers"], *pod["containers"])] == [["--setup"], ["--jobs", "8"]]
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["envFrom"] == [{"secretRef": {"name": found["Secret"]["metadata"]["name"]}}]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["volumes"][1]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
