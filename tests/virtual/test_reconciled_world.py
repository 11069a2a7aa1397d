"""A group that trades and is left alone: its reconciliations find nothing, cash included."""

from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.config.settings import (
    Config,
    GatewayConfig,
    InstrumentConfig,
    RiskConfig,
    StrategyConfig,
)
from tapewire.common.events import Fill, ReconciliationCompleted
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.run import START_NS

MINUTES = 8
ACCOUNT = "DU1234567"


def traded(*, direct: bool) -> World:
    """Some minutes of trading in shares, compared every half a minute."""
    strategy = StrategyConfig(
        name="momentum",
        strategy="tapewire.strategy.examples.momentum:Momentum",
        parameters={"window": 50, "entry": 3.0, "quantity": 10, "pause": 600},
    )
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"), InstrumentConfig(symbol="MSFT")),
        strategies=(strategy,),
        risk=RiskConfig(heartbeat_ms=1000),
        gateway=GatewayConfig(reconcile_minutes=0.5),
    )
    world = World(
        config, SyntheticMarket(config.all_instruments(), 1, 20), start_ns=START_NS,
        settings=SimulatorSettings(accounts=(ACCOUNT,)), step_ns=SECOND_NS // 10, direct=direct,
    )  # fmt: skip
    world.run(MINUTES * 60 * SECOND_NS)
    return world


@pytest.mark.parametrize("direct", [False, True], ids=["by bytes", "directly"])
def test_reconciliations_of_a_group_that_is_left_alone_find_nothing(direct: bool):
    events = traded(direct=direct).events(roles.GATEWAY)
    results = [one for one in events if isinstance(one, ReconciliationCompleted)]
    assert len([one for one in events if isinstance(one, Fill)]) > 5
    assert len(results) > 8
    assert [one.trigger for one in results[:2]] == ["start", "interval"]
    assert [one for result in results for one in result.differences] == []
    assert {result.reason for result in results} == {""}
    assert results[-1].executions > 5
    if not direct:
        assert {gap.amount for one in results for gap in one.cash} == {Decimal(1_000_000)}
