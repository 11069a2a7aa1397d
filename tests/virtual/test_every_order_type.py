"""Every order type and duration from the strategy to the fill: strategy, executor, gateway, TWS's
bytes, the simulated exchange, and back into the books."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, get_args

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
from tapewire.common.events.terms import TimeInForce
from tapewire.common.instruments import Instrument
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy.service import StrategyService
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.run import START_NS

AAPL = Instrument(symbol="AAPL")
OPENS_S, CLOSES_S, ENDS_S = 40, 100, 110
HOURS: Final = {"opens": "22:14:00", "closes": "22:15:00"}  # START_NS is at 22:13:20 UTC

Terms = Callable[[Decimal, Decimal], dict[str, Any]]
TYPES: Final[dict[str, Terms]] = {
    "MKT": lambda bid, ask: {},
    "LMT": lambda bid, ask: {"limit": ask + 5},
    "STP": lambda bid, ask: {"stop": bid - 1},
    "STP LMT": lambda bid, ask: {"stop": bid - 1, "limit": ask + 1},
    "TRAIL": lambda bid, ask: {"trail": Decimal("0.02")},
    "TRAIL %": lambda bid, ask: {"trail_percent": Decimal("0.02")},
    "TRAIL LIMIT": lambda bid, ask: {
        "trail": Decimal("0.02"), "stop": ask + Decimal("0.02"), "limit_offset": 5,
    },
    "MIT": lambda bid, ask: {"stop": ask + 1, "type": "MIT"},
    "LIT": lambda bid, ask: {"stop": ask + 1, "limit": ask + 2, "type": "LIT"},
    "MOC": lambda bid, ask: {"type": "MOC"},
    "LOC": lambda bid, ask: {"limit": ask + 5, "type": "LOC"},
    "PEG MID": lambda bid, ask: {"limit": ask + 1, "type": "PEG MID"},
}  # fmt: skip
"""Purchases that fill soon, by the side of the market that the quote shows."""
LASTING: Final = ("DAY", "GTC", "GTD")
AT_ONCE: Final = ("IOC", "FOK")
DURATIONS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(TYPES, LASTING),
    "MKT": (*LASTING, *AT_ONCE, "OPG"),
    "LMT": (*LASTING, *AT_ONCE, "OPG"),
    "STP": (*LASTING, *AT_ONCE),
    "STP LMT": (*LASTING, *AT_ONCE),
    "MIT": (*LASTING, *AT_ONCE),
    "LIT": (*LASTING, *AT_ONCE),
    "MOC": ("DAY",),
    "LOC": ("DAY",),
}
"""The times in force that make sense. The close ends the orders that are for it, and the opening
auction takes orders at the market or at a limit. What trails the market, or waits for a trade at
the midpoint, never trades at once."""
ORDERS: Final = [(kind, tif) for kind in TYPES for tif in DURATIONS[kind]]


def order_of(kind: str, tif: str, bid: Decimal, ask: Decimal) -> dict[str, Any]:
    """What a strategy passes to `buy` for such an order."""
    if tif == "GTD":
        lasts: dict[str, Any] = {"good_till": START_NS + ENDS_S * SECOND_NS}
    else:
        lasts = {} if tif == "DAY" else {"tif": tif}
    outside = {"outside_hours": True} if (kind, tif) == ("LMT", "GTC") else {}
    return {**TYPES[kind](bid, ask), **lasts, **outside}


class EveryType(Strategy):
    """Places each order once: those for the opening auction before it, the others after it."""

    def on_start(self) -> None:
        self.left = list(ORDERS)
        self.placed: dict[tuple[str, str], str] = {}

    def on_quote(self, quote: Quote) -> None:
        if not self.live or quote.bid is None or quote.ask is None:
            return
        open_s = (self.clock.now_ns() - START_NS) // SECOND_NS - OPENS_S
        due = [one for one in self.left if one[1] == "OPG" or open_s > 5]
        for one in due if open_s > 5 or open_s < -5 else ():
            bid, ask = Decimal(repr(quote.bid)), Decimal(repr(quote.ask))
            self.left.remove(one)
            self.placed[one] = self.buy(quote.symbol, 1, **order_of(*one, bid, ask))


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


def orders(world: World) -> list[SubmitOrder]:
    """The orders that the gateway took."""
    return [e.order for e in world.events(roles.GATEWAY) if isinstance(e, OrderIntended)]


def books(world: World) -> Accounts[Order]:
    """What the gateway's journal adds up to."""
    accounts = Accounts([AAPL], Order)
    for event in world.events(roles.GATEWAY):
        accounts.apply(event)
    return accounts


def placed(world: World, kind: str, tif: str) -> SubmitOrder:
    """The one order that came of what the strategy wanted."""
    service = world.service(roles.strategy_role("all"))
    assert isinstance(service, StrategyService)
    strategy = service.runner.strategy
    assert isinstance(strategy, EveryType)
    (order,) = [o for o in orders(world) if o.signal_id == strategy.placed[kind, tif]]
    return order


@pytest.mark.parametrize("adapter", ["through_tws", "directly"])
@pytest.mark.parametrize(("kind", "tif"), ORDERS)
def test_an_order_goes_from_the_strategy_to_the_broker_and_its_fill_to_the_books(
    kind: str, tif: str, adapter: str, request
):
    world: World = request.getfixturevalue(adapter)
    order = placed(world, kind, tif)
    assert (order.terms.type, order.terms.time_in_force) == (kind.removesuffix(" %"), tif)
    changes = [e for e in world.events(roles.EXECUTOR) if isinstance(e, OrderStateChanged)]
    state, reason = [(e.state, e.reason) for e in changes if e.intent_id == order.intent_id][-1]
    assert (state, reason) == ("FILLED", "")
    booked = books(world).orders[order.intent_id]
    assert (booked.state, booked.filled) == ("FILLED", 1)


def test_the_table_has_every_order_type_and_every_time_in_force():
    assert {kind.removesuffix(" %") for kind in TYPES} == set(ORDER_TYPES)
    assert {tif for _, tif in ORDERS} == set(get_args(TimeInForce))


@pytest.mark.parametrize("adapter", ["through_tws", "directly"])
def test_the_books_match_the_broker_s(adapter: str, request):
    world: World = request.getfixturevalue(adapter)
    assert len(orders(world)) == len(ORDERS)
    ours = books(world)
    assert ours.book.positions["DU1234567", "AAPL"].quantity == len(ORDERS)
    assert compare(ours.book, broker_of(world.server.books())) == []


def test_both_adapters_come_to_the_same_fills(through_tws: World, directly: World):
    def fills(world: World) -> list[tuple[object, ...]]:
        events = [e for e in world.events(roles.GATEWAY) if isinstance(e, Fill)]
        return [(e.intent_id, e.quantity, e.price) for e in events]

    assert fills(through_tws) == fills(directly)
