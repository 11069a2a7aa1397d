"""A trailing stop that is modified stays where the market moved it, whichever adapter trades."""

from decimal import Decimal

import pytest

from tapewire import Quote, Strategy
from tapewire.common import roles
from tapewire.common.config.settings import Config, InstrumentConfig, RiskConfig, StrategyConfig
from tapewire.common.events import Fill, OrderModified
from tapewire.common.ticks.rows import Row
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.run import START_NS


class Trailer(Strategy):
    """Buys at once, and trails a stop from 97 at 3 behind the market. Once the market has fallen
    from 110 to 108, with the stop at 107, it changes the distance to 2.5."""

    def on_start(self) -> None:
        self.highest, self.bought, self.changed = 0.0, False, False

    def on_quote(self, quote: Quote) -> None:
        held, bid = self.position(quote.symbol), quote.bid or 0.0
        self.highest = max(self.highest, bid)
        if not self.live:
            return
        if not self.bought:
            self.bought = bool(self.buy(quote.symbol, 1))
        elif held and not self.pending(quote.symbol):
            self.sell(quote.symbol, held, trail=3, stop=97)
        elif held and self.highest == 110 and bid == 108 and not self.changed:
            self.changed = bool(self.modify(self.orders[0].id, trail="2.5"))


def rows() -> list[Row]:
    """Up from 100 to 110 by the second, and down again."""
    prices = [100] * 10 + list(range(100, 111)) + [110] * 5 + list(range(110, 90, -1))
    return [
        Row(START_NS + n * SECOND_NS, "AAPL", str(p), str(p + 1), "500", "500", None, None)
        for n, p in enumerate(prices)
    ]


@pytest.mark.parametrize("direct", [False, True])
def test_it_sells_where_the_stop_was_and_not_where_it_began(direct: bool):
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        strategies=(StrategyConfig(name="trailer", strategy=f"{__name__}:Trailer"),),
        risk=RiskConfig(heartbeat_ms=1000),
    )
    world = World(
        config, iter(rows()), start_ns=START_NS, settings=SimulatorSettings(), direct=direct,
    )  # fmt: skip
    world.run(50 * SECOND_NS)
    events = world.events(roles.GATEWAY)
    (modified,) = [e for e in events if isinstance(e, OrderModified)]
    assert modified.terms.trail == Decimal("2.5")
    sold = [e.price for e in events if isinstance(e, Fill) and e.side == "SELL"]
    assert sold == [Decimal(107)]
