"""Filters and bars in a whole group: made by the gateway, delivered to a strategy."""

from typing import ClassVar

import pytest

from tapewire import Bar, Strategy, Trade
from tapewire.common import roles
from tapewire.common.config.sections import GatewayConfig, StrategyConfig
from tapewire.common.config.settings import Config, InstrumentConfig
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World

START_NS = 1_700_000_040 * SECOND_NS
SECONDS = 65


class Listener(Strategy):
    """Notes the bars and trades that it gets; empty `seen` before a run."""

    seen: ClassVar[list[Bar | Trade]] = []

    def on_bar(self, bar: Bar) -> None:
        self.seen.append(bar)

    def on_trade(self, trade: Trade) -> None:
        self.seen.append(trade)


def run(*, direct: bool, **given: object) -> list[Bar | Trade]:
    Listener.seen.clear()
    strategy = f"{__name__}:Listener"
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        strategies=(StrategyConfig(name="listener", strategy=strategy, **given),),
        gateway=GatewayConfig(bars=("5s", "1m")),
    )
    market = SyntheticMarket(config.all_instruments(), 1, 50, START_NS)
    world = World(
        config, market, start_ns=START_NS, settings=SimulatorSettings(), direct=direct,
    )  # fmt: skip
    world.run(SECONDS * SECOND_NS)
    service = world.service(roles.strategy_role("listener"))
    assert service.readiness(world.clock.now())[0] == "READY"
    assert set(service.detail()["missed"].values()) == {0}
    return list(Listener.seen)


@pytest.mark.parametrize("direct", [False, True])
def test_bars_of_the_gateway_are_those_of_its_trades(direct: bool):
    seen = run(direct=direct, bars=("5s", "1m"))
    bars = [one for one in seen if isinstance(one, Bar)]
    trades = [one for one in seen if isinstance(one, Trade)]
    short = [one for one in bars if one.ts_ns - one.start_ns == 5 * SECOND_NS]
    assert 10 <= len(short) <= 13
    assert len(bars) - len(short) == 1
    for bar in bars[1:]:  # the first may have begun before the strategy had joined
        within = [one.price for one in trades if bar.start_ns <= one.ts_ns < bar.ts_ns]
        assert (bar.high, bar.low, bar.count) == (max(within), min(within), len(within))


@pytest.mark.parametrize("direct", [False, True])
def test_a_filter_is_obeyed_by_the_gateway(direct: bool):
    everything, fewer = run(direct=direct), run(direct=direct, filter="2/s")
    assert len(everything) > 5 * SECONDS
    assert SECONDS // 3 < len(fewer) <= 2 * SECONDS
    assert set(fewer) <= set(everything)
