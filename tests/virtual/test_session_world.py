"""A session that ends, in a whole group: what is held is closed, and nothing comes back."""

from decimal import Decimal

from tapewire import Quote, Strategy
from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.sections import RuleConfig
from tapewire.common.config.settings import Config, InstrumentConfig, RiskConfig, StrategyConfig
from tapewire.common.events import FlattenCompleted, OrderDenied
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.run import START_NS

HOURS = RuleConfig(
    rule="SessionBlockOutside",
    parameters={"opens": "21:00", "closes": "22:15", "zone": "UTC", "flat_minutes": 1},
)
FLAT_AFTER_S = 40
"""The world begins at 22:13:20 on a Tuesday."""


class Buyer(Strategy):
    """Buys whenever it holds nothing."""

    def on_quote(self, quote: Quote) -> None:
        if not self.position(quote.symbol) and not self.pending(quote.symbol):
            self.buy(quote.symbol, 3)


def held(world: World) -> Decimal:
    return sum(broker_of(world.server.books()).positions.values(), Decimal(0))


def test_a_position_is_closed_before_the_close_and_no_order_opens_another():
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        strategies=(StrategyConfig(name="buyer", strategy=f"{__name__}:Buyer"),),
        risk=RiskConfig(heartbeat_ms=1000, rules=(HOURS,)),
    )
    world = World(
        config, SyntheticMarket(config.all_instruments(), 1, 20),
        start_ns=START_NS, settings=SimulatorSettings(),
    )  # fmt: skip
    world.run((FLAT_AFTER_S - 2) * SECOND_NS)
    assert held(world) == 3
    world.run(22 * SECOND_NS)
    assert held(world) == 0, "the session goes on for 40 s"
    for _ in range(10):
        world.run(10 * SECOND_NS)
        assert held(world) == 0
    risk, executor = world.events(roles.RISK), world.events(roles.EXECUTOR)
    assert len([e for e in risk if isinstance(e, FlattenCompleted)]) == 1
    denied = {e.reason for e in executor if isinstance(e, OrderDenied)}
    assert any(
        "SessionBlockOutside: the market closes 2023-11-14 22:15:00 UTC" in d for d in denied
    )
