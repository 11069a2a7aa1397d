"""Strategies that do what a test asks of them, a runner around one, and the events it receives."""

from decimal import Decimal

import msgspec

from tapewire import Fill, Quote, Strategy, Tick
from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.events import (
    Event,
    OrderCreated,
    OrderDenied,
    OrderIntended,
    OrderState,
    OrderStateChanged,
    OrderTerms,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.strategy.loading.faults import Failure
from tapewire.strategy.runner import Runner

MS = 1_000_000
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
NOW = Now(T0, 77 * SECOND)  # the two clocks have nothing in common
LIMIT = OrderTerms("BUY", Decimal(10), "LMT", Decimal(5))


class Parameters(msgspec.Struct, frozen=True):
    quantity: int = 1
    raises: bool = False


class Echo(Strategy[Parameters]):
    """Buys on each quote, or raises; notes what it receives."""

    def on_start(self) -> None:
        self.received: list[Event] = []
        self.ticks: list[Tick] = []
        self.held: list[Decimal] = []

    def on_quote(self, quote: Quote) -> None:
        if self.parameters.raises:
            raise RuntimeError("cannot")
        self.ticks.append(quote)
        self.buy(quote.symbol, self.parameters.quantity)

    def on_order(self, news: Event) -> None:
        self.received.append(news)

    def on_fill(self, fill: Fill) -> None:
        self.received.append(fill)
        self.held.append(self.position(fill.symbol))


class NotAStrategy:
    """Something else of the same module."""


def config(**given: object) -> StrategyConfig:
    named = {"name": "echo", "strategy": "tests.strategy.kit:Echo", "signal_ttl_ms": 5000}
    return StrategyConfig(**{**named, **given})


def runner(reported: list[Failure] | None = None, *, live: bool = True, **given: object) -> Runner:
    report = [].append if reported is None else reported.append
    one = Runner(config(**given), ("AAPL",), "e1", report, instruments=[Instrument(symbol="AAPL")])
    one.start(NOW)
    one.live = live
    return one


def at(ms: float) -> Now:
    """So long after `NOW`."""
    return NOW + int(ms * MS)


# ---- what it receives ---------------------------------------------------------------------------


def executor(one: Runner, *events: Event) -> None:
    for event in events:
        one.on_event(roles.EXECUTOR, event, 1, NOW)


def gateway(one: Runner, *events: Event, seq: int | None = None) -> None:
    """Events that stand in the gateway's journal at `seq`, or as many places behind the first as
    their stamps are nanoseconds behind T0."""
    for event in events:
        one.on_event(roles.GATEWAY, event, event.ts_ns - T0 + 1 if seq is None else seq, NOW)


def risk(one: Runner, *events: Event) -> None:
    for event in events:
        one.on_event(roles.RISK, event, 1, NOW)


def quote(bid: float | None = 1.0, ask: float | None = 1.1, symbol: str = "AAPL") -> Quote:
    return Quote(symbol, T0 - 5, bid, 1.0, ask, 1.0)


def order(
    signal_id: str = "echo-e1-1",
    terms: OrderTerms = LIMIT,
    strategy: str = "echo",
    account: str = "DU1",
    symbol: str = "AAPL",
) -> SubmitOrder:
    return SubmitOrder(
        f"{signal_id}/1", T0, account, strategy, symbol, terms, T0, signal_id=signal_id
    )


def created(signal_id: str = "echo-e1-1", **given: object) -> OrderCreated:
    return OrderCreated(T0, signal_id, order(signal_id, **given))


def intended(ts_ns: int, signal_id: str = "echo-e1-1", **given: object) -> OrderIntended:
    return OrderIntended(ts_ns, "7", order(signal_id, **given))


def moved(
    state: OrderState, filled: int = 0, signal_id: str = "echo-e1-1", strategy: str = "echo"
) -> OrderStateChanged:
    return OrderStateChanged(T0, "DU1", f"{signal_id}/1", strategy, state, Decimal(filled))


def denied(signal_id: str, strategy: str = "echo") -> OrderDenied:
    return OrderDenied(T0, "DU1", strategy, "executor", "why", signal_id=signal_id)


def fill(
    exec_id: str,
    quantity: int,
    side: str = "BUY",
    signal_id: str = "echo-e1-1",
    **given: object,
) -> Fill:
    named = {"account": "DU1", "symbol": "AAPL", "strategy": "echo", "ts_ns": T0, **given}
    return Fill(
        exec_id=exec_id, permanent_id="1", side=side, quantity=Decimal(quantity),
        price=Decimal(1), intent_id=f"{signal_id}/1", **named,
    )  # fmt: skip
