"""Every command in README runs as it is written."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.strip()]
TOML = re.search(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = re.search(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run(command: str) -> subprocess.CompletedProcess[str]:
    """A line of README, with the command line of this environment for the installed one."""
    words = shlex.split(command)
    if words[0].endswith("tapewire"):
        words = [sys.executable, "-m", "console.cli", *words[1:]]
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False, timeout=120)


def test_the_session_by_hand_runs_line_by_line(run_dir):
    by_hand = [c for c in COMMANDS if not c.startswith("make")]
    assert len(by_hand) > 5
    for command in by_hand:
        found = run(command)
        assert found.returncode == 0, f"{command}: {found.stdout}{found.stderr}"


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make")])
def test_each_make_target_of_readme_does_what_it_says(command):
    """What `make run` and `make test` start is tested by itself; here, that they start it."""
    found = run(f"{command} --dry-run --assume-old=.venv/.stamp")
    assert found.returncode == 0, found.stderr
    started = {"make run": ".venv/bin/tapewire run", "make test": ".venv/bin/python -m pytest"}
    assert started[command] in found.stdout


def test_every_command_in_the_tables_exists():
    named = set(re.findall(r"`tapewire ([a-z]+)", README))
    assert {"up", "down", "run", "demo", "halt", "resume", "flatten", "status"} <= named
    for name in sorted(named):
        assert run(f"tapewire {name} --help").returncode == 0, name


def test_the_strategy_of_readme_trades_in_the_demo(tmp_path, monkeypatch):
    assert PYTHON
    assert TOML
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "dip.py").write_text(PYTHON[1])
    config = tmp_path / "tapewire.toml"
    config.write_text(TOML[1])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(config))
    ticks = tmp_path / "ticks.csv"
    ticks.write_text(_falling_and_rising())
    found = run(f"tapewire demo --ticks {shlex.quote(str(ticks))} --speed max --json")
    assert found.returncode == 0, found.stderr + found.stdout
    assert '"signals": 0' not in found.stdout


def _falling_and_rising() -> str:
    lines = ["ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"]
    for n in range(400):
        price = 100 - (n % 100) / 50
        ts_ns = 1_700_000_000_000_000_000 + n * 10_000_000
        lines.append(f"{ts_ns},AAA,{price:.2f},{price + 0.01:.2f},500,500,,")
    return "\n".join(lines) + "\n"


def test_every_link_of_readme_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / Path(target)).exists(), target
