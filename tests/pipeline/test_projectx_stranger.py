"""The risk daemon watches accounts at ProjectX in which only a stranger trades, by project-x-py
itself: a group of real processes without a strategy."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.config import tws_address
from tapewire.common.events import (
    FlattenCompleted,
    OrderDenied,
    RiskHalted,
    RiskViolation,
)
from tapewire.common.ticks.rows import HEADER
from tapewire.console.group.supervisor import Group
from tests.pipeline.projectx import MNQZ6, START_S
from tests.pipeline.running import Running
from tests.places import SDK

pytestmark = pytest.mark.soak
STRANGER = Path(__file__).with_name("sdk_stranger.py")
CONTRACT = "CON.F.US.MNQ.Z26"
FIRST_ACCOUNT = 1001
FLATTEN_S = 90
"""Lists of several accounts may have to wait for the rest of a minute; a closing order does not."""
CLOSED = [f"{datetime.now(UTC) - timedelta(hours=hours):%H:%M}" for hours in (2, 1)]
"""A session that began two hours ago, and has been over for one."""


class Broken(NamedTuple):
    """What the stranger does to break a rule of these parameters."""

    parameters: str
    acts: tuple[str, ...]


RULES: Mapping[str, Broken] = {
    "MaxContracts": Broken("limit = 3", ("buy", "4")),
    "MaxContractsPerInstrument": Broken("limit = 3", ("buy", "4")),
    "MaxOrderSize": Broken("limit = 5", ("rest", "6")),
    "SymbolBlock": Broken('symbols = ["MNQZ6"]', ("buy", "1")),
    "NoStopLossGrace": Broken("grace_ms = 1000", ("buy", "1")),
    "TradeFrequencyLimit": Broken('limit = 1, per = "minute"', ("buy", "1", "buy", "1")),
    "SessionBlockOutside": Broken(
        f'opens = "{CLOSED[0]}", closes = "{CLOSED[1]}", zone = "UTC", flat_minutes = 5',
        ("buy", "1"),
    ),
    "UnrealizedLoss": Broken("limit = 50", ("sell", "20")),
    "UnrealizedProfit": Broken("limit = 50", ("buy", "20")),
    "DailyRealizedLoss": Broken("limit = 50", ("sell", "20", "wait", "4", "buy", "19")),
    "DailyRealizedProfit": Broken("limit = 50", ("buy", "20", "wait", "10", "sell", "19")),
    "TrailingDrawdown": Broken("limit = 50, start = 1000000", ("sell", "20")),
}


FOUR = ("MaxContracts", "MaxContractsPerInstrument", "SymbolBlock", "NoStopLossGrace")
"""Four accounts of one login, one after the other, within a minute: each list of all would be four
requests of its limit."""


def accounts(rules: Sequence[str]) -> dict[str, str]:
    """The account of each rule."""
    return {rule: str(FIRST_ACCOUNT + number) for number, rule in enumerate(rules)}


def configured(folder: Path, rules: Sequence[str]) -> str:
    """A group without a strategy, of one account for each rule."""
    numbers = json.dumps([*accounts(rules).values()])
    return f"""
strategies = []

[simulator]
enabled = true
ticks = "{rising(folder)}"
{MNQZ6}
[[gateways]]
name = "px"
kind = "projectx"
accounts = {numbers}
python = "{SDK}"
""" + "".join(
        f'\n[[risk.rules]]\nrule = "{rule}"\nparameters = {{ {RULES[rule].parameters} }}\n'
        f'scope = {{ account = "{account}" }}\nenforcement = ["cancel", "flatten"]\n'
        for rule, account in accounts(rules).items()
    )


def rising(folder: Path) -> Path:
    """A market that rises by a point each second for ten minutes, so 2 USD a contract."""
    file = folder / "rising.csv"
    prices = [2500 + number / 4 for number in range(2400)]
    file.write_text(
        f"{HEADER}\n"
        + "".join(
            f"{(1_700_000_000 * 4 + number) * 250_000_000},MNQZ6,{bid},{bid + 0.25},500,500,,\n"
            for number, bid in enumerate(prices)
        )
    )
    return file


@pytest.fixture
def group(
    request: pytest.FixtureRequest, run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    if not SDK.exists():
        pytest.skip("needs project-x-py and Python 3.12: run `make projectx`")
    file = tmp_path / "tapewire.toml"
    file.write_text(configured(tmp_path, request.param))
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(file))
    running = Running(Group(configuration.load()))
    running.group.up()
    try:
        yield running
    finally:
        if running.group.is_up():
            running.group.down([].append)


def stranger(group: Running, account: str, *words: str) -> list[list[int]]:
    """Somebody else does this in the account; returns the side and the size of all its trades."""
    found = tws_address.find(group.group.config, group.run_dir, "px")
    given = (f"http://{found}", found.nonce, account, CONTRACT, *words)
    done = subprocess.run(
        [str(SDK), "-W", "ignore", str(STRANGER), *given],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    trades: list[list[int]] = json.loads(done.stdout.splitlines()[-1])["trades"]
    return trades


def left(trades: list[list[int]]) -> int:
    """What an account holds after these trades."""
    return sum(size if side == 0 else -size for side, size in trades)


def violated(group: Running) -> set[tuple[str, str]]:
    """The rules that were found broken, each with the account."""
    journal = group.journal(roles.RISK)
    return {(one.rule, one.scope.account) for one in journal if isinstance(one, RiskViolation)}


def locked_out(group: Running, kind: type[RiskHalted | FlattenCompleted]) -> set[str]:
    """The accounts that were halted, or flattened."""
    journal = group.journal(roles.RISK)
    return {one.scope.account for one in journal if isinstance(one, kind)}


@pytest.mark.parametrize(
    ("group", "rules"),
    [*(((one,), (one,)) for one in RULES), (FOUR, FOUR)],
    ids=[*RULES, "four accounts"],
    indirect=["group"],
)
def test_what_a_stranger_does_is_seen_and_closed_and_the_account_is_locked_out(
    group: Running, rules: tuple[str, ...]
):
    group.until_ready(START_S)
    broken = set()
    for rule, account in accounts(rules).items():
        assert left(stranger(group, account, *RULES[rule].acts, "flat")) == 0
        group.until(
            lambda account=account: account in locked_out(group, FlattenCompleted),
            f"the end of the flatten that {rule} wants",
            FLATTEN_S,
        )
        broken.add((rule, account))
        assert violated(group) == broken
        assert account in locked_out(group, RiskHalted)
    denied = [one for one in group.journal("liquidation-px") if isinstance(one, OrderDenied)]
    assert denied == []  # whatever is listed meanwhile
    assert group.status(roles.RISK)["held"] == []
    assert group.faults_at_the_end() == []


@pytest.mark.parametrize("group", [("MaxContracts",)], indirect=True)
def test_a_stranger_s_position_is_closed_though_the_gateway_is_dead(group: Running):
    """The liquidation gateway has a session of its own."""
    group.until_ready(START_S)
    stranger(group, "1001", "buy", "3")
    group.until(lambda: group.status(roles.RISK)["held"], "the position to be seen")
    group.kill_9("gateway-px")
    group.flatten()
    assert left(stranger(group, "1001", "flat")) == 0
    assert group.faults_at_the_end() == []
