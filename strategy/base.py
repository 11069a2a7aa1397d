"""What a strategy is: callbacks to fill in, and what it may ask for and do."""

from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from tapewire.common.events import (
    Bar,
    Fill,
    OrderChanged,
    OrderDenied,
    OrderExpired,
    OrderState,
    OrderType,
    OrderUpdated,
    Quote,
    Side,
    Tick,
    Trade,
)
from tapewire.common.runtime.clock import Clock

OrderNews = OrderChanged | OrderUpdated | OrderDenied | OrderExpired
BarKind = Literal["time", "tick", "volume"]


class NoParameters(msgspec.Struct, frozen=True):
    """The parameters of a strategy that takes none."""


class LiveOrder(msgspec.Struct, frozen=True):
    """An own order that could still fill. `id` is what `buy` or `sell` gave; `quantity` is the
    whole one, `filled` what is filled of it."""

    id: str
    symbol: str
    action: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    filled: Decimal
    state: OrderState


class Desk(Protocol):
    """What the runner does for a strategy; `Strategy` says what each of them is."""

    @property
    def clock(self) -> Clock:
        """The time that the strategy acts in."""

    @property
    def live(self) -> bool:
        """Whether signals are sent."""

    def signal(
        self,
        action: Side,
        symbol: str,
        quantity: Decimal,
        limit_price: Decimal | None,
        confidence: float,
    ) -> str:
        """Send a signal; gives its id, or an empty text if it cannot be sent now."""

    def cancel(self, order_id: str) -> str:
        """As `signal`, for a cancel."""

    def modify(self, order_id: str, quantity: Decimal | None, limit_price: Decimal | None) -> str:
        """As `signal`, for a change."""

    def position(self, symbol: str) -> Decimal:
        """What this strategy's own fills add up to."""

    def pending(self, symbol: str) -> int:
        """Signals and orders of this strategy on `symbol` that have not come to their end."""

    def orders(self) -> list[LiveOrder]:
        """This strategy's orders that could still fill."""

    def bars(self, symbol: str, kind: BarKind, size: float) -> None:
        """Make bars of the symbol's trades from now on."""

    def every(self, interval_ms: int) -> None:
        """Call `on_timer` so often from now on."""

    def save(self, value: Any) -> None:
        """Keep `value` over restarts."""

    def load(self) -> Any:
        """What was kept last."""


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
        self.clock = desk.clock
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

    def on_bar(self, bar: Bar) -> None:
        """A bar that `bars` asked for is complete; before the trade that completed it."""

    def on_order(self, news: OrderNews) -> None:
        """An own order moved on or has new terms, or a signal was denied or expired."""

    def on_fill(self, fill: Fill) -> None:
        """An own order was filled, in part or whole; `position` has it already."""

    def on_timer(self, interval_ms: int) -> None:
        """The time that `every` asked for has passed once more; never while warming up."""

    def on_external(self, feed: str, topic: str, value: Any) -> None:
        """A message of an external feed: one of our events, or a dict."""

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

        Gives the order's id; an empty text while `live` is false, and then nothing was sent.
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

    def cancel(self, order_id: str) -> str:
        """Signal that an order is to be cancelled; `order_id` is what `buy` or `sell` gave.

        Gives an id that `on_order` names if it is denied or expires; an empty text as `buy`.
        """
        return self._desk.cancel(order_id)

    def modify(
        self,
        order_id: str,
        quantity: Decimal | int | None = None,
        limit_price: Decimal | None = None,
    ) -> str:
        """Signal new terms for an order; None leaves one as it is. Gives an id as `cancel` does.

        `quantity` is the whole one, with what is filled already.
        """
        whole = None if quantity is None else Decimal(quantity)
        return self._desk.modify(order_id, whole, limit_price)

    def position(self, symbol: str) -> Decimal:
        """What this strategy holds of `symbol`: its own fills since the last flatten."""
        return self._desk.position(symbol)

    def pending(self, symbol: str) -> int:
        """How many signals and orders on `symbol` have not come to their end."""
        return self._desk.pending(symbol)

    @property
    def orders(self) -> list[LiveOrder]:
        """Own orders that could still fill, oldest first."""
        return self._desk.orders()

    @property
    def live(self) -> bool:
        """Whether signals are sent; false while warming up and until the past is known."""
        return self._desk.live

    def bars(self, symbol: str, kind: BarKind, size: float) -> None:
        """Ask for `on_bar`: bars of `size` ms ("time"), trades ("tick") or volume ("volume").

        Bars of time begin at whole multiples of it (UTC); a stretch without a trade has none.
        Raises ValueError for a kind or size that cannot be.
        """
        self._desk.bars(symbol, kind, size)

    def every(self, interval_ms: int) -> None:
        """Ask for `on_timer` every `interval_ms`; a turn that took longer skips the rest."""
        self._desk.every(interval_ms)

    def save(self, value: Any) -> None:
        """Keep `value` over restarts: anything that MessagePack can carry, up to 1 MiB.

        It is on disk before a signal of the same turn leaves. Raises ValueError or TypeError,
        and keeps what was saved before.
        """
        self._desk.save(value)

    def load(self) -> Any:
        """What was saved last, None if nothing was: as dicts, lists, texts, numbers and bytes."""
        return self._desk.load()
