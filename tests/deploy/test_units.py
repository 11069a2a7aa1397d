"""The files of deploy/ for systemd and for containers name what is there, and do what they say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.places import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DOCKERFILE = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
UNIT = DEPLOY / "tapewire.service"


def steps(instruction: str) -> list[str]:
    """What follows each instruction of that kind in the Dockerfile, a continued one in one line."""
    return re.findall(rf"^{instruction} (.*)$", DOCKERFILE, re.MULTILINE)


def test_no_base_image_is_of_a_registry_that_is_named_or_of_a_fixed_digest():
    images = [*steps("FROM"), *(s["image"] for s in COMPOSE["services"].values() if "image" in s)]
    assert len(images) == 3
    assert [one for one in images if "." in one.partition("/")[0].partition(":")[0]] == []
    assert [one for one in images if "@" in one] == []


def test_the_image_installs_what_is_locked_and_leaves_no_source():
    (installs, _) = steps("RUN")
    locks = re.findall(r"-r (\S+)", installs)
    assert [one for one in locks if not (ROOT / one).is_file()] == []
    assert installs.count("--require-hashes") == 2
    assert "rm -rf /opt/tapewire/source" in installs


def test_what_compose_mounts_is_there():
    mounts = [one for s in COMPOSE["services"].values() for one in s.get("volumes", [])]
    paths = [one.partition(":")[0] for one in mounts if not one.startswith("${DESK")]
    assert [one for one in paths if not (DEPLOY / one).is_dir()] == []
    assert (DEPLOY / COMPOSE["services"]["group"]["build"]["dockerfile"]).name == "Dockerfile"


def test_prometheus_and_grafana_find_what_they_are_given():
    (config,) = [c for c in COMPOSE["services"]["prometheus"]["command"] if "config.file" in c]
    assert config.endswith("/etc/tapewire/deploy/prometheus.yml")
    targets = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]
    assert targets["file_sd_configs"][0]["files"] == ["../run/targets/*.json"]
    boards = yaml.safe_load(
        (DEPLOY / "grafana" / "provisioning" / "dashboards" / "tapewire.yml").read_text()
    )
    folder = boards["providers"][0]["options"]["path"]
    assert f"./grafana:{folder}:ro" in COMPOSE["services"]["grafana"]["volumes"]


def test_only_the_group_is_given_journals_and_tokens():
    """Whatever else runs gets of the run directory the folder that it reads, and nothing more."""
    mounts = {
        name: [one for one in s.get("volumes", []) if one.startswith("${DESK")]
        for name, s in COMPOSE["services"].items()
    }
    folders = {name: [one.partition("}")[2] for one in mounted] for name, mounted in mounts.items()}
    assert folders == {
        "group": [":/desk"],
        "prometheus": [
            "/run/targets:/etc/tapewire/run/targets:ro",
            "/prometheus:/prometheus",
        ],
        "grafana": [],
    }


def test_nothing_in_the_containers_listens_beyond_loopback():
    services = COMPOSE["services"]
    assert {name: s["network_mode"] for name, s in services.items()} == dict.fromkeys(
        services, "host"
    )
    assert "--web.listen-address=127.0.0.1:9090" in services["prometheus"]["command"]
    assert services["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path):
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT.read_text(), flags=re.M)
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace("User=trader", "User=root"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert unit.name not in verified.stderr, verified.stderr
    assert verified.returncode == 0


@pytest.mark.soak
def test_the_steps_of_the_image_make_a_tapewire_that_runs(tmp_path: Path):
    source, home = tmp_path / "source", tmp_path / "python"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(source)], check=True)
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    installs = steps("RUN")[0].replace("/opt/tapewire/source", str(source))
    found = f"PATH={home}/bin:$PATH; {installs}"
    subprocess.run(["bash", "-euc", found], cwd=source, check=True)
    shown = subprocess.run(
        [home / "bin" / "tapewire", "--version"], capture_output=True, text=True, check=False,
        cwd=tmp_path,
    )  # fmt: skip
    assert not source.exists()
    assert shown.stdout.startswith("tapewire ")
