"""The day's open, high and low of a symbol's trades, and the close before it.

They come from history when a symbol is first subscribed to, and from each trade after that, so that
they are what the bar of the day says. As in history, a day begins at midnight, UTC.
"""

import math
from collections.abc import Iterator
from typing import Final

from tapewire.simulator.market.history import History

OPEN, HIGH, LOW, CLOSE = range(4)
DAY_NS: Final = 86_400_000_000_000
LOOK_BACK_DAYS: Final = 7
"""How many days before this one the last close is looked for."""


class Day:
    """The day of a symbol. `last` is its last trade, `low` above `high` where there was none today;
    `end_ns` is midnight."""

    __slots__ = ("close", "end_ns", "high", "last", "low", "open")
    open: float | None
    high: float
    low: float
    close: float | None

    def __init__(self, history: History, symbol: str, now_ns: int) -> None:
        begin_ns = now_ns // DAY_NS * DAY_NS
        before = history.trades(symbol, begin_ns - LOOK_BACK_DAYS * DAY_NS, begin_ns)
        self.last: float | None = None if before is None else before.close
        self._begin(now_ns)
        today = history.trades(symbol, begin_ns, now_ns + 1)
        if today is not None:
            self.open, self.high, self.low = today.open, today.high, today.low
            self.last = today.close

    def prices(self) -> Iterator[tuple[int, float]]:
        """Those of the four that there are, each with which it is."""
        if self.open is not None:
            yield from ((OPEN, self.open), (HIGH, self.high), (LOW, self.low))
        if self.close is not None:
            yield CLOSE, self.close

    def take(self, price: float, now_ns: int) -> list[tuple[int, float]]:
        """A trade; the prices that it has changed."""
        before = dict(self.prices())
        if now_ns >= self.end_ns:
            before = {}
            self._begin(now_ns)
        if self.open is None:
            self.open = price
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.last = price
        return [one for one in self.prices() if before.get(one[0]) != one[1]]

    def _begin(self, now_ns: int) -> None:
        """A day begins: what was traded last is the close of the one before."""
        self.end_ns = now_ns // DAY_NS * DAY_NS + DAY_NS
        self.close = self.last
        self.open = None
        self.high, self.low = -math.inf, math.inf
