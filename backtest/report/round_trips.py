"""Round trips: from flat to flat, each with its entry, its exit and its P&L.

A round trip begins with the execution that opens a position and ends with the one that brings it
back to zero. An execution through zero ends one and begins the next. Entry and exit price are the
averages of what was added and of what was taken off, so the P&L is the same under FIFO and average
cost.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tapewire.common import roles
from tapewire.common.accounting.book import ZERO, Book
from tapewire.common.events import Fill, signed

Direction = Literal["LONG", "SHORT"]
Key = tuple[str, str]
"""A strategy and a symbol."""


class RoundTrip(msgspec.Struct, frozen=True):
    """One trade. While it is open, `exit_*` are None and its gross P&L is that at the last mark.

    `quantity` is the sum of all that was added. Money is in the instrument's currency.
    """

    strategy: str
    symbol: str
    direction: Direction
    quantity: Decimal
    entry_ns: int
    entry_price: Decimal
    exit_ns: int | None
    exit_price: Decimal | None
    gross: Decimal
    fees: Decimal

    @property
    def net(self) -> Decimal:
        """Gross P&L less fees."""
        return self.gross - self.fees

    @property
    def holding_ns(self) -> int | None:
        """The time from the first execution to the last; None while it is open."""
        return None if self.exit_ns is None else self.exit_ns - self.entry_ns


class _OpenTrip:
    """A round trip that has not ended; amounts are sums of quantity x price."""

    def __init__(self, sign: int, entry_ns: int) -> None:
        self.sign = sign
        self.entry_ns = entry_ns
        self.added = self.added_amount = ZERO
        self.taken = self.taken_amount = ZERO
        self.fees = ZERO

    @property
    def held(self) -> Decimal:
        return self.added - self.taken


class RoundTrips:
    """The round trips of one strategy in one symbol. `multiplier` is the units per contract."""

    def __init__(self, strategy: str, symbol: str, multiplier: Decimal = Decimal(1)) -> None:
        self.closed: list[RoundTrip] = []
        self._names = (strategy, symbol)
        self._multiplier = multiplier
        self._open: _OpenTrip | None = None

    def apply(self, fill: Fill, fee: Decimal) -> None:
        """Take in an execution. If it goes through zero, both trips share its fee by quantity."""
        change, left = signed(fill.side, fill.quantity), fill.quantity
        sign = 1 if change > 0 else -1
        while left:
            trip = self._open
            if trip is None:
                trip = self._open = _OpenTrip(sign, fill.ts_ns)
            part = left if trip.sign == sign else min(left, trip.held)
            trip.fees += fee * part / fill.quantity
            if trip.sign == sign:
                trip.added += part
                trip.added_amount += part * fill.price
            else:
                trip.taken += part
                trip.taken_amount += part * fill.price
                if not trip.held:
                    self._close(trip, fill.ts_ns)
            left -= part

    def open_trip(self, mark: Decimal | None) -> RoundTrip | None:
        """The open trip, valued at `mark`; at its entry price if there is no mark."""
        trip = self._open
        if trip is None:
            return None
        price = trip.added_amount / trip.added if mark is None else mark
        return self._round_trip(trip, trip.taken_amount + trip.held * price, None)

    def _close(self, trip: _OpenTrip, exit_ns: int) -> None:
        self.closed.append(self._round_trip(trip, trip.taken_amount, exit_ns))
        self._open = None

    def _round_trip(self, trip: _OpenTrip, out_amount: Decimal, exit_ns: int | None) -> RoundTrip:
        strategy, symbol = self._names
        return RoundTrip(
            strategy=strategy,
            symbol=symbol,
            direction="LONG" if trip.sign > 0 else "SHORT",
            quantity=trip.added,
            entry_ns=trip.entry_ns,
            entry_price=trip.added_amount / trip.added,
            exit_ns=exit_ns,
            exit_price=None if exit_ns is None else trip.taken_amount / trip.taken,
            gross=trip.sign * (out_amount - trip.added_amount) * self._multiplier,
            fees=trip.fees,
        )


def round_trips_of(book: Book) -> dict[Key, RoundTrips]:
    """The round trips of all executions in `book`, by strategy and symbol."""
    found: dict[Key, RoundTrips] = {}
    for fill in executions(book):
        key = (owner(fill), fill.symbol)
        if key not in found:
            multiplier = book.position(fill.account, fill.symbol).multiplier
            found[key] = RoundTrips(*key, multiplier)
        commission = book.commission(fill.exec_id)
        found[key].apply(fill, commission.amount if commission is not None else ZERO)
    return found


def executions(book: Book) -> list[Fill]:
    """Each execution of `book` once, in order of time."""
    return sorted(book.fills(), key=lambda fill: fill.ts_ns)


def owner(fill: Fill) -> str:
    """The strategy whose execution it is. Risk's own, which close positions, have none."""
    return fill.strategy or roles.RISK
