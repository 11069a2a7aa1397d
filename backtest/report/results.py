"""What each strategy earned in each symbol, and all together."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from tapewire.backtest.report.equity import Curve, Curves, Key, drawdown
from tapewire.backtest.report.round_trips import RoundTrip, Trips, trips_of
from tapewire.backtest.report.sampler import Mark
from tapewire.common.accounting.book import Book, execution_key
from tapewire.common.events import Commission, Event, Fill

ZERO = Decimal(0)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy in one symbol, or a sum of such; money in the instruments' currency.

    `trades` are closed round trips and `wins` those with a net P&L above 0; `quantity` is all that
    was executed, either way; `position` is what is still held, valued at the last mark.
    `max_drawdown` is the deepest fall of the net P&L below its highest before.
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
        """A trade's average time from entry to exit, in seconds; None without trades."""
        return round(self.holding_ns / self.trades / 1e9, 3) if self.trades else None


class Results:
    """All that follows from executions, their fees and marks."""

    def __init__(
        self,
        events: Iterable[Event],
        multipliers: Mapping[str, Decimal],
        marks: Mapping[str, Sequence[Mark]],
    ) -> None:
        known = list(events)
        self.fills = executions(known)
        self.marks = marks
        commissions = {e.exec_id: e for e in known if isinstance(e, Commission)}
        self.curves = Curves(multipliers)
        self.curves.draw(self.fills, commissions, marks)
        fees = {exec_id: c.amount for exec_id, c in commissions.items()}
        self._trips = trips_of(self.fills, fees, multipliers)
        keys = sorted(self._trips)
        self.rows = [self._row(key, self._trips[key]) for key in keys]
        self.strategies = [
            self._sum(strategy, [r for r in self.rows if r.strategy == strategy])
            for strategy in sorted({r.strategy for r in self.rows})
        ]
        self.total = self._sum("", self.rows)
        self.trades = sorted(
            (trip for trips in self._trips.values() for trip in trips.closed),
            key=lambda t: (t.entry_ns, t.strategy, t.symbol),
        )
        self.open_trades = [t for key in keys if (t := self._open(key))]

    def _row(self, key: Key, trips: Trips) -> Result:
        strategy, symbol = key
        position = self.curves.books[strategy].position(symbol)
        closed = trips.closed
        own = [f for f in self.fills if f.symbol == symbol and (f.strategy or "risk") == strategy]
        return Result(
            strategy=strategy,
            symbol=symbol,
            trades=len(closed),
            wins=sum(t.net > 0 for t in closed),
            quantity=sum((f.quantity for f in own), ZERO),
            position=position.quantity,
            realised=position.realised,
            unrealised=position.unrealised or ZERO,
            fees=position.commission,
            max_drawdown=drawdown(self.curves.by_key[key]),
            holding_ns=sum(t.holding_ns or 0 for t in closed),
        )

    def _sum(self, strategy: str, rows: Sequence[Result]) -> Result:
        """`rows` together, under their common curve."""
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

    def _open(self, key: Key) -> RoundTrip | None:
        position = self.curves.books[key[0]].position(key[1])
        return self._trips[key].open_trip(position.mark)


def executions(events: Iterable[Event]) -> list[Fill]:
    """Every execution once, in order of time; a correction stands in the place of the first."""
    found: dict[str, Fill] = {}
    for event in events:
        if isinstance(event, Fill):
            key = execution_key(event.exec_id)
            known = found.get(key)
            if known is None or event.exec_id > known.exec_id:
                found[key] = event
    return sorted(found.values(), key=lambda f: f.ts_ns)


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


def ledger(events: Iterable[Event], multipliers: Mapping[str, Decimal]) -> Book:
    """The whole account's book, as the journals have it."""
    book = Book(multipliers)
    for event in events:
        if isinstance(event, Fill):
            book.apply_fill(event)
        elif isinstance(event, Commission):
            book.apply_commission(event)
    return book
