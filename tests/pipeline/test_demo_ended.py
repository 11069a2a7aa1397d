"""A demo that is ended from outside leaves none of its group's processes."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.runtime import statuses
from tests.pipeline.running import alive
from tests.places import ROOT
from tests.waiting import wait_for

TICK_NS = 1_700_000_000_000_000_000


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A short path, as a socket's name has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tw-") as path:
        yield Path(path) / "r"


def pids(run_dir: Path) -> list[int]:
    """The supervisor of the group and its processes, once some are there."""
    found = [one["pid"] for one in statuses.read(run_dir).values() if one["pid"]]
    file = run_dir / "supervisord.pid"
    return [int(file.read_text()), *found] if len(found) >= 3 and file.exists() else []


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.soak),
        pytest.param(signal.SIGHUP, marks=pytest.mark.soak),
    ],
)
def test_a_demo_that_is_ended_takes_its_group_with_it(run_dir, tmp_path, monkeypatch, number):
    ticks = tmp_path / "t.csv"
    rows = (f"{TICK_NS + n * 10**9},AAA,9,10,1,1\n" for n in range(600))
    ticks.write_text("ts_ns,symbol,bid,ask,bid_size,ask_size\n" + "".join(rows))
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(run_dir))
    command = [sys.executable, "-m", "tapewire.console.cli", "demo", "--ticks", str(ticks)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as demo:
        group = wait_for(lambda: pids(run_dir), "the group", 60)
        demo.send_signal(number)
        _, said = demo.communicate(timeout=60)
    try:
        wait_for(lambda: not any(map(alive, group)), "the end of the group", 40)
    finally:
        for pid in filter(alive, group):
            os.kill(pid, signal.SIGKILL)
    assert demo.returncode != 0
    assert ("stopping" in said) is (number != signal.SIGKILL), "where it can, it stops it itself"
