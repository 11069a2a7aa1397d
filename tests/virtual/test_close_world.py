"""`self.close` while a tight stop works: whatever fills first, nothing is sold past flat."""

import pytest

from tapewire import Quote, Strategy
from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.config.settings import Config, InstrumentConfig, RiskConfig, StrategyConfig
from tapewire.common.events import Fill, OrderIntended
from tapewire.common.instruments import Instrument
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.run import START_NS

AAPL = Instrument(symbol="AAPL")


class Closer(Strategy):
    """Buys, protects what it holds with a stop at its heels, and closes it a moment later."""

    def on_start(self) -> None:
        self.held_for = 0

    def on_quote(self, quote: Quote) -> None:
        held, symbol = self.position(quote.symbol), quote.symbol
        if held:
            self.held_for += 1
            if self.held_for % 3 == 0:
                self.close(symbol)
            elif not self.pending(symbol):
                self.sell(symbol, held, trail=0.01, tif="GTC")
        elif not self.pending(symbol):
            self.buy(symbol, 3)


@pytest.mark.parametrize("seed", range(3))
def test_a_close_and_a_stop_never_sell_the_same_shares_twice(seed: int):
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        strategies=(StrategyConfig(name="closer", strategy=f"{__name__}:Closer"),),
        risk=RiskConfig(heartbeat_ms=1000),
    )
    world = World(
        config, SyntheticMarket(config.all_instruments(), seed, 20),
        start_ns=START_NS, settings=SimulatorSettings(),
    )  # fmt: skip
    world.run(60 * SECOND_NS)
    accounts, lowest = Accounts([AAPL], Order), 0
    for event in world.events(roles.GATEWAY):
        accounts.apply(event)
        if isinstance(event, Fill):
            lowest = min(lowest, accounts.book.positions[event.account, "AAPL"].quantity)
    assert lowest == 0
    orders = [e.order.terms for e in world.events(roles.GATEWAY) if isinstance(e, OrderIntended)]
    closed = [terms for terms in orders if (terms.side, terms.type) == ("SELL", "MKT")]
    stops = [terms for terms in orders if terms.type == "TRAIL"]
    assert min(len(closed), len(stops)) > 10
