"""With `executor.what_if` an order is asked about at the broker first, whichever adapter trades."""

from collections.abc import Sequence

import pytest

from tapewire import Quote, Strategy
from tapewire.common import roles
from tapewire.common.config.settings import (
    Config,
    ExecutorConfig,
    InstrumentConfig,
    RiskConfig,
    RuleConfig,
    StrategyConfig,
)
from tapewire.common.events import (
    Event,
    Fill,
    OrderCreated,
    OrderDenied,
    OrderIntended,
    OrderModifyIntended,
    WhatIfAnswered,
)
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.run import START_NS

FAR_TOO_MANY = 1_000_000


class Buyer(Strategy):
    """Buys 10, then more than any account can pay, then sells the 10."""

    def on_start(self) -> None:
        self.left = [10, FAR_TOO_MANY, -10]

    def on_quote(self, quote: Quote) -> None:
        if not self.live or not self.left or self.pending(quote.symbol):
            return
        if self.left[0] < 0 and not self.position(quote.symbol):
            return
        quantity = self.left.pop(0)
        (self.buy if quantity > 0 else self.sell)(quote.symbol, abs(quantity))


def world_of(strategy: str, *, direct: bool) -> World:
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        strategies=(StrategyConfig(name="buyer", strategy=f"{__name__}:{strategy}"),),
        risk=RiskConfig(
            heartbeat_ms=1000,
            rules=(RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": 10_000_000}),),
        ),
        executor=ExecutorConfig(what_if=True),
    )
    one = World(
        config, SyntheticMarket(config.all_instruments(), 1, 20),
        start_ns=START_NS, settings=SimulatorSettings(), direct=direct,
    )  # fmt: skip
    one.run(20 * SECOND_NS)
    return one


@pytest.fixture(params=[False, True], ids=["through_tws", "directly"])
def world(request) -> World:
    return world_of("Buyer", direct=request.param)


def of(events: Sequence[Event], *kinds: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kinds)]


def test_an_order_that_the_account_cannot_bear_is_never_sent(world: World):
    broker, executor = world.events(roles.GATEWAY), world.events(roles.EXECUTOR)
    sent = [e.order.terms.quantity for e in of(broker, OrderIntended)]
    assert sent == [10, 10], "the entry and the exit"
    small, large = of(broker, WhatIfAnswered)
    assert small.initial_margin > 0
    assert small.shortfall == 0
    assert large.shortfall > 0 or large.reason
    (denied,) = of(executor, OrderDenied)
    assert "initial margin" in denied.reason or "would not take it" in denied.reason
    assert len(of(executor, OrderCreated)) == 2
    assert sum(fill.quantity for fill in of(broker, Fill)) == 20


class Resizer(Strategy):
    """Rests an order and a bracket, and wants more of each than any account can pay."""

    def on_start(self) -> None:
        self.step = 0
        self.denied: list[str] = []

    def on_quote(self, quote: Quote) -> None:
        if not self.live or self.step > 3:
            return
        entry = {"limit": 1, "stop_loss": 0.5, "take_profit": 200}
        if self.step == 0:
            self.order = self.buy(quote.symbol, 10, limit=1, tif="GTC")
        elif self.step == 1 and self.working:
            self.modify(self.order, quantity=FAR_TOO_MANY)
        elif self.step == 2 and self.denied:
            self.modify(self.order, quantity=20)
            self.buy(quote.symbol, FAR_TOO_MANY, **entry)
        elif self.step == 3 and len(self.denied) == 2:
            self.buy(quote.symbol, 5, **entry)
        else:
            return
        self.step += 1

    @property
    def working(self) -> bool:
        return any(one.state == "ACCEPTED" for one in self.orders)

    def on_order(self, event: Event) -> None:
        if isinstance(event, OrderDenied):
            self.denied.append(event.reason)


@pytest.mark.parametrize("direct", [False, True], ids=["through_tws", "directly"])
def test_what_a_modify_or_a_bracket_would_add_is_asked_about_too(direct: bool):
    world = world_of("Resizer", direct=direct)
    executor, broker = world.events(roles.EXECUTOR), world.events(roles.GATEWAY)
    modify, bracket = (event.reason for event in of(executor, OrderDenied))
    assert "initial margin" in modify.lower()
    assert bracket.startswith("entry ")
    assert "initial margin" in bracket.lower()
    assert [e.modify.terms.quantity for e in of(broker, OrderModifyIntended)] == [20]
    sent = [(e.order.role, e.order.terms.quantity) for e in of(broker, OrderIntended)]
    assert sent == [("", 10), ("entry", 5), ("target", 5), ("stop", 5)]
