"""Two gateways, two simulators, two accounts and one risk daemon in one group."""

import json
from collections.abc import Iterator

import pytest

from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.events import Fill, OrderIntended
from tapewire.console.group.supervisor import Group
from tests.pipeline.running import Running, tapewire
from tests.waiting import wait_for

OF = {"us": "DU1000001", "eu": "DU1000002"}


@pytest.fixture
def group(run_dir, tmp_path, monkeypatch) -> Iterator[Running]:
    file = tmp_path / "tapewire.toml"
    file.write_text(_toml())
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(file))
    started = Group(configuration.load())
    started.up()
    try:
        yield Running(started)
    finally:
        if started.is_up():
            started.down()


def _toml() -> str:
    entries = [
        f'[[gateways]]\nname = "{name}"\naccounts = ["{account}"]\n' for name, account in OF.items()
    ]
    strategies = [
        f'[[strategies]]\nname = "{name}"\nstrategy = "tests.simulation.trader:Trader"\n'
        f'account = "{account}"\nparameters = {{ every = 20, until_ns = {2**62} }}\n'
        for name, account in OF.items()
    ]
    parts = ["[simulator]\nenabled = true\n", '[[instruments]]\nsymbol = "AAPL"\n']
    return "\n".join([*parts, *entries, *strategies])


def traded(group: Running, login: str) -> bool:
    return any(isinstance(e, Fill) for e in group.journal(roles.of_login(roles.GATEWAY, login)))


def test_each_account_trades_at_its_own_login_and_one_flatten_closes_both(group: Running):
    group.until_ready()
    wait_for(lambda: all(traded(group, name) for name in OF), "fills at both logins", 30)
    shown = json.loads(tapewire("status", "--json").stdout)
    assert {"gateway-us", "liquidation-us", "gateway-eu", "liquidation-eu"} <= shown.keys()
    assert {"simulator-us", "simulator-eu"} <= shown.keys()
    assert [shown[f"gateway-{name}"]["accounts"] for name in OF] == [[one] for one in OF.values()]
    group.flatten()
    for name, account in OF.items():
        for kind in roles.GATEWAYS:
            journal = group.journal(roles.of_login(kind, name))
            orders = [e.order.account for e in journal if isinstance(e, OrderIntended)]
            assert set(orders) <= {account}
    assert group.status(roles.RISK)["held"] == []
    assert group.faults_at_the_end() == []
