"""Every order type and duration from the strategy to the fill: strategy, executor, gateway, TWS's
bytes, the simulated exchange, and back into the books."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import pytest

from tapewire import Quote, Strategy
from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.compare import broker_of, compare
from tapewire.common.accounting.orders import Order
from tapewire.common.config.settings import Config, InstrumentConfig, RiskConfig, StrategyConfig
from tapewire.common.events import (
    ORDER_TYPES,
    Fill,
    OrderIntended,
    OrderStateChanged,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.run import START_NS

AAPL = Instrument(symbol="AAPL")
OPENS_S, CLOSES_S, ENDS_S = 40, 100, 110
HOURS: Final = {"opens": "22:14:00", "closes": "22:15:00"}  # START_NS is at 22:13:20 UTC
BEFORE_THE_OPEN: Final = ("OPG", "OPG LMT")

ORDERS: Final[dict[str, Callable[[Decimal, Decimal], dict[str, Any]]]] = {
    "OPG": lambda bid, ask: {"tif": "OPG"},
    "OPG LMT": lambda bid, ask: {"tif": "OPG", "limit": ask + 5},
    "MKT": lambda bid, ask: {},
    "LMT": lambda bid, ask: {"limit": ask + 1},
    "STP": lambda bid, ask: {"stop": bid - 1},
    "STP LMT": lambda bid, ask: {"stop": bid - 1, "limit": ask + 1},
    "TRAIL": lambda bid, ask: {"trail": Decimal("0.02")},
    "TRAIL %": lambda bid, ask: {"trail_percent": Decimal("0.02")},
    "TRAIL LIMIT": lambda bid, ask: {
        "trail": Decimal("0.02"), "stop": ask + Decimal("0.02"), "limit_offset": 5,
    },
    "MIT": lambda bid, ask: {"stop": ask + 1, "type": "MIT"},
    "MOC": lambda bid, ask: {"type": "MOC"},
    "LOC": lambda bid, ask: {"limit": ask + 5, "type": "LOC"},
    "PEG MID": lambda bid, ask: {"limit": ask + 1, "type": "PEG MID"},
    "IOC": lambda bid, ask: {"limit": ask + 1, "tif": "IOC"},
    "FOK": lambda bid, ask: {"limit": ask + 1, "tif": "FOK"},
    "GTC": lambda bid, ask: {"limit": ask + 1, "tif": "GTC"},
    "GTD": lambda bid, ask: {"limit": ask + 1, "good_till": START_NS + ENDS_S * SECOND_NS},
    "outside": lambda bid, ask: {"limit": ask + 1, "outside_hours": True},
}  # fmt: skip
"""Purchases that fill soon, by the side of the market that the quote shows."""


class EveryType(Strategy):
    """Places each order once: those for the opening auction before it, the others after it."""

    def on_start(self) -> None:
        self.left = dict(ORDERS)

    def on_quote(self, quote: Quote) -> None:
        if not self.live or quote.bid is None or quote.ask is None:
            return
        open_s = (self.clock.now_ns() - START_NS) // SECOND_NS - OPENS_S
        due = [n for n in self.left if n in BEFORE_THE_OPEN or open_s > 5]
        for name in due if open_s > 5 or open_s < -5 else ():
            bid, ask = Decimal(repr(quote.bid)), Decimal(repr(quote.ask))
            self.buy(quote.symbol, 1, **self.left.pop(name)(bid, ask))


def run(*, direct: bool) -> World:
    name = f"{__name__}:EveryType"
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        strategies=(StrategyConfig(name="all", strategy=name),),
        risk=RiskConfig(heartbeat_ms=1000),
    )
    world = World(
        config, SyntheticMarket(config.all_instruments(), 3, 20),
        start_ns=START_NS, settings=SimulatorSettings(**HOURS), direct=direct,
    )  # fmt: skip
    world.run(ENDS_S * SECOND_NS)
    return world


@pytest.fixture(scope="module")
def through_tws() -> World:
    return run(direct=False)


@pytest.fixture(scope="module")
def directly() -> World:
    return run(direct=True)


def states(world: World) -> dict[str, str]:
    """What became of each order, by its intent and what it asked for."""
    changes = [e for e in world.events(roles.EXECUTOR) if isinstance(e, OrderStateChanged)]
    ended = {e.intent_id: f"{e.state} {e.reason}".strip() for e in changes}
    return {f"{o.intent_id} {o.terms}": ended.get(o.intent_id, "") for o in orders(world)}


def orders(world: World) -> list[SubmitOrder]:
    """The orders that the gateway took."""
    return [e.order for e in world.events(roles.GATEWAY) if isinstance(e, OrderIntended)]


@pytest.mark.parametrize("adapter", ["through_tws", "directly"])
def test_every_order_is_filled_and_the_books_match_the_broker_s(adapter, request):
    world: World = request.getfixturevalue(adapter)
    assert {terms: state for terms, state in states(world).items() if state != "FILLED"} == {}
    assert len(orders(world)) == len(ORDERS)
    assert {order.terms.type for order in orders(world)} == set(ORDER_TYPES)
    accounts = Accounts([AAPL], Order)
    for event in world.events(roles.GATEWAY):
        accounts.apply(event)
    assert accounts.book.positions["DU1234567", "AAPL"].quantity == len(ORDERS)
    assert compare(accounts.book, broker_of(world.server.books())) == []


def test_both_adapters_come_to_the_same_fills(through_tws: World, directly: World):
    def fills(world: World) -> list[tuple[object, ...]]:
        events = [e for e in world.events(roles.GATEWAY) if isinstance(e, Fill)]
        return [(e.intent_id, e.quantity, e.price) for e in events]

    assert fills(through_tws) == fills(directly)
