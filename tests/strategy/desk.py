"""Strategies that do what a test asks of them, and a runner around one."""

from decimal import Decimal
from typing import ClassVar

import msgspec

from tapewire.common.config.settings import StrategyConfig
from tapewire.common.events import Event, Fill, Quote, Tick
from tapewire.strategy import Strategy
from tapewire.strategy.loading.faults import Failure
from tapewire.strategy.runner import Runner

MS = 1_000_000
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


class Parameters(msgspec.Struct, frozen=True):
    quantity: int = 1
    raises: bool = False


class Echo(Strategy):
    """Buys on each quote, or raises; notes what it is told."""

    Parameters: ClassVar[type[msgspec.Struct]] = Parameters

    def on_start(self) -> None:
        self.told: list[Event] = []
        self.ticks: list[Tick] = []
        self.held: list[Decimal] = []

    def on_quote(self, quote: Quote) -> None:
        if self.parameters.raises:
            raise RuntimeError("cannot")
        self.ticks.append(quote)
        self.buy(quote.symbol, self.parameters.quantity)

    def on_order(self, news: Event) -> None:
        self.told.append(news)

    def on_fill(self, fill: Fill) -> None:
        self.told.append(fill)
        self.held.append(self.position(fill.symbol))


class NotAStrategy:
    """Something else of the same module."""


def config(**given: object) -> StrategyConfig:
    named = {"name": "echo", "strategy": "tests.strategy.desk:Echo", "signal_ttl_ms": 5000}
    return StrategyConfig(**{**named, **given})


def runner(said: list[Failure] | None = None, *, live: bool = True, **given: object) -> Runner:
    one = Runner(config(**given), ("AAPL",), "e1", [].append if said is None else said.append)
    one.start(T0)
    one.live = live
    return one


def quote(bid: float | None = 1.0, ask: float | None = 1.1, symbol: str = "AAPL") -> Quote:
    return Quote(symbol, T0 - 5, bid, 1.0, ask, 1.0)
