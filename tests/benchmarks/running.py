"""Runs a benchmark as a command, on tiny sizes."""

import json
import subprocess
import sys
from typing import Any

from tests.places import ROOT


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tapewire.benchmarks", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def figures_of(*arguments: str) -> dict[str, Any]:
    done = benchmarks(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def goals_are_whole(figures: dict[str, Any]) -> bool:
    keys = {"name", "found", "unit", "figure", "figure_unit", "met"}
    return figures["faults"] == [] and all(keys < set(goal) for goal in figures["goals"])
