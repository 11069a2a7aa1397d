"""The unmodified `project-x-py` trades on the simulated Gateway: nobody here wrote it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tapewire.gateway.projectx import link
from tapewire.simulator.projectx.__main__ import COMMAND, HOST, PORT
from tests.markdown import blocks
from tests.places import ROOT, SDK

PAGE = ROOT / "docs" / "projectx.md"
SCRIPT, REFUSED = (Path(__file__).with_name(f"sdk_{name}.py") for name in ("trade", "turned_away"))


@pytest.fixture
def sdk():
    if not SDK.exists():
        pytest.skip("needs project-x-py and Python 3.12: run `make projectx`")
    return SDK


TURNED_AWAY = """
[[faults]]
what = "limited"
path = "/Order/place"

[[faults]]
what = "expired_token"
on_order = 2
"""


@pytest.fixture
def url(request, tmp_path):
    command = [sys.executable, "-m", "tapewire.simulator.projectx", "--port", "0"]
    if hasattr(request, "param"):
        scenario = tmp_path / "scenario.toml"
        scenario.write_text(request.param)
        command += ["--scenario", str(scenario)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def test_the_page_s_client_is_one_of_its_address(sdk, url):
    [example] = [b for b in blocks(PAGE) if b.language == "python"]
    code = example.text.replace("http://127.0.0.1:7499", url)
    session = "async def log_in():\n    async with client:\n        await client.authenticate()\n"
    session += "    print(client.account_info.name)\nimport asyncio; asyncio.run(log_in())\n"
    done = subprocess.run(
        [str(sdk), "-W", "ignore", "-c", f"{code}\n{session}"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == ["PRAC1"], done.stderr[-3000:]


def test_the_page_s_command_is_that_of_the_address():
    [command] = [b.text.strip() for b in blocks(PAGE) if b.language == "sh"]
    assert command == COMMAND
    assert f"http://{HOST}:{PORT}" in PAGE.read_text()


def test_it_looks_trades_and_listens(sdk, url):
    done = subprocess.run(
        [str(sdk), "-W", "ignore", str(SCRIPT), url],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    counts = found.pop("counts")
    assert found.pop("bars") > 200
    assert found == {
        "account": [1001, "PRAC1"],
        "ping": "pong",
        "instrument": ["CON.F.US.MNQ.Z26", "MNQZ6", 0.25],
        "names": ["MNQZ6", "MESZ6"],
        "modified": True,
        "waiting": [3, -51.0, "intent-1"],
        "again": "Custom tag is already in use: it must be unique across the account.",
        "cancelled": True,
        "open": 0,
        "held": [[3, True]],
        "left": 0,
        "trades": [[0, 3, True], [1, 1, False], [1, 2, False]],
        "paid": [True, True],
        "last": 0,
        "statuses": [1, 1, 3, 1, 2, 1, 2, 1, 2],
    }
    assert (counts["trade_execution"], counts["position_update"]) == (3, 3)
    assert counts["quote_update"] > 0
    assert counts["market_depth"] > 0


@pytest.mark.parametrize("url", [TURNED_AWAY], indirect=True, ids=["scenario"])
def test_what_is_turned_away_is_called_uncertain_in_the_words_that_the_link_knows(sdk, url):
    done = subprocess.run(
        [str(sdk), "-W", "ignore", str(REFUSED), url],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    limited, expired, orders = json.loads(done.stdout.splitlines()[-1])
    assert link.LIMITED in limited
    assert link.EXPIRED in expired
    assert orders == 0, "neither was looked at"
