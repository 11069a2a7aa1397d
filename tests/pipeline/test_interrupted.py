"""Interrupted or killed, pytest leaves no process of a group behind."""

import os
import signal
import subprocess
import sys
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


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_group_whose_pytest_ends(tmp_path, number: signal.Signals):
    (tmp_path / "test_waits.py").write_text(WAITS)
    told = tmp_path / "told"
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider",
        "--import-mode=importlib", "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path),
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TOLD": str(told), "TMPDIR": str(tmp_path)},
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
