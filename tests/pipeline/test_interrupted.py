"""Interrupted or killed, pytest leaves no process of a group behind."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import warden
from tests.places import ROOT
from tests.waiting import wait_for

WAITS = """
import os
import time
from pathlib import Path

def test_that_waits(running):
    running.until(lambda: all(running.pids().values()), "all processes to run")
    told = Path(os.environ["TOLD"])
    told.with_suffix(".partial").write_text(f"{os.environ['TESTS_STARTED_BY']} {running.run_dir}")
    told.with_suffix(".partial").rename(told)
    time.sleep(600)
"""
GROUP_SIZE = 8  # with supervisord


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, since a run directory of the tests is in it."""
    with tempfile.TemporaryDirectory(prefix="tw-") as path:
        yield Path(path)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGINT, 0),
        (signal.SIGKILL, 1),
        pytest.param(signal.SIGTERM, 0, marks=pytest.mark.soak),
        pytest.param(signal.SIGKILL, 0, marks=pytest.mark.soak),
        pytest.param(signal.SIGINT, 1, marks=pytest.mark.soak),
        pytest.param(signal.SIGTERM, 1, marks=pytest.mark.soak),
    ],
)
def test_nothing_is_left_of_a_group_whose_pytest_ends(
    folder: Path, number: signal.Signals, workers: int
):
    (folder / "test_waits.py").write_text(WAITS)
    told = folder / "told"
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider",
        "--import-mode=importlib", "-c", os.devnull, "--rootdir", str(folder), str(folder),
        "-n", str(workers),
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TOLD": str(told), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        wait_for(lambda: told.exists() or process.poll() is not None, "the group", 60)
        assert process.poll() is None, process.stdout.read()
        mark = told.read_text().split()[0]
        assert len(warden.marked(mark)) >= GROUP_SIZE
        process.send_signal(number)
        process.communicate(timeout=60)
    wait_for(lambda: not warden.marked(mark), "the processes to end", 30)
