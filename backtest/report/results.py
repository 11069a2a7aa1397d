"""What each strategy earned in each symbol, and all together."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from tapewire.backtest.report.equity import Curve, Curves, drawdown
from tapewire.backtest.report.round_trips import (
    Key,
    RoundTrip,
    executions,
    owner,
    round_trips_of,
)
from tapewire.backtest.report.sampler import Mark
from tapewire.common.accounting.book import ZERO, Book


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy in one symbol, or a sum of such results. Money is in the instruments' currency.

    `trades` counts closed round trips, and `wins` those with a net P&L above 0. `quantity` is the
    sum of all executions, bought or sold. `position` is what is still held, valued at the last
    mark. `max_drawdown` is the deepest fall of the net P&L below its highest value before.
    """

    strategy: str
    symbol: str
    trades: int
    wins: int
    quantity: Decimal
    position: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    max_drawdown: Decimal
    holding_ns: int

    @property
    def gross(self) -> Decimal:
        """Realised and unrealised P&L, before fees."""
        return self.realised + self.unrealised

    @property
    def net(self) -> Decimal:
        """Gross P&L less fees; the last point of the equity curve."""
        return self.gross - self.fees

    @property
    def win_rate(self) -> float | None:
        """The share of wins in all trades, 0 to 1; None without trades."""
        return round(self.wins / self.trades, 4) if self.trades else None

    @property
    def holding_s(self) -> float | None:
        """The average time from entry to exit, in seconds; None without trades."""
        return round(self.holding_ns / self.trades / 1e9, 3) if self.trades else None


class Results:
    """What follows from a book of executions, with their fees, and from marks."""

    def __init__(self, book: Book, marks: Mapping[str, Sequence[Mark]]) -> None:
        self.fills = executions(book)
        self.commissions = {
            fill.exec_id: commission.amount
            for fill in self.fills
            if (commission := book.commission(fill.exec_id)) is not None
        }
        self.marks = marks
        self.curves = Curves()
        self.curves.draw(book, marks)
        self._round_trips = round_trips_of(book)
        keys = sorted(self._round_trips)
        self.rows = [self._row(*key) for key in keys]
        self.strategies = [
            self._sum(strategy, [r for r in self.rows if r.strategy == strategy])
            for strategy in sorted({r.strategy for r in self.rows})
        ]
        self.total = self._sum("", self.rows)
        self.trades = sorted(
            (one for trips in self._round_trips.values() for one in trips.closed),
            key=lambda t: (t.entry_ns, t.strategy, t.symbol),
        )
        self.open_trades = [one for key in keys if (one := self._open(*key))]

    def _row(self, strategy: str, symbol: str) -> Result:
        positions = self.curves.positions(strategy, symbol)
        closed = self._round_trips[strategy, symbol].closed
        own = [f for f in self.fills if f.symbol == symbol and owner(f) == strategy]
        return Result(
            strategy=strategy,
            symbol=symbol,
            trades=len(closed),
            wins=sum(t.net > 0 for t in closed),
            quantity=sum((f.quantity for f in own), ZERO),
            position=sum((p.quantity for p in positions), ZERO),
            realised=sum((p.realised for p in positions), ZERO),
            unrealised=sum((p.unrealised or ZERO for p in positions), ZERO),
            fees=sum((p.fees for p in positions), ZERO),
            max_drawdown=drawdown(self.curves.by_key[strategy, symbol]),
            holding_ns=sum(t.holding_ns or 0 for t in closed),
        )

    def _sum(self, strategy: str, rows: Sequence[Result]) -> Result:
        """The sum of `rows`, with the drawdown of their common curve."""
        curve = self.curve(strategy) if strategy else self.curves.total
        return Result(
            strategy=strategy,
            symbol="",
            trades=sum(r.trades for r in rows),
            wins=sum(r.wins for r in rows),
            quantity=sum((r.quantity for r in rows), ZERO),
            position=sum((r.position for r in rows), ZERO),
            realised=sum((r.realised for r in rows), ZERO),
            unrealised=sum((r.unrealised for r in rows), ZERO),
            fees=sum((r.fees for r in rows), ZERO),
            max_drawdown=drawdown(curve),
            holding_ns=sum(r.holding_ns for r in rows),
        )

    def curve(self, strategy: str) -> Curve:
        """A strategy's equity over all its symbols."""
        curves = {key: c for key, c in self.curves.by_key.items() if key[0] == strategy}
        return added(curves)

    def _open(self, strategy: str, symbol: str) -> RoundTrip | None:
        mark = self.curves.positions(strategy, symbol)[0].mark
        return self._round_trips[strategy, symbol].open_trip(mark)


def added(curves: Mapping[Key, Curve]) -> Curve:
    """The sum of curves, with a point wherever one of them has one."""
    points = sorted((ts, key, value) for key, curve in curves.items() for ts, value in curve)
    now: dict[Key, Decimal] = {}
    total, out = ZERO, Curve()
    for ts_ns, key, value in points:
        total += value - now.get(key, ZERO)
        now[key] = value
        if out and out[-1][0] == ts_ns:
            out[-1] = (ts_ns, total)
        else:
            out.append((ts_ns, total))
    return out
