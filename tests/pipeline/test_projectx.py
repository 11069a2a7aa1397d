"""A group at two brokers: TWS and ProjectX, each simulated, one risk daemon, one console."""

import json
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.events import Fill, OrderAccepted, OrderIntended
from tapewire.console.group.supervisor import Group
from tests.pipeline.projectx import MNQZ6, START_S, inject
from tests.pipeline.running import Running, tapewire
from tests.places import SDK
from tests.waiting import wait_for

pytestmark = pytest.mark.soak
OF = {"tws": ("DU1000001", "AAPL"), "px": ("1001", "MNQZ6")}
GATEWAYS = f"""
[simulator]
enabled = true

[[instruments]]
symbol = "AAPL"
{MNQZ6}
[[gateways]]
name = "tws"
accounts = ["DU1000001"]
instruments = ["AAPL"]

[[gateways]]
name = "px"
kind = "projectx"
accounts = ["1001"]
instruments = ["MNQZ6"]
python = "{SDK}"
"""


@pytest.fixture
def group(run_dir, tmp_path, monkeypatch) -> Iterator[Running]:
    if not SDK.exists():
        pytest.skip("needs project-x-py and Python 3.12: run `make projectx`")
    file = tmp_path / "tapewire.toml"
    file.write_text(GATEWAYS + "\n".join(_strategy(name) for name in OF))
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(file))
    started = Group(configuration.load())
    started.up()
    running = Running(started)
    try:
        running.until_ready(START_S)
        yield running
    finally:
        if started.is_up():
            started.down()


def _strategy(name: str) -> str:
    account, symbol = OF[name]
    every = 150 if name == "px" else 20  # within 200 requests per minute, also behind a restart
    return (
        f'[[strategies]]\nname = "{name}"\nstrategy = "tests.simulation.trader:Trader"\n'
        f'account = "{account}"\nsymbols = ["{symbol}"]\n'
        f'parameters = {{ every = {every}, until_ns = {2**62}, tif = "GTC" }}\n'
    )


def fills(group: Running, login: str) -> list[Fill]:
    journal = group.journal(roles.of_login(roles.GATEWAY, login))
    return [one for one in journal if isinstance(one, Fill)]


def test_each_account_trades_at_its_own_broker_and_one_flatten_closes_both(group: Running):
    wait_for(lambda: all(len(fills(group, name)) > 3 for name in OF), "fills at both brokers", 60)
    shown = json.loads(tapewire("status", "--json").stdout)
    assert shown["gateway-px"]["accounts"] == ["1001"]
    bars = tapewire("data", "history", "MNQZ6", "--back", "3600 S", "--gateway", "px", "--json")
    assert len(bars.stdout.splitlines()) > 50, bars.stderr
    journal = group.journal("gateway-px")
    intents = {e.order.intent_id for e in journal if isinstance(e, OrderIntended)}
    assert {e.intent_id for e in journal if isinstance(e, OrderAccepted)} <= intents
    assert {one.intent_id for one in fills(group, "px")} <= intents
    group.flatten()
    group.until(lambda: group.status(roles.RISK)["held"] == [], "nothing to be held")
    assert group.faults_at_the_end() == []


FAULTS: dict[str, Callable[[Running], object]] = {
    "gateway": lambda group: group.kill_9("gateway-px"),
    "liquidation gateway": lambda group: group.kill_9("liquidation-px"),
    "executor": lambda group: group.kill_9(roles.EXECUTOR),
    "risk": lambda group: group.kill_9(roles.RISK),
    "link": lambda group: os.kill(group.link_of("gateway-px"), signal.SIGKILL),
    "lost": lambda group: inject(group, "lost", path="/Order/place", times=3),
    "swallowed": lambda group: inject(group, "swallowed", path="/Order/place", times=3),
    "limited": lambda group: inject(group, "limited", path="/Order/place", times=3),
    "user hub": lambda group: inject(group, "dropped_hub", hub="user"),
    "token": lambda group: inject(group, "expired_token"),
    "down": lambda group: inject(group, "down", seconds=3),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_the_books_are_the_broker_s(group: Running, fault: str):
    wait_for(lambda: len(fills(group, "px")) > 3, "fills at ProjectX", 60)
    FAULTS[fault](group)
    before = len(fills(group, "px"))
    wait_for(lambda: len(fills(group, "px")) > before + 5, "fills after the fault", 90)
    group.until_ready()
    group.flatten()
    group.until(lambda: group.status(roles.RISK)["held"] == [], "nothing to be held")
    assert group.faults_at_the_end() == []
