"""The Node client @stoqey/ib trades with the simulator, as ibapi and ib_async do."""

import json
import shutil
import subprocess

import pytest

from tests.places import ROOT

NODE = ROOT / "tests" / "node"


@pytest.fixture
def node():
    found = shutil.which("node")
    if found is None or not (NODE / "node_modules" / "@stoqey" / "ib").is_dir():
        pytest.skip("needs Node and its packages: run `make node`")
    return found


def test_it_finds_a_share_buys_it_and_sells_it(node, run_simulator):
    command = [node, str(NODE / "trade.cjs"), str(run_simulator().port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["errors"] == []
    assert seen["contracts"] == ["TSLA"]
    bought, sold = (sum(n for side, n in seen["fills"] if side == one) for one in ("BOT", "SLD"))
    assert (bought, sold) == (10, 10)
    assert seen["positions"] == [["TSLA", 10]]
