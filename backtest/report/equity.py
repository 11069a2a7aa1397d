"""Equity curves: realised and unrealised P&L less fees, at every sample and every execution."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from tapewire.backtest.report.round_trips import Key, executions, owner
from tapewire.backtest.report.sampler import Mark
from tapewire.common.accounting.book import ZERO, Book, Position
from tapewire.common.events import Fill

Curve = list[Mark]
"""Net P&L over time; it begins at 0."""


class Curves:
    """The curve of each strategy in each symbol, and of all together.

    There is a book for each strategy and symbol, with one position in it: a strategy trades in one
    account. Only risk, which closes positions wherever they are, may have several.
    """

    def __init__(self) -> None:
        self.by_key: dict[Key, Curve] = {}
        self.total: Curve = []
        self._books: defaultdict[str, dict[str, Book]] = defaultdict(dict)  # by symbol, strategy
        self._values: dict[Key, Decimal] = {}
        self._sum = ZERO

    def draw(self, book: Book, marks: Mapping[str, Sequence[Mark]]) -> None:
        """Walk through the executions of `book` and the marks in order of time; of the same time,
        executions come first.

        In the end every position is valued at its last mark, which may be older than a fill.
        """
        last_ns = 0
        for ts_ns, event in _in_order(executions(book), marks):
            last_ns = ts_ns
            if isinstance(event, Fill):
                self._trade(event, book)
            else:
                self._mark(ts_ns, *event)
        for symbol in sorted(marks):
            if marks[symbol]:
                self._mark(last_ns, symbol, marks[symbol][-1][1])

    def positions(self, strategy: str, symbol: str) -> list[Position]:
        """A strategy's positions in a symbol, by account."""
        return list(self._books[symbol][strategy].of())

    def _trade(self, fill: Fill, whole: Book) -> None:
        strategy, symbol = owner(fill), fill.symbol
        multiplier = whole.position(fill.account, symbol).multiplier
        book = self._books[symbol].setdefault(strategy, Book({symbol: multiplier}))
        book.apply_fill(fill)
        commission = whole.commission(fill.exec_id)
        if commission is not None:
            book.apply_commission(commission)
        book.mark(symbol, fill.price)  # newer than the last sample, which may be far away by now
        self._note(fill.ts_ns, strategy, symbol)

    def _mark(self, ts_ns: int, symbol: str, price: Decimal) -> None:
        for strategy, book in self._books[symbol].items():
            book.mark(symbol, price)
            self._note(ts_ns, strategy, symbol)

    def _note(self, ts_ns: int, strategy: str, symbol: str) -> None:
        key = strategy, symbol
        value = sum((_net(position) for position in self._books[symbol][strategy].of()), ZERO)
        self._sum += value - self._values.get(key, ZERO)
        self._values[key] = value
        _add(self.by_key.setdefault(key, []), ts_ns, value)
        _add(self.total, ts_ns, self._sum)


def _net(position: Position) -> Decimal:
    return position.realised + (position.unrealised or ZERO) - position.fees


def drawdown(curve: Iterable[Mark]) -> Decimal:
    """The deepest fall of net P&L below its highest value before, which is at least 0."""
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
    """Add a point, in place of an earlier one of the same time."""
    if curve and curve[-1][0] == ts_ns:
        curve[-1] = (ts_ns, value)
    else:
        curve.append((ts_ns, value))
