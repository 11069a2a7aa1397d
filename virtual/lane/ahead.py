"""Looking ahead: the first row of a flow that an order waits for.

The columns are searched in parts, and what was found of a price is kept: as long as its order
waits, no row before is looked at again.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from tapewire.simulator.exchange.reach import Reach
from tapewire.virtual.lane.flow import Flags, Flow

PART: Final = 1_024
"""Rows that are searched first; the next part is `GROWS` times as long."""
GROWS: Final = 4
FAR: Final = 1 << 18
"""How many rows ahead are looked at: an order seldom waits for longer, and can be cancelled."""


class Ahead:
    """Finds rows of one flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._numbers = {symbol: number for number, symbol in enumerate(flow.symbols)}
        self._known: dict[Reach, tuple[int, int]] = {}
        """By what is waited for: no row from the first on and before the second matters."""

    def row(self, reaches: Iterable[Reach], start: int) -> int:
        """The first row from `start` on that may matter to any of these; one that is far ahead may
        not matter at all."""
        wanted = set(reaches)
        self._known = {one: at for one, at in self._known.items() if one in wanted}
        return min((self._row(one, start) for one in wanted), default=len(self._flow.table))

    def _row(self, reach: Reach, start: int) -> int:
        began, found = self._known.get(reach, (start, start))
        if not began <= start < found:
            self._known[reach] = start, (found := self._search(reach, start))
        return found

    def _search(self, reach: Reach, start: int) -> int:
        number = self._numbers.get(reach.symbol)
        end = min(len(self._flow.table), start + FAR)
        size = PART
        while number is not None and start < end:
            part = slice(start, min(start + size, end))
            places = np.flatnonzero(self._matters(reach, number, part))
            if len(places):
                return start + int(places[0])
            start, size = part.stop, size * GROWS
        return end

    def _matters(self, reach: Reach, number: int, part: slice) -> Flags:
        is_of: Flags = np.equal(self._flow.table.symbols.codes[part], number)
        if reach.price is None:
            return is_of
        prices, price = self._flow.prices(reach.column)[part], float(reach.price)
        is_reached: Flags = np.greater_equal(prices, price) if reach.is_rise else prices <= price
        return np.logical_and(is_of, is_reached)
