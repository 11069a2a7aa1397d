"""The risk daemon watches an account at ProjectX in which only a stranger trades, by project-x-py
itself: a group of real processes without a strategy."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.config import tws_address
from tapewire.common.events import FlattenCompleted, RiskHalted, RiskViolation
from tapewire.console.group.supervisor import Group
from tests.pipeline.projectx import MNQZ6
from tests.pipeline.running import Running
from tests.places import SDK

pytestmark = pytest.mark.soak
STRANGER = Path(__file__).with_name("sdk_stranger.py")
CONTRACT = "CON.F.US.MNQ.Z26"
GROUP = f"""
strategies = []

[simulator]
enabled = true
{MNQZ6}
[[gateways]]
name = "px"
kind = "projectx"
accounts = ["1001"]
python = "{SDK}"
"""
RULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "MaxContracts": ("limit = 3", ("buy", "4")),
    "MaxOrderSize": ("limit = 5", ("rest", "6")),
    "NoStopLossGrace": ("grace_ms = 1000", ("buy", "1")),
    "TradeFrequencyLimit": ('limit = 1\nper = "minute"', ("buy", "1", "buy", "1")),
    "UnrealizedLoss": ("limit = 1", ("buy", "20")),
}
"""Rules with their parameters, and what the stranger does to break each."""


def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str) -> Running:
    file = tmp_path / "tapewire.toml"
    parameters = RULES[rule][0]
    file.write_text(
        f'{GROUP}\n[[risk.rules]]\nrule = "{rule}"\nenforcement = ["cancel", "flatten"]\n'
        f"[risk.rules.parameters]\n{parameters}\n"
    )
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(file))
    group = Group(configuration.load())
    group.up()
    return Running(group)


@pytest.fixture
def group(
    request: pytest.FixtureRequest, run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    if not SDK.exists():
        pytest.skip("needs project-x-py and Python 3.12: run `make projectx`")
    running = started(tmp_path, monkeypatch, request.param)
    try:
        yield running
    finally:
        if running.group.is_up():
            running.group.down([].append)


def stranger(group: Running, *words: str) -> list[list[int]]:
    """Somebody else does this in the account; returns the side and the size of all its trades."""
    found = tws_address.find(group.group.config, group.run_dir, "px")
    done = subprocess.run(
        [str(SDK), "-W", "ignore", str(STRANGER), f"http://{found}", found.nonce, CONTRACT, *words],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    trades: list[list[int]] = json.loads(done.stdout.splitlines()[-1])["trades"]
    return trades


def of(group: Running, kind: type) -> list[object]:
    return [one for one in group.journal(roles.RISK) if isinstance(one, kind)]


@pytest.mark.parametrize(("group", "rule"), [(one, one) for one in RULES], indirect=["group"])
def test_what_a_stranger_does_is_seen_and_closed_and_the_account_is_locked_out(
    group: Running, rule: str
):
    group.until_ready()
    trades = stranger(group, *RULES[rule][1], "flat")
    assert sum(size if side == 0 else -size for side, size in trades) == 0
    group.until(lambda: of(group, FlattenCompleted), "the end of the flatten")
    assert {one.rule for one in of(group, RiskViolation)} == {rule}
    assert "1001" in {one.scope.account for one in of(group, RiskHalted)}
    assert group.status(roles.RISK)["held"] == []
    assert group.faults_at_the_end() == []


@pytest.mark.parametrize("group", ["MaxContracts"], indirect=True)
def test_a_stranger_s_position_is_closed_though_the_gateway_is_dead(group: Running):
    """The liquidation gateway has a session of its own."""
    group.until_ready()
    stranger(group, "buy", "3")
    group.until(lambda: group.status(roles.RISK)["held"], "the position to be seen")
    group.kill_9("gateway-px")
    group.flatten()
    assert sum(size if side == 0 else -size for side, size in stranger(group, "flat")) == 0
    assert group.faults_at_the_end() == []
