"""Accounts: what journaled events add up to, for every process that needs more than orders.

A book of executions, every order, and what the broker reports of positions, fed together so that
an exposure is taken from one moment. Executor, risk and console fold the journals here.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Generic, NamedTuple

from tapewire.common.accounting.book import ZERO, Book, Key, Reported
from tapewire.common.accounting.changes import Changes
from tapewire.common.accounting.currencies import UNKNOWN
from tapewire.common.accounting.executions import Executions
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.accounting.orders import Order, Orders, OrderT
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.amounts import text
from tapewire.common.events import (
    Commission,
    Event,
    ExecutionsCarried,
    Fill,
    ForeignOrderReported,
    OrderCreated,
    OrderIntended,
    PositionCarried,
    PositionReported,
    StampReached,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument


class Earned(NamedTuple):
    """What positions in one currency have come to; without those that have no mark, `unrealised`
    is of the others."""

    realised: Decimal = ZERO
    unrealised: Decimal = ZERO
    fees: Decimal = ZERO

    def as_text(self) -> dict[str, str]:
        """The amounts by their names, as JSON has them."""
        return {name: text(amount) for name, amount in self._asdict().items()}


class Accounts(Generic[OrderT]):
    """The accounts as the events show them; each execution counts once, whoever reports it."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        make: Callable[[SubmitOrder, Executions], OrderT],
        day_of: TradingDays | None = None,
    ) -> None:
        self.instruments = {i.symbol: i for i in instruments}
        self.book = Book({i.symbol: i.multiplier for i in self.instruments.values()}, day_of)
        self.changes = Changes()
        self.orders: Orders[OrderT] = Orders(make, self.changes)
        self.reported = Reported()
        self._keys: set[Key] = set()
        self._on: Mapping[type[Event], Callable[[Any, str], OrderT | None]] = {
            Fill: self._filled,
            Commission: self._charged,
            PositionReported: self._reported,
            ForeignOrderReported: self._foreign,
            PositionCarried: self._carried,
            ExecutionsCarried: self.book.carry,
            StampReached: self.book.carry,
            OrderCreated: self._ordered,
            OrderIntended: self._ordered,
        }

    def apply(self, event: Event, source: str = "") -> OrderT | None:
        """Take in an event; gives the order that it is about, if that is known here.

        `source` names the journal that the event is from, where there are several.
        """
        handler = self._on.get(type(event))
        return handler(event, source) if handler is not None else self.orders.apply(event)

    def _filled(self, fill: Fill, source: str) -> OrderT | None:
        corrected = self.book.fill(fill.exec_id)
        self.book.apply_fill(fill, source)
        for one in (fill, corrected or fill):
            self._touch(one.account, one.symbol)
        return self.orders.apply(fill)  # known from another gateway, it may lack its order

    def _charged(self, commission: Commission, _source: str) -> None:
        self.book.apply_commission(commission)

    def _reported(self, event: PositionReported, source: str) -> None:
        self._touch(event.account, event.symbol)
        self.reported.apply(event, source)

    def _foreign(self, event: ForeignOrderReported, source: str) -> None:
        for part in event.parts:
            self._touch(event.account, part.symbol)
        self.orders.foreign.apply(event, source)

    def _carried(self, event: PositionCarried, source: str) -> None:
        self._touch(event.account, event.symbol)
        self.book.carry(event, source)

    def _ordered(self, event: OrderCreated | OrderIntended, _source: str) -> OrderT | None:
        order = event.order
        for symbol in order.symbols:
            self._touch(order.account, symbol)
        return self.orders.apply(event)

    def _touch(self, account: str, symbol: str) -> None:
        """An event is about this position: it is known from now on, and may have changed."""
        self._keys.add((account, symbol))
        self.changes.add((account, symbol))

    def exposure(self, account: str, symbol: str, without: Order | None = None) -> Exposure:
        """The position of `symbol` in `account` with all that could still fill, but for the order
        `without`."""
        held, reported = self.book.quantity(account, symbol), self.reported.quantity
        buying, selling = self.orders.working(account, symbol, without)
        return Exposure(held, buying, selling, reported(account, symbol))

    def strategy_of(self, fill: Fill) -> str | None:
        """The strategy of an execution; None if none of ours ordered it. The gateway that placed
        the order knows it; but the other one may have journaled the execution first, and then its
        version is the one that counts."""
        if fill.strategy is not None:
            return fill.strategy
        order = self.orders.of_execution(fill.exec_id)
        return order.order.strategy if order is not None else None

    def keys(self) -> set[Key]:
        """Every account and symbol that was ever ordered, was traded or is held."""
        return self._keys

    def held(self) -> dict[Key, Decimal]:
        """Open positions as the broker reports them; as the fills make them, where it has not."""
        held = {key: position.quantity for key, position in self.book.positions.items()}
        held |= {key: reported.quantity for key, reported in self.reported.items()}
        return {key: quantity for key, quantity in held.items() if quantity}

    def currency(self, symbol: str) -> str:
        """The currency that a symbol is traded in; `?` if it is not configured."""
        known = self.instruments.get(symbol)
        return known.currency if known is not None else UNKNOWN

    def earned(self) -> dict[str, Earned]:
        """What all positions have come to, by currency: nobody here knows what one is worth in
        another."""
        sums: dict[str, Earned] = {}
        for (_, symbol), one in sorted(self.book.positions.items()):
            currency = self.currency(symbol)
            before = sums.get(currency, Earned())
            sums[currency] = Earned(
                before.realised + one.realised,
                before.unrealised + (one.unrealised or ZERO),
                before.fees + one.fees,
            )
        return sums

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values: what a replay of the journals must come to."""
        return {
            "orders": self.orders.snapshot(),
            "foreign": self.orders.foreign.snapshot(),
            "book": self.book.snapshot(),
            "reported": self.reported.snapshot(),
        }
