"""Orders, fills and positions as the journals tell them, with the group up or down."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common.accounting.book import Book, execution_key
from tapewire.common.config.settings import Config
from tapewire.common.events import (
    AccountPosition,
    Commission,
    Event,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderModified,
    OrderRefused,
    OrderRejected,
    OrderState,
    OrderUnknown,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.console.records.books import read_journal
from tapewire.console.records.journals import Journals
from tapewire.console.views.plural import counted

ZERO: Final = Decimal(0)
LIVE: Final = ("CREATED", "INTENDED", "ACCEPTED", "UNKNOWN")
SOURCES: Final = ("gateway", "way-out", "executor")

_STATE_AFTER: Final[dict[type[Event], OrderState]] = {
    OrderIntended: "INTENDED",
    OrderRefused: "REFUSED",
    OrderAccepted: "ACCEPTED",
    OrderRejected: "REJECTED",
    OrderCancelled: "CANCELLED",
    OrderFilled: "FILLED",
    OrderUnknown: "UNKNOWN",
    OrderLost: "LOST",
}


class Only(NamedTuple):
    """Which part of all trading is asked for: of one strategy, in one symbol, or what is live."""

    strategy: str | None = None
    symbol: str | None = None
    live: bool = False

    def fits(self, strategy: str | None, symbol: str) -> bool:
        """Whether what this strategy did in this symbol is asked for; None: nobody's order."""
        return self.strategy in (None, strategy) and self.symbol in (None, symbol)

    def none(self, nouns: str) -> str:
        """That there are none, such as `no live orders of dip in AAPL yet`."""
        live = "live " if self.live else ""
        of = f" of {self.strategy}" if self.strategy else ""
        in_symbol = f" in {self.symbol}" if self.symbol else ""
        return f"no {live}{nouns}{of}{in_symbol}{'' if self.live else ' yet'}"


class Order:
    """One order and what became of it. `sent_ns`: when it was written to TWS, None if unknown.

    `quantity` and `limit_price` are its present terms, which a change may have moved.
    """

    def __init__(self, order: SubmitOrder, ts_ns: int) -> None:
        self.order = order
        self.ts_ns = ts_ns
        self.quantity = order.quantity
        self.limit_price = order.limit_price
        self.state: OrderState = "CREATED"
        self.reason = ""
        self.order_id: int | None = None
        self.perm_id: int | None = None
        self.sent_ns: int | None = None
        self.fills: dict[str, Fill] = {}

    def __repr__(self) -> str:
        return f"<Order {self.order.intent_id}: {self.state}, filled {self.filled}>"

    @property
    def filled(self) -> Decimal:
        """How much of it was executed."""
        return sum((fill.quantity for fill in self.fills.values()), ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """What an executed unit cost; None before the first."""
        paid = sum((fill.quantity * fill.price for fill in self.fills.values()), ZERO)
        return paid / self.filled if self.filled else None

    @property
    def latency_us(self) -> float | None:
        """Microseconds from the tick that caused it to its bytes going to TWS."""
        if self.sent_ns is None or not self.order.cause_ns:
            return None
        return (self.sent_ns - self.order.cause_ns) / 1000

    def move(self, event: Event) -> None:
        """Take in what the gateway tells of it. Filled is the end: nothing takes it back."""
        if isinstance(event, OrderModified):
            self.quantity, self.limit_price = event.quantity, event.limit_price
        state = _STATE_AFTER.get(type(event))
        if state is None or self.state == "FILLED":
            return
        self.state, self.reason = state, str(getattr(event, "reason", ""))
        if isinstance(event, OrderIntended):
            self.order_id = event.order_id
        elif isinstance(event, OrderAccepted):
            self.perm_id = event.perm_id
            self.sent_ns = event.sent_ns or self.sent_ns


class Trading:
    """What all journals add up to: orders by intent id, fills by execution, positions by symbol."""

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self.orders: dict[str, Order] = {}
        self.fills: dict[str, Fill] = {}
        self.commissions: dict[str, Commission] = {}
        self.account: dict[str, AccountPosition] = {}
        self.book = Book({i.symbol: i.multiplier for i in instruments})

    def apply(self, event: Event) -> None:
        """Take in an event of any journal, each journal in its order."""
        if isinstance(event, OrderCreated | OrderIntended):
            intent_id = event.order.intent_id
            self.orders.setdefault(intent_id, Order(event.order, event.ts_ns)).move(event)
        elif isinstance(event, Fill):
            self._fill(event)
        elif isinstance(event, Commission):
            if self.book.apply_commission(event):
                self.commissions[execution_key(event.exec_id)] = event
        elif isinstance(event, AccountPosition):
            self.account[event.symbol] = event
        else:
            order = self.orders.get(getattr(event, "intent_id", ""))
            if order is not None:
                order.move(event)

    def strategies(self) -> set[str]:
        """Every strategy that has ordered."""
        return {one.order.strategy for one in self.orders.values()}

    def symbols(self) -> set[str]:
        """Every symbol that was ordered, was traded, or is held by the account."""
        ordered = {one.order.symbol for one in self.orders.values()}
        return ordered | self.book.positions.keys() | self.account.keys()

    def commission(self, fill: Fill) -> Commission | None:
        """What an execution cost; None while that is not told."""
        return self.commissions.get(execution_key(fill.exec_id))

    def _fill(self, fill: Fill) -> None:
        """Count an execution once, whichever gateway tells it; a correction takes its place."""
        if not self.book.apply_fill(fill):
            return
        key = execution_key(fill.exec_id)
        self.fills[key] = fill
        order = self.orders.get(fill.intent_id or "")
        if order is not None:
            order.fills[key] = fill


def read(run_dir: Path, instruments: Iterable[Instrument] = ()) -> Trading:
    """All that the journals of `run_dir` tell of trading."""
    trading = Trading(instruments)
    with Journals(run_dir, sources=SOURCES) as journals:
        for entry in journals.until():
            trading.apply(entry.event)
    return trading


def orders(trading: Trading, only: Only) -> list[Order]:
    """The orders that are asked for, oldest first; live ones are those that work, or may."""
    return [
        one
        for one in sorted(trading.orders.values(), key=lambda one: one.ts_ns)
        if only.fits(one.order.strategy, one.order.symbol) and (one.state in LIVE or not only.live)
    ]


def fills(trading: Trading, only: Only) -> list[Fill]:
    """The fills that are asked for, oldest first; those of nobody's order have no strategy."""
    return [
        fill
        for fill in sorted(trading.fills.values(), key=lambda fill: fill.ts_ns)
        if only.fits(fill.strategy, fill.symbol)
    ]


def commission_of(trading: Trading, found: Iterable[Fill]) -> dict[str, Decimal]:
    """What executions cost together, by currency; what was not told yet is not in it."""
    total: dict[str, Decimal] = {}
    for fill in found:
        cost = trading.commission(fill)
        if cost is not None:
            total[cost.currency] = total.get(cost.currency, ZERO) + cost.amount
    return total


def untraded(config: Config, strategy: str | None = None) -> str:
    """How many signals came to no order, with the last one's reason; empty if none did."""
    kinds = (OrderDenied, OrderExpired)
    journal = read_journal(config.run_dir.absolute(), "executor")
    found = [e for e in journal if isinstance(e, kinds) and strategy in (None, e.strategy)]
    if not found:
        return ""
    reason = found[-1].reason or "it had expired"
    return (
        f"{counted(len(found), 'signal')} came to no order, the last because: {reason}."
        " `tapewire events --type order.denied --type order.expired` shows them all"
    )
