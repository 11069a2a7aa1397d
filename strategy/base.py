"""What a strategy is: callbacks to fill in, and what it may ask for and do."""

from decimal import Decimal
from typing import Any, ClassVar, Protocol

import msgspec

from common.events import Fill, OrderChanged, OrderDenied, OrderExpired, Quote, Side, Tick, Trade

OrderNews = OrderChanged | OrderDenied | OrderExpired


class NoParameters(msgspec.Struct, frozen=True):
    """The parameters of a strategy that takes none."""


class Desk(Protocol):
    """What the runner does for a strategy."""

    def signal(
        self,
        action: Side,
        symbol: str,
        quantity: Decimal,
        limit_price: Decimal | None,
        confidence: float,
    ) -> str:
        """Send a signal; gives its id, or an empty text if it cannot be sent now."""

    def position(self, symbol: str) -> Decimal:
        """What this strategy's own fills add up to."""

    def pending(self, symbol: str) -> int:
        """Signals and orders of this strategy on `symbol` that have not come to their end."""


class Strategy:
    """Base of all strategies: override the callbacks, call `buy` and `sell`.

    `Parameters` is a `msgspec.Struct`; the configuration's `[strategies.parameters]` is checked
    against it and handed over as `self.parameters`. A callback runs in the process's one thread:
    while it works, ticks wait.
    """

    Parameters: ClassVar[type[msgspec.Struct]] = NoParameters

    def __init__(self, name: str, symbols: tuple[str, ...], parameters: Any, desk: Desk) -> None:
        self.name = name
        self.symbols = symbols
        self.parameters = parameters
        self._desk = desk

    # ---- callbacks -----------------------------------------------------------------------------

    def on_start(self) -> None:
        """Before the first tick."""

    def on_tick(self, tick: Tick) -> None:
        """Every tick; as it stands here, it calls `on_quote` or `on_trade`."""
        if isinstance(tick, Quote):
            self.on_quote(tick)
        else:
            self.on_trade(tick)

    def on_quote(self, quote: Quote) -> None:
        """The best bid or ask changed."""

    def on_trade(self, trade: Trade) -> None:
        """A trade was reported."""

    def on_order(self, news: OrderNews) -> None:
        """An own order moved on, or a signal was denied or expired."""

    def on_fill(self, fill: Fill) -> None:
        """An own order was filled, in part or whole; `position` has it already."""

    def on_stop(self) -> None:
        """After the last tick."""

    # ---- what it may do --------------------------------------------------------------------------

    def buy(
        self,
        symbol: str,
        quantity: Decimal | int,
        limit_price: Decimal | None = None,
        confidence: float = 1.0,
    ) -> str:
        """Signal a purchase; a market order where no `limit_price` is given.

        Gives the signal's id; an empty text while the executor's answers cannot be heard, and
        then nothing was sent.
        """
        return self._desk.signal("BUY", symbol, Decimal(quantity), limit_price, confidence)

    def sell(
        self,
        symbol: str,
        quantity: Decimal | int,
        limit_price: Decimal | None = None,
        confidence: float = 1.0,
    ) -> str:
        """Signal a sale; as `buy`."""
        return self._desk.signal("SELL", symbol, Decimal(quantity), limit_price, confidence)

    def position(self, symbol: str) -> Decimal:
        """What this strategy holds of `symbol`, by its own fills."""
        return self._desk.position(symbol)

    def pending(self, symbol: str) -> int:
        """How many signals and orders on `symbol` have not come to their end."""
        return self._desk.pending(symbol)
