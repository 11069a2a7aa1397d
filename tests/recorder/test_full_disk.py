"""A recording on a real disk that fills: what was whole stays, the rest is a hole."""

import json
import subprocess
import sys
from pathlib import Path

from tests.pipeline.test_full_disk import NAMESPACE, require_namespace
from tests.places import ROOT


def test_a_full_disk_costs_what_came_while_it_was_full_and_nothing_else(tmp_path: Path):
    require_namespace()
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.recorder.small_disk", str(tmp_path)],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    halted = "not recording: the disk does not take it: No space left on device"
    assert found["states"] == [["READY", ""], ["HALTED", halted]]
    assert found["last"] == ["READY", ""]
    assert found["while_full"]
    assert found["compacted"]
    assert found["ticks"] > 5_000
    assert found["missing"] == found["unrecorded"] > 100
