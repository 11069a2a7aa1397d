"""Equity curves: realised and unrealised P&L less fees, at every sample and every execution."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from tapewire.backtest.report.round_trips import owner
from tapewire.backtest.report.sampler import Mark
from tapewire.common.accounting.book import Book, Position
from tapewire.common.events import Commission, Fill

ZERO = Decimal(0)
Key = tuple[str, str]
"""A strategy and a symbol."""
Curve = list[Mark]
"""Net P&L over time; it begins at 0."""


class Curves:
    """The curve of each strategy in each symbol, and of all together.

    Each strategy has a `tapewire.common.accounting.book.Book` of its own, fed with its own fills and marks.
    """

    def __init__(self, multipliers: Mapping[str, Decimal]) -> None:
        self.books: dict[str, Book] = {}
        self.by_key: dict[Key, Curve] = {}
        self.total: Curve = []
        self._multipliers = multipliers
        self._values: dict[Key, Decimal] = {}
        self._sum = ZERO

    def draw(
        self,
        fills: Sequence[Fill],
        commissions: Mapping[str, Commission],
        marks: Mapping[str, Sequence[Mark]],
    ) -> None:
        """Walk through executions and marks in order of time; an execution goes first.

        In the end all that is held is valued at its last mark, which may be older than a fill.
        """
        last_ns = 0
        for ts_ns, event in _in_order(fills, marks):
            last_ns = ts_ns
            if isinstance(event, Fill):
                self._trade(event, commissions.get(event.exec_id))
            else:
                self._mark(ts_ns, *event)
        for symbol in sorted(marks):
            if marks[symbol]:
                self._mark(last_ns, symbol, marks[symbol][-1][1])

    def _trade(self, fill: Fill, commission: Commission | None) -> None:
        key = (owner(fill), fill.symbol)
        book = self.books.setdefault(key[0], Book(self._multipliers))
        book.apply_fill(fill)
        if commission is not None:
            book.apply_commission(commission)
        position = book.position(fill.symbol)
        position.mark = fill.price  # newer than the last sample, which may be far away by now
        self._note(fill.ts_ns, key, position)

    def _mark(self, ts_ns: int, symbol: str, price: Decimal) -> None:
        for strategy, book in self.books.items():
            position = book.positions.get(symbol)
            if position is not None:
                position.mark = price
                self._note(ts_ns, (strategy, symbol), position)

    def _note(self, ts_ns: int, key: Key, position: Position) -> None:
        value = position.realised + (position.unrealised or ZERO) - position.commission
        self._sum += value - self._values.get(key, ZERO)
        self._values[key] = value
        _add(self.by_key.setdefault(key, []), ts_ns, value)
        _add(self.total, ts_ns, self._sum)


def drawdown(curve: Iterable[Mark]) -> Decimal:
    """The deepest fall of net P&L below the highest it had reached before, 0 at the start."""
    peak = deepest = ZERO
    for _, value in curve:
        peak = max(peak, value)
        deepest = max(deepest, peak - value)
    return deepest


def _in_order(
    fills: Sequence[Fill], marks: Mapping[str, Sequence[Mark]]
) -> Iterator[tuple[int, Fill | tuple[str, Decimal]]]:
    """Executions and marks by time; of one time executions first, then symbols by name."""
    streams: list[Iterator[tuple[int, int, str, Fill | Decimal]]] = [
        ((f.ts_ns, 0, f"{n:09d}", f) for n, f in enumerate(fills))
    ]
    for symbol in sorted({f.symbol for f in fills} & marks.keys()):
        streams.append(_stream(symbol, marks[symbol]))
    for ts_ns, _, name, event in heapq.merge(*streams, key=lambda item: item[:3]):
        yield ts_ns, event if isinstance(event, Fill) else (name, event)


def _stream(symbol: str, marks: Sequence[Mark]) -> Iterator[tuple[int, int, str, Fill | Decimal]]:
    for ts_ns, price in marks:
        yield ts_ns, 1, symbol, price


def _add(curve: Curve, ts_ns: int, value: Decimal) -> None:
    """One point a time: the last value counts."""
    if curve and curve[-1][0] == ts_ns:
        curve[-1] = (ts_ns, value)
    else:
        curve.append((ts_ns, value))
