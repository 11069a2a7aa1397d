"""Looking ahead: the first row of a flow that an order waits for, or at which a rule may look.

The columns are searched in parts, and what was found of a price is kept: as long as it is waited
for, no row before is looked at again.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from tapewire.risk.rules.quiet import PriceBound
from tapewire.simulator.exchange.reach import Reach
from tapewire.virtual.lane.flow import Flow
from tapewire.virtual.lane.numbers import Flags

PART: Final = 1_024
"""Rows that are searched first; the next part is `GROWS` times as long."""
GROWS: Final = 4
FAR: Final = 1 << 18
"""How many rows ahead are looked at: an order seldom waits for longer, and can be cancelled."""


class Price(NamedTuple):
    """A row matters once its newest price in `column` is there, or beyond; see `Reach`."""

    symbol: str
    column: str
    price: Decimal | None
    is_rise: bool


def waited_for(reaches: Iterable[Reach]) -> set[Price]:
    """What orders wait for."""
    return {Price(*one) for one in reaches}


def bounded(bounds: Iterable[PriceBound]) -> set[Price]:
    """What rules may look at: a mark is the midpoint of a quote, or the price of a trade."""
    return {
        Price(one.symbol, column, one.price, one.is_rise)
        for one in bounds
        for column in ("mid", "trade")
    }


class Ahead:
    """Finds rows of one flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._numbers = {symbol: number for number, symbol in enumerate(flow.symbols)}
        self._known: dict[Price, tuple[int, int]] = {}
        """By what is waited for: no row from the first on and before the second matters."""

    def row(self, wanted: set[Price], start: int) -> int:
        """The first row from `start` on that may matter to any of these; one that is far ahead may
        not matter at all."""
        self._known = {one: at for one, at in self._known.items() if one in wanted}
        return min((self._row(one, start) for one in wanted), default=len(self._flow.table))

    def _row(self, one: Price, start: int) -> int:
        began, found = self._known.get(one, (start, start))
        if not began <= start < found:
            self._known[one] = start, (found := self._search(one, start))
        return found

    def _search(self, one: Price, start: int) -> int:
        number = self._numbers.get(one.symbol)
        end = min(len(self._flow.table), start + FAR)
        size = PART
        while number is not None and start < end:
            part = slice(start, min(start + size, end))
            places = np.flatnonzero(self._matters(one, number, part))
            if len(places):
                return start + int(places[0])
            start, size = part.stop, size * GROWS
        return end

    def _matters(self, one: Price, number: int, part: slice) -> Flags:
        is_of: Flags = np.equal(self._flow.table.symbols.codes[part], number)
        if one.price is None:
            return is_of
        prices, price = self._flow.prices(one.column)[part], float(one.price)
        is_reached: Flags = np.greater_equal(prices, price) if one.is_rise else prices <= price
        return np.logical_and(is_of, is_reached)
