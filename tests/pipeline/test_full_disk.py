"""A real group on a disk that fills: it halts with the reason, nobody dies, and it goes on."""

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

import pytest

from tests.places import ROOT

NAMESPACE = ("unshare", "--map-root-user", "--mount")


def require_namespace() -> None:
    """Skip the test where there can be no disk of its own."""
    try:
        probe = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed: a disk of its own needs a namespace")
    if probe.returncode:
        pytest.skip("no user and mount namespaces here: a disk of its own needs one")


@pytest.fixture
def seen() -> dict[str, Any]:
    """What a group on a disk of its own went through."""
    require_namespace()
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        done = subprocess.run(
            [*NAMESPACE, sys.executable, "-m", "tests.pipeline.full_disk", folder],
            capture_output=True, text=True, cwd=ROOT, check=False, timeout=100,
            env={**os.environ, "TAPEWIRE_SIMULATOR__RATE_PER_S": "300"},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_group_outlives_a_full_disk_halted_and_goes_on_by_itself(seen: dict[str, Any]) -> None:
    assert "bytes free, and 19,779,520 are needed: 5,000,000 to trade" in seen["refused"]
    for name, (state, reason) in seen["short"].items():
        assert (name, state) == (name, "HALTED")
        assert "bytes were free, trading needs 3,000,000; free some space" in reason
    assert seen["halt"]  # risk has written it down, on its reserve
    assert seen["fills_while_full"] <= 2  # exits
    assert seen["state_of_the_executor"] == "ENDED"  # it was killed, and waits for room
    for when in ("pids", "pids_while_full", "pids_afterwards"):
        seen[when].pop("executor")
    assert seen["pids"] == seen["pids_while_full"] == seen["pids_afterwards"]
    assert seen["resumed"]
    assert seen["reserves"] == ["liquidation", "risk"]
    assert seen["faults"] == []
