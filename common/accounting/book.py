"""The account book: positions, P&L and fees from fills, for each account, symbol and trading day.

Average-cost method. Adding to a position moves its average cost; reducing it realises
(price - average cost) x quantity x multiplier; going through zero does both, one after the other.
Fees are kept beside the realised P&L, not inside it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any, Final

from tapewire.common.accounting import history
from tapewire.common.accounting.carried import CarriedIds
from tapewire.common.accounting.exec_ids import execution_key, supersedes
from tapewire.common.accounting.history import History, Place
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.events import (
    Commission,
    Event,
    ExecutionsCarried,
    Fill,
    PositionCarried,
    PositionReported,
    StampReached,
    signed,
)

ZERO: Final = Decimal(0)
Key = history.Key
"""Account and symbol."""


class Totals:
    """What a trading day came to in one account: realised P&L before fees, fees, executions."""

    __slots__ = ("fees", "fills", "realised")

    def __init__(self) -> None:
        self.realised = ZERO
        self.fees = ZERO
        self.fills = 0

    def __repr__(self) -> str:
        return f"<Totals realised {self.realised}, fees {self.fees}, {self.fills} fills>"

    @property
    def net(self) -> Decimal:
        """Realised P&L less fees."""
        return self.realised - self.fees

    def with_other(self, other: "Totals") -> "Totals":
        """Both together."""
        both = Totals()
        both.realised = self.realised + other.realised
        both.fees, both.fills = self.fees + other.fees, self.fills + other.fills
        return both


class Position:
    """What is held of one symbol. `quantity` is signed; money is in the instrument's currency."""

    def __init__(self, symbol: str, multiplier: Decimal = Decimal(1), account: str = "") -> None:
        self.account = account
        self.symbol = symbol
        self.multiplier = multiplier
        self.quantity = ZERO
        self.average_cost = ZERO
        self.realised = ZERO
        self.fees = ZERO
        self.mark: Decimal | None = None

    def __repr__(self) -> str:
        of = f"{self.account} " if self.account else ""
        return f"<Position {of}{self.symbol} {self.quantity} @ {self.average_cost:.4f}>"

    @property
    def unrealised(self) -> Decimal | None:
        """P&L of the open part at the mark; None while there is no mark."""
        if self.mark is None:
            return None
        return (self.mark - self.average_cost) * self.quantity * self.multiplier

    def begin(self, carried: PositionCarried) -> None:
        """Begin with what executions that are not kept came to."""
        self.quantity, self.average_cost = carried.quantity, carried.average_cost
        self.realised, self.fees = carried.realised, carried.fees

    def trade(self, change: Decimal, price: Decimal) -> Decimal:
        """Apply an execution of `change` (signed) at `price`; gives what it realised."""
        closing = realised = ZERO
        if self.quantity * change < 0:
            closing = max(-abs(self.quantity), min(abs(self.quantity), change))
            realised = -closing * (price - self.average_cost) * self.multiplier
            self.realised += realised
        opening = change - closing
        held = self.quantity + closing
        self.quantity = held + opening
        if opening:
            self.average_cost = (held * self.average_cost + opening * price) / self.quantity
        elif not held:
            self.average_cost = ZERO
        return realised


class Book:
    """All positions of all accounts, from each execution once.

    A corrected execution (same id but for the part after the last full stop) takes the place of
    the one it corrects, in its order and on its trading day: the account's history is applied again
    from its beginning. See `history` for the order of executions that two journals report.

    A book may begin with what its oldest executions came to (`carry`). Of these only the ids are
    left: another report of one changes nothing, and neither does a correction, as nobody here knows
    what it takes the place of. The next checkpoint has it (see `common.retention`).
    """

    def __init__(
        self, multipliers: Mapping[str, Decimal] | None = None, day_of: TradingDays | None = None
    ) -> None:
        self._multipliers = dict(multipliers or {})
        self.day_of = day_of or TradingDays()
        self.positions: dict[Key, Position] = {}
        self.days: dict[tuple[str, date], Totals] = {}
        self._fills: dict[str, Fill] = {}
        self._commissions: dict[str, Commission] = {}
        self._history = History()
        self._carried: dict[Key, PositionCarried] = {}  # what each position began with
        self.carried_ids = CarriedIds()  # the executions in it

    # ---- what comes in -------------------------------------------------------------------------

    def apply(self, event: Event, source: str = "") -> bool:
        """Take in a fill or a commission, whichever this is; False if it changed nothing.

        `source` names the journal that the event is from, where there are several.
        """
        if isinstance(event, Fill):
            return self.apply_fill(event, source)
        return isinstance(event, Commission) and self.apply_commission(event)

    def apply_fill(self, fill: Fill, source: str = "") -> bool:
        """Count a fill; False if this very execution was counted before, or a later correction."""
        execution, key = execution_key(fill.exec_id), (fill.account, fill.symbol)
        place = self._history.next_place(source, fill.ts_ns)
        known = self._fills.get(execution)
        if known is not None and not supersedes(fill.exec_id, known.exec_id):
            self._reported_again(execution, place)
            return False
        if known is None and self.carried_ids.take(fill.exec_id):
            return False
        self._fills[execution] = fill
        if known is not None:
            self._correct(execution, (known.account, known.symbol), key, place)
            return True
        if self._history.add(execution, key, place):
            self._count(execution)
        else:
            self._rebuild({fill.account})
        return True

    def apply_commission(self, commission: Commission) -> bool:
        """Count a commission; False if it was counted before. A correction's takes its place."""
        execution = execution_key(commission.exec_id)
        known = self._commissions.get(execution)
        if known is not None and not supersedes(commission.exec_id, known.exec_id):
            return False
        self._commissions[execution] = commission
        if execution in self._fills:
            self._charge(execution, commission.amount - (known.amount if known else ZERO))
        return True

    def carry(
        self, carried: PositionCarried | ExecutionsCarried | StampReached, source: str = ""
    ) -> None:
        """Take in what a checkpoint holds in place of executions, before those that are kept."""
        if isinstance(carried, StampReached):
            self._history.reach(source, carried.ts_ns)
        elif isinstance(carried, ExecutionsCarried):
            self.carried_ids.add(carried.executions)
        else:
            key = (carried.account, carried.symbol)
            self._carried[key] = carried
            self.position(*key).begin(carried)

    def carried_by(self, account: str, symbol: str, count: int, now_ns: int) -> PositionCarried:
        """What the first `count` executions of a position came to, with all that they began with:
        a book that begins with it and takes the rest comes to the same."""
        position = self._new_position(account, symbol)
        for execution in self.executions(account, symbol)[:count]:
            fill, cost = self._fills[execution], self._commissions.get(execution)
            position.trade(signed(fill.side, fill.quantity), fill.price)
            position.fees += cost.amount if cost is not None else ZERO
        return PositionCarried(
            now_ns, account, symbol, position.quantity, position.average_cost, position.realised,
            position.fees,
        )  # fmt: skip

    # ---- what is known -------------------------------------------------------------------------

    def executions(self, account: str, symbol: str) -> list[str]:
        """The keys of a position's executions in their order, but for those that it began with."""
        return self._history.executions(account, symbol)

    def carried(self) -> list[Key]:
        """Every position that began with executions that are not kept."""
        return list(self._carried)

    def traded(self) -> list[Key]:
        """Every position that has executions."""
        return self._history.positions()

    def position(self, account: str, symbol: str) -> Position:
        """The position of `symbol` in `account`, an empty one if it was never traded."""
        key = (account, symbol)
        if key not in self.positions:
            self.positions[key] = self._new_position(account, symbol)
        return self.positions[key]

    def quantity(self, account: str, symbol: str) -> Decimal:
        """What the fills of `symbol` in `account` add up to."""
        position = self.positions.get((account, symbol))
        return position.quantity if position is not None else ZERO

    def mark(self, symbol: str, price: Decimal) -> None:
        """Value the positions of `symbol`, in every account, at `price`."""
        for (_, name), position in self.positions.items():
            if name == symbol:
                position.mark = price

    def of(self, account: str | None = None) -> Iterator[Position]:
        """The positions of one account; of all of them where none is named."""
        return (p for (name, _), p in self.positions.items() if account in (None, name))

    def day(self, account: str, ts_ns: int) -> Totals:
        """What the trading day of this moment has come to so far."""
        return self.days.get((account, self.day_of(account, ts_ns))) or Totals()

    def fill(self, exec_id: str) -> Fill | None:
        """The execution of this id, or what has corrected it."""
        return self._fills.get(execution_key(exec_id))

    def fill_of(self, execution: str) -> Fill:
        """An execution by its key, as it was corrected last."""
        return self._fills[execution]

    def reported_ns(self, execution: str) -> int:
        """When an execution was first reported, by its key; UTC. A correction changes nothing."""
        return self._history.reported_ns(execution)

    def trading_day(self, execution: str) -> date:
        """The trading day of that moment in its account."""
        account = self._fills[execution].account
        return self.day_of(account, self._history.reported_ns(execution))

    def commission(self, exec_id: str) -> Commission | None:
        """What an execution cost; None while that is not known."""
        return self._commissions.get(execution_key(exec_id))

    def fills(self) -> list[Fill]:
        """Each execution once, in the order in which they were first reported."""
        return list(self._fills.values())

    @property
    def exec_ids(self) -> set[str]:
        """The ids of all executions, corrected ones in their newest version."""
        return {fill.exec_id for fill in self._fills.values()}

    @property
    def realised(self) -> Decimal:
        """Realised P&L of all accounts and symbols, before fees."""
        return sum((p.realised for p in self.positions.values()), ZERO)

    @property
    def unrealised(self) -> Decimal:
        """Unrealised P&L of the positions that have a mark."""
        return sum((p.unrealised or ZERO for p in self.positions.values()), ZERO)

    @property
    def fees(self) -> Decimal:
        """Commissions of all accounts and symbols."""
        return sum((p.fees for p in self.positions.values()), ZERO)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values; marks are not durable."""
        return {
            f"{account}/{symbol}": (p.quantity, p.average_cost, p.realised, p.fees)
            for (account, symbol), p in self.positions.items()
        }

    # ---- inside --------------------------------------------------------------------------------

    def _new_position(self, account: str, symbol: str) -> Position:
        """A position before its first execution that is kept."""
        position = Position(symbol, self._multipliers.get(symbol, Decimal(1)), account)
        if (carried := self._carried.get((account, symbol))) is not None:
            position.begin(carried)
        return position

    def _reported_again(self, execution: str, place: Place) -> None:
        """Another journal has this execution too, perhaps at an earlier place."""
        fill, day = self._fills[execution], self.trading_day(execution)
        moves = self._history.add_again(execution, (fill.account, fill.symbol), place)
        if moves or day != self.trading_day(execution):
            self._rebuild({fill.account})

    def _correct(self, execution: str, old: Key, new: Key, place: Place) -> None:
        before = self._history.remove(execution, old)
        self._history.add(execution, new, min(before, place))
        self._rebuild({old[0], new[0]})

    def _count(self, execution: str) -> None:
        """Apply an execution, and what it cost if that is known, to its position and its day."""
        fill, totals = self._fills[execution], self._totals(execution)
        position = self.position(fill.account, fill.symbol)
        totals.realised += position.trade(signed(fill.side, fill.quantity), fill.price)
        totals.fills += 1
        if execution in self._commissions:
            self._charge(execution, self._commissions[execution].amount)

    def _charge(self, execution: str, amount: Decimal) -> None:
        fill = self._fills[execution]
        self.position(fill.account, fill.symbol).fees += amount
        self._totals(execution).fees += amount

    def _totals(self, execution: str) -> Totals:
        """The totals of the day on which an execution was first reported."""
        day = (self._fills[execution].account, self.trading_day(execution))
        totals = self.days.get(day)
        if totals is None:
            totals = self.days[day] = Totals()
        return totals

    def _rebuild(self, accounts: set[str]) -> None:
        """Apply the history of these accounts again: a correction may change every later day."""
        self.days = {day: totals for day, totals in self.days.items() if day[0] not in accounts}
        for (account, symbol), executions in chain.from_iterable(
            map(self._history.of, sorted(accounts))
        ):
            mark = self.position(account, symbol).mark
            fresh = self.positions[account, symbol] = self._new_position(account, symbol)
            fresh.mark = mark
            for execution in executions:
                self._count(execution)


class Reported:
    """What the broker says that each account holds: its newest word on each position.

    Within a source the newest is what was read last, not what has the highest stamp: a clock may be
    set back. Of several sources the one with the newest stamp counts: after a restart, the journal
    of a gateway that was down since yesterday may be read last.
    """

    def __init__(self) -> None:
        self._by_source: dict[Key, dict[str, PositionReported]] = {}
        self._positions: dict[Key, PositionReported] = {}

    def apply(self, event: PositionReported, source: str = "") -> None:
        """Take in the broker's word on a position; `source` names the journal that it is from."""
        key = (event.account, event.symbol)
        words = self._by_source.setdefault(key, {})
        words[source] = event
        newest, of = event, source
        for name, word in words.items():  # the one with the newest stamp; of equal ones, by name
            if word.ts_ns > newest.ts_ns or (word.ts_ns == newest.ts_ns and name > of):
                newest, of = word, name
        self._positions[key] = newest

    def quantity(self, account: str, symbol: str) -> Decimal | None:
        """What is held of `symbol`; None if the broker never said."""
        known = self._positions.get((account, symbol))
        return known.quantity if known is not None else None

    def of(self, source: str) -> dict[Key, Decimal]:
        """What one source says of each account and symbol that it ever named."""
        words = self._by_source.items()
        return {key: by[source].quantity for key, by in words if source in by}

    def items(self) -> Iterator[tuple[Key, PositionReported]]:
        """Each account and symbol with the broker's newest word on it."""
        return iter(self._positions.items())

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {f"{a}/{s}": e.quantity for (a, s), e in self._positions.items()}
