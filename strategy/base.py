"""What a strategy is: callbacks to fill in, and what it may ask for and do."""

from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from tapewire.common.clock import Clock
from tapewire.common.events import (
    Bar,
    Fill,
    OrderDenied,
    OrderExpired,
    OrderState,
    OrderStateChanged,
    OrderTerms,
    OrderTermsChanged,
    OrderType,
    Quote,
    Side,
    TermChanges,
    Tick,
    Trade,
)
from tapewire.strategy.terms import Number, changes_of, terms_of

OrderNews = OrderStateChanged | OrderTermsChanged | OrderDenied | OrderExpired
BarKind = Literal["time", "tick", "volume"]


class NoParameters(msgspec.Struct, frozen=True):
    """The parameters of a strategy that takes none."""


class LiveOrder(msgspec.Struct, frozen=True):
    """An order of this strategy that works, or may. `id` is what `buy` or `sell` returned.

    `terms.quantity` is the whole quantity, `filled` what its executions add up to, `remaining` what
    could still fill: while a modify is under way, of the larger of the two quantities.
    """

    id: str
    symbol: str
    account: str
    terms: OrderTerms
    state: OrderState
    filled: Decimal
    remaining: Decimal
    average_price: Decimal | None

    @property
    def side(self) -> Side:
        """BUY or SELL."""
        return self.terms.side

    @property
    def quantity(self) -> Decimal:
        """The whole quantity, what is filled included."""
        return self.terms.quantity

    @property
    def type(self) -> OrderType:
        """MKT, LMT, STP and so on."""
        return self.terms.type

    @property
    def limit(self) -> Decimal | None:
        """The limit price, if it has one."""
        return self.terms.limit

    @property
    def stop(self) -> Decimal | None:
        """The stop price, if it has one."""
        return self.terms.stop


class StrategyContext(Protocol):
    """What a strategy is built on; `Strategy` explains each of these to its author."""

    @property
    def clock(self) -> Clock:
        """The time that the strategy acts in."""

    @property
    def live(self) -> bool:
        """Whether signals are sent."""

    def submit(self, symbol: str, terms: OrderTerms, confidence: float) -> str:
        """Signal an order; returns its id, or an empty text if nothing can be sent now."""

    def cancel(self, order_id: str) -> str:
        """As `submit`, for a cancel."""

    def modify(self, order_id: str, changes: TermChanges) -> str:
        """As `submit`, for a modify."""

    def position(self, symbol: str) -> Decimal:
        """What this strategy's executions add up to."""

    def pending(self, symbol: str) -> int:
        """How many signals and orders of this strategy on `symbol` have not ended."""

    def orders(self) -> list[LiveOrder]:
        """This strategy's orders that work, or may."""

    def bars(self, symbol: str, kind: BarKind, size: float) -> None:
        """Make bars of the symbol's trades from now on."""

    def every(self, interval_ms: int) -> None:
        """Call `on_timer` at this interval from now on."""

    def save(self, value: Any) -> None:
        """Keep `value` over restarts."""

    def load(self) -> Any:
        """Return what was kept last."""


class Strategy:
    """Base of all strategies: override the callbacks, call `buy` and `sell`.

    `Parameters` is a `msgspec.Struct`; `[strategies.parameters]` in the configuration is checked
    against it and becomes `self.parameters`. All callbacks run in the process's one thread: while
    one works, ticks wait.
    """

    Parameters: ClassVar[type[msgspec.Struct]] = NoParameters

    def __init__(
        self, name: str, symbols: tuple[str, ...], parameters: Any, context: StrategyContext
    ) -> None:
        self.name = name
        self.symbols = symbols
        self.parameters = parameters
        self.clock = context.clock
        self._context = context

    # ---- callbacks -----------------------------------------------------------------------------

    def on_start(self) -> None:
        """Before the first tick."""

    def on_tick(self, tick: Tick) -> None:
        """Every tick. Unless overridden, it calls `on_quote` or `on_trade`."""
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
        """An order has another state or other terms, or a signal was denied or expired."""

    def on_fill(self, fill: Fill) -> None:
        """An order was filled, in part or whole; `position` includes it."""

    def on_timer(self, interval_ms: int) -> None:
        """An interval that `every` asked for has passed; never while warming up."""

    def on_external(self, feed: str, topic: str, value: Any) -> None:
        """A message of an external feed: one of our events, or a dict."""

    def on_stop(self) -> None:
        """After the last tick."""

    # ---- what it may do --------------------------------------------------------------------------

    def buy(
        self,
        symbol: str,
        quantity: Number,
        limit: Number | None = None,
        stop: Number | None = None,
        confidence: float = 1.0,
    ) -> str:
        """Signal a purchase: a market order, or one with a `limit` or a `stop` price.

        Returns the order's id. While `live` is false it returns an empty text, and nothing is sent.
        Raises ValueError for a value that is no number, and for prices that no order type has.
        """
        return self._submit(symbol, terms_of("BUY", quantity, limit, stop), confidence)

    def sell(
        self,
        symbol: str,
        quantity: Number,
        limit: Number | None = None,
        stop: Number | None = None,
        confidence: float = 1.0,
    ) -> str:
        """Signal a sale; as `buy`."""
        return self._submit(symbol, terms_of("SELL", quantity, limit, stop), confidence)

    def cancel(self, order_id: str) -> str:
        """Signal that an order is to be cancelled; `order_id` is what `buy` or `sell` returned.

        Returns an id that `on_order` names if it is denied or expires; an empty text as `buy` does.
        """
        return self._context.cancel(order_id)

    def modify(
        self,
        order_id: str,
        quantity: Number | None = None,
        limit: Number | None = None,
        stop: Number | None = None,
    ) -> str:
        """Signal new terms for an order; None leaves a term as it is. Returns as `cancel` does.

        `quantity` is the whole quantity, what is already filled included.
        """
        return self._context.modify(order_id, changes_of(quantity, limit, stop))

    def position(self, symbol: str) -> Decimal:
        """What this strategy holds of `symbol`: its own executions since the last flatten."""
        return self._context.position(symbol)

    def pending(self, symbol: str) -> int:
        """How many signals and orders on `symbol` have not ended."""
        return self._context.pending(symbol)

    @property
    def orders(self) -> list[LiveOrder]:
        """This strategy's orders that work, or may, oldest first."""
        return self._context.orders()

    @property
    def live(self) -> bool:
        """Whether signals are sent; false while warming up and until the past is known."""
        return self._context.live

    def bars(self, symbol: str, kind: BarKind, size: float) -> None:
        """Ask for `on_bar`: bars of `size` ms ("time"), trades ("tick") or volume ("volume").

        Time bars begin at whole multiples of their size (UTC); a stretch without a trade has none.
        Raises ValueError for a kind or a size that is not possible.
        """
        self._context.bars(symbol, kind, size)

    def every(self, interval_ms: int) -> None:
        """Ask for `on_timer` every `interval_ms`; a turn that took longer skips the rest."""
        self._context.every(interval_ms)

    def save(self, value: Any) -> None:
        """Keep `value` over restarts: anything that MessagePack can carry, up to 1 MiB.

        It is on disk before a signal of the same turn leaves. Raises ValueError or TypeError,
        and keeps what was saved before.
        """
        self._context.save(value)

    def load(self) -> Any:
        """Return what was saved last, as dicts, lists, texts, numbers and bytes, or None."""
        return self._context.load()

    def _submit(self, symbol: str, terms: OrderTerms, confidence: float) -> str:
        if not 0 <= confidence <= 1:
            raise ValueError(f"confidence is {confidence}; it must be from 0 to 1")
        return self._context.submit(symbol, terms, confidence)
