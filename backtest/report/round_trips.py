"""Round trips: from flat to flat, each with its entry, its exit and what it earned.

A trip begins with the execution that opens a position and ends with the one that brings it back to
zero; an execution through zero ends one and begins the next. Entry and exit are the averages of
what was added and of what was taken off, so a trip's P&L is the same under FIFO and average cost.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from tapewire.common.events import Fill, signed

ZERO = Decimal(0)
Direction = Literal["LONG", "SHORT"]


class RoundTrip(msgspec.Struct, frozen=True):
    """One trade. `exit_*` are None while it is open; its gross P&L is then at the last mark.

    `quantity` is all that was added; money is in the instrument's currency; `net` is without fees.
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
        """What is left of the gross P&L."""
        return self.gross - self.fees

    @property
    def holding_ns(self) -> int | None:
        """From the first execution to the last one; None while it is open."""
        return None if self.exit_ns is None else self.exit_ns - self.entry_ns


class _Trip:
    """One that is under way; amounts are sums of quantity x price."""

    def __init__(self, sign: int, entry_ns: int) -> None:
        self.sign = sign
        self.entry_ns = entry_ns
        self.added = self.added_amount = ZERO
        self.taken = self.taken_amount = ZERO
        self.fees = ZERO

    @property
    def held(self) -> Decimal:
        return self.added - self.taken


class Trips:
    """The trips of one strategy in one symbol. `multiplier` is units a contract."""

    def __init__(self, strategy: str, symbol: str, multiplier: Decimal = Decimal(1)) -> None:
        self.closed: list[RoundTrip] = []
        self._names = (strategy, symbol)
        self._multiplier = multiplier
        self._open: _Trip | None = None

    def apply(self, fill: Fill, fee: Decimal) -> None:
        """Count an execution. Its fee is divided by quantity where it goes through zero."""
        change, left = signed(fill.side, fill.quantity), fill.quantity
        sign = 1 if change > 0 else -1
        while left:
            trip = self._open
            if trip is None:
                trip = self._open = _Trip(sign, fill.ts_ns)
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
        """The trip under way, valued at `mark`; at its entry where there is none."""
        trip = self._open
        if trip is None:
            return None
        price = trip.added_amount / trip.added if mark is None else mark
        return self._told(trip, trip.taken_amount + trip.held * price, None)

    def _close(self, trip: _Trip, exit_ns: int) -> None:
        self.closed.append(self._told(trip, trip.taken_amount, exit_ns))
        self._open = None

    def _told(self, trip: _Trip, out_amount: Decimal, exit_ns: int | None) -> RoundTrip:
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


def trips_of(
    fills: Iterable[Fill], fees: Mapping[str, Decimal], multipliers: Mapping[str, Decimal]
) -> dict[tuple[str, str], Trips]:
    """All trips by strategy and symbol; `fees` is by execution id."""
    found: dict[tuple[str, str], Trips] = {}
    for fill in fills:
        key = (owner(fill), fill.symbol)
        if key not in found:
            found[key] = Trips(*key, multipliers.get(fill.symbol, Decimal(1)))
        found[key].apply(fill, fees.get(fill.exec_id, ZERO))
    return found


def owner(fill: Fill) -> str:
    """Whose execution it is; `risk` closes positions through the way out, for nobody."""
    return fill.strategy or "risk"
