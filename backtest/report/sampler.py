"""Samples: the price of each symbol at regular times, taken from the rows as they pass."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.trading_days import Days, next_day_ns
from tapewire.common.ticks.rows import Row

SAMPLES: Final = 1_500
STEPS: Final = (1, 2, 5)

Mark = tuple[int, Decimal]
"""A time in UTC nanoseconds and the price then."""


def every_ns(span_ns: int) -> int:
    """The time between samples: 1, 2 or 5 times a power of ten, for at most `SAMPLES` of them."""
    wanted, unit = span_ns // SAMPLES + 1, 1
    while True:
        for step in STEPS:
            if step * unit >= wanted:
                return step * unit
        unit *= 10


def price_of(bid: str | None, ask: str | None, last: str | None) -> Decimal | None:
    """The midpoint, else the last trade price; None where there is neither."""
    if bid and ask:
        return (Decimal(bid) + Decimal(ask)) / 2
    return Decimal(last) if last else None


class Sampler:
    """Passes rows on and keeps each symbol's price at the end of each span of `every_ns`, and of
    each trading day by `day_of`.

    The price is the midpoint, else the last trade price. A symbol without a row in a span has no
    mark for it: its mark before stays in force.
    """

    def __init__(self, first_ns: int, every_ns: int, day_of: Days) -> None:
        self.every_ns = every_ns
        self.marks: dict[str, list[Mark]] = {}
        self._first_ns = first_ns
        self._day_of = day_of
        self._next_ns = self._end_ns(first_ns)
        self._latest: dict[str, list[str | None]] = {}
        self._touched: set[str] = set()

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, unchanged; the last marks are taken when they end."""
        latest, touched, last_ns = self._latest, self._touched, 0
        for row in rows:
            last_ns = row.ts_ns
            if last_ns >= self._next_ns:
                self._take(self._next_ns)
                self._next_ns = self._end_ns(last_ns)
            prices = latest.get(row.symbol)
            if prices is None:
                prices = latest[row.symbol] = [None, None, None]
            if row.bid is not None:
                prices[0] = row.bid
            if row.ask is not None:
                prices[1] = row.ask
            if row.last is not None:
                prices[2] = row.last
            touched.add(row.symbol)
            yield row
        self._take(last_ns)

    def _end_ns(self, now_ns: int) -> int:
        """When the span or the trading day of `now_ns` ends, whichever is first. What is sampled
        then is still of that day."""
        spans = (now_ns - self._first_ns) // self.every_ns + 1
        return min(self._first_ns + spans * self.every_ns, next_day_ns(self._day_of, now_ns) - 1)

    def _take(self, ts_ns: int) -> None:
        for symbol in sorted(self._touched):
            price = price_of(*self._latest[symbol])
            if price is not None:
                self.marks.setdefault(symbol, []).append((ts_ns, price))
        self._touched.clear()
