"""What a strategy is: callbacks to fill in, and what it may ask for and do."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic

from tapewire.common.events import (
    AccountUpdated,
    Bar,
    Depth,
    Fill,
    GroupStateChanged,
    LegRole,
    OrderDenied,
    OrderExpired,
    OrderStateChanged,
    OrderTermsChanged,
    Quote,
    TermChanges,
    Tick,
    TimeInForce,
    Trade,
)
from tapewire.common.events.queries import ChainQuery, HistoryQuery, Query, Show
from tapewire.strategy.abilities import StrategyContext
from tapewire.strategy.asking import Failed, Then
from tapewire.strategy.group_orders import GroupOrders
from tapewire.strategy.instrument import StrategyInstrument
from tapewire.strategy.live_order import LiveOrder
from tapewire.strategy.parameters import P
from tapewire.strategy.schedule import daily
from tapewire.strategy.series import KEEP, BarKind, BarSeries
from tapewire.strategy.terms import Number, changes_of, prices_of, terms_of

OrderNews = OrderStateChanged | OrderTermsChanged | OrderDenied | OrderExpired


class Strategy(GroupOrders, Generic[P]):
    """Base of all strategies: override the callbacks, call `buy` and `sell`.

    One with parameters is a `Strategy[DipParameters]`, a `msgspec.Struct` or a dataclass: the
    `parameters` of its entry in the configuration are checked against that class, and
    `self.parameters` is one of it. All callbacks run in the process's one thread: while one works,
    ticks wait.
    """

    def __init__(
        self, name: str, symbols: tuple[str, ...], parameters: P, context: StrategyContext
    ) -> None:
        self.name = name
        self.symbols = symbols
        self.parameters = parameters
        self.clock = context.clock
        self.log = context.log
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

    def on_depth(self, depth: Depth) -> None:
        """A book that the setting `depth` asks for has changed; it is given whole."""

    def on_order(self, news: OrderNews) -> None:
        """An order has another state or other terms, or a signal was denied or expired."""

    def on_group(self, news: GroupStateChanged) -> None:
        """A group of orders has another state."""

    def on_fill(self, fill: Fill) -> None:
        """An order was filled, in part or whole; `position` includes it."""

    def on_timer(self, interval_ms: int) -> None:
        """An interval that `every` asked for has passed; never while warming up."""

    def on_external(self, feed: str, topic: str, value: Any) -> None:
        """A message of an external feed: one of our events, or a dict."""

    def on_stop(self) -> None:
        """After the last tick."""

    # ---- what it may do; with groups of orders, see `GroupOrders` --------------------------------

    def buy(
        self,
        symbol: str,
        quantity: Number,
        limit: Number | None = None,
        stop: Number | None = None,
        confidence: float = 1.0,
        *,
        trail: Number | None = None,
        trail_percent: Number | None = None,
        limit_offset: Number | None = None,
        tif: TimeInForce | None = None,
        good_till: datetime | int | None = None,
        outside_hours: bool = False,
        type: str | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
    ) -> str:
        """Signal a purchase: a market order, or one of the type that has the prices given.

        `symbol` may be a combo, such as `AAPL 20261218 C 230/240`: see `tapewire.common.combos`.
        Its legs are traded as one order, whose prices are net ones of the whole.

        `limit` alone makes a limit order, `stop` a stop order, both a stop-limit order; `trail` (a
        distance) or `trail_percent` (of the price) a trailing stop, which `stop` may start and
        `limit_offset` gives a limit. `type` names any other: "MOC", "LOC", "MIT", "LIT", "PEG MID".

        It lasts for the day, or as `tif` says: "GTC", "IOC", "FOK", "OPG"; or until `good_till`
        (a datetime with a time zone, or nanoseconds UTC). `outside_hours` lets it trade outside
        regular hours. With `stop_loss` or `take_profit` it is the entry of a bracket: a stop and a
        limit order to sell it again go to the broker with it, and last until they are cancelled.

        Returns the order's id. While `live` is false it returns an empty text, and nothing is sent.
        Raises ValueError for a value that is not a number, and for prices that no order type has.
        """
        prices = prices_of(limit, stop, trail, trail_percent, limit_offset)
        terms = terms_of(
            "BUY", quantity, prices,
            kind=type, tif=tif, good_till=good_till, outside_hours=outside_hours,
        )  # fmt: skip
        return self._submit(symbol, terms, confidence, stop_loss, take_profit)

    def sell(
        self,
        symbol: str,
        quantity: Number,
        limit: Number | None = None,
        stop: Number | None = None,
        confidence: float = 1.0,
        *,
        trail: Number | None = None,
        trail_percent: Number | None = None,
        limit_offset: Number | None = None,
        tif: TimeInForce | None = None,
        good_till: datetime | int | None = None,
        outside_hours: bool = False,
        type: str | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
    ) -> str:
        """Signal a sale; as `buy`."""
        prices = prices_of(limit, stop, trail, trail_percent, limit_offset)
        terms = terms_of(
            "SELL", quantity, prices,
            kind=type, tif=tif, good_till=good_till, outside_hours=outside_hours,
        )  # fmt: skip
        return self._submit(symbol, terms, confidence, stop_loss, take_profit)

    def close(self, symbol: str) -> str:
        """Signal that what this strategy holds of `symbol` is to be closed, at the market.

        Its groups on the symbol close what they have open themselves. Its other orders on it are
        cancelled first, and the closing order goes when all are over and their fills are known, so
        that it never trades past flat. Returns the closing order's
        id; if nothing is left to close by then, or its orders do not end in time, `on_order` gets
        an `OrderExpired` with that id and the reason. An empty text means that there is nothing to
        close, or as `buy` does. Raises ValueError where it is held in several accounts.
        """
        return self._context.close(symbol)

    def cancel(self, order_id: str) -> str:
        """Signal that an order is to be cancelled; `order_id` is what `buy` or `sell` returned.

        Of a group, what has not been entered yet is cancelled. What it has entered keeps its
        exits; use `close` to leave it.

        Returns an id that `on_order` names if it is denied or expires; an empty text as `buy` does.
        """
        return self._context.cancel(order_id)

    def modify(
        self,
        order_id: str,
        quantity: Number | None = None,
        limit: Number | None = None,
        stop: Number | None = None,
        *,
        trail: Number | None = None,
        trail_percent: Number | None = None,
        limit_offset: Number | None = None,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
    ) -> str:
        """Signal new terms for an order; None leaves a term as it is. Returns as `cancel` does.

        Of a group, `stop_loss` and `take_profit` move its stop and its target; the other terms are
        those of its entry, and its quantities cannot be changed. Where no such exit works, nothing
        is sent, and the text is empty.

        `quantity` is the whole quantity, what is already filled included. The stop of a trailing
        order cannot be changed, for the market moves it; its distance can.
        """
        prices = prices_of(limit, stop, trail, trail_percent, limit_offset)
        changes, asked = changes_of(quantity, prices), ""
        exits: tuple[tuple[LegRole, str, Number | None], ...] = (
            ("stop", "stop", stop_loss), ("target", "limit", take_profit),
        )  # fmt: skip
        for role, name, price in exits:
            for leg_id in self._context.exits_of(order_id, role) if price is not None else ():
                asked = self._context.modify(leg_id, changes_of(None, {name: price}))
        if (stop_loss, take_profit) != (None, None) and changes == TermChanges():
            return asked
        return self._context.modify(order_id, changes)

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
    def account(self) -> AccountUpdated:
        """The account that this strategy trades in, as the broker reported it last: `equity`,
        `cash`, `buying_power`, `available_funds`, `excess_liquidity`, `initial_margin` and
        `maintenance_margin`, in its `currency`, at `ts_ns`. Each is None while it is not known."""
        return self._context.account()

    def instrument(self, symbol: str) -> StrategyInstrument:
        """What is known of `symbol`: `min_tick`, `lot`, `multiplier`, `currency`, hours and more,
        as the broker describes it; as it is configured before that. Raises ValueError for a symbol
        that is not in [[instruments]]."""
        return self._context.instrument(symbol)

    @property
    def live(self) -> bool:
        """Whether signals are sent; false while warming up and until the past is known."""
        return self._context.live

    def history(
        self,
        symbol: str,
        bars: str = "1 min",
        back: str = "1 D",
        *,
        then: Then,
        failed: Failed | None = None,
        show: Show = "TRADES",
        regular_hours: bool = False,
        timeout_ms: int = 60_000,
    ) -> str:
        """Ask for bars of the past, of the size `bars` and as far `back` as TWS's words say.

        `then` is called with them later, a tuple of `HistoryBar`, the oldest first; or `failed`
        with a `QueryFailed`, whose `reason` says why there are none. Without `failed` that is a
        dead letter. Returns the question's id; raises ValueError for what cannot be asked.
        """
        query = HistoryQuery(
            "-", symbol, bars, back, show=show, regular_hours=regular_hours, timeout_ms=timeout_ms
        )
        return self._context.query(query, then, failed)

    def chain(self, symbol: str, *, then: Then, failed: Failed | None = None) -> str:
        """Ask which options there are on `symbol`: as `history`, with a tuple of `OptionChain`."""
        return self._context.query(ChainQuery("-", symbol), then, failed)

    def query(self, query: Query, *, then: Then, failed: Failed | None = None) -> str:
        """Ask any `query.*` of docs/wire.md, such as `ScanQuery("-", Scan("MOST_ACTIVE"))`: as
        `history`, with a tuple of the answer's rows. The query gets an id of its own."""
        return self._context.query(query, then, failed)

    def bars(
        self,
        symbol: str,
        kind: BarKind,
        size: float | str,
        *,
        history: str = "",
        keep: int = KEEP,
        then: Callable[[Bar], object] | None = None,
    ) -> BarSeries:
        """Ask for bars of `size` ms ("time"; or a text such as "5m"), trades ("tick") or volume
        ("volume"); any number of sizes and symbols. Each goes to `then`, or without one to
        `on_bar`. Returns the series, which has the last `keep` of them.

        Time bars begin at whole multiples of their size (UTC); a stretch without a trade has none.
        With a `history`, as far back as TWS's words say ("2 D"), those of the past come first, once
        the broker has given them: meanwhile there are none. `live` is false while they come, and
        the time is theirs. Raises ValueError for a kind or a size that is not possible.
        """
        series = BarSeries(symbol, kind, size, keep)
        self._context.bars(series, history, then)
        return series

    def every(self, interval_ms: int) -> None:
        """Ask for `on_timer` every `interval_ms`; a turn that took longer skips the rest."""
        self._context.every(interval_ms)

    def schedule(
        self, at: str, zone: str, then: Callable[[], object], *, late_s: float = 0
    ) -> None:
        """Call `then` at a time of day: `at` is "15:55" or "15:55:30", `zone` such as
        "America/New_York"; on every day, weekends too.

        It is called once the strategy can signal, up to a minute late, and never twice for a day,
        also if the process starts again. A moment that passes while the process is down is left
        out; with `late_s` it is called at the start, if no more than that has passed. Where
        daylight saving leaves the time out, it comes as much later as the clock was put forward;
        of one that comes twice, the first counts. Raises ValueError for a time or a zone that
        there is not.
        """
        self._context.schedule(daily(at, zone), then, late_s)

    def save(self, value: Any) -> None:
        """Keep `value` over restarts: anything that MessagePack can carry, up to 1 MiB.

        It is on disk before a signal of the same turn leaves. Raises ValueError or TypeError,
        and keeps what was saved before.
        """
        self._context.save(value)

    def load(self) -> Any:
        """Return what was saved last, as dicts, lists, texts, numbers and bytes, or None."""
        return self._context.load()
