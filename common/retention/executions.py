"""Which executions are left out, and what is carried in their place.

The oldest ones of a position may go, without a gap, so that what they came to can be carried as one
sum. Three books have an order of their own: that of each gateway, and that of whoever reads both.
What goes has to be the oldest part of each of them. And an order or a group goes with all of its
executions, or keeps all of them: one that must stay keeps the others, wherever they are, and these
keep what came after them. That is repeated until nothing changes any more.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from tapewire.common import roles
from tapewire.common.accounting.book import Book, Key
from tapewire.common.accounting.carried import CarriedIds, commission_entry, execution_entry
from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.accounting.orders import Order, Orders
from tapewire.common.events import (
    Commission,
    Event,
    ExecutionsCarried,
    Fill,
    PositionCarried,
    PositionReported,
)
from tapewire.common.retention.orders import OrderEnds
from tapewire.common.retention.policy import Horizon, Record, Stale

GROUP: Final = "group"
"""The section of what holds for all journals together."""


class Ids:
    """What was carried before, and what is carried from now on."""

    def __init__(self) -> None:
        self.before = CarriedIds()
        self.more: list[bytes] = []

    def pieces(self) -> Iterator[bytes]:
        """All of it, in pieces of bounded size."""
        return self.before.merged(self.more)


class Executions:
    """The executions of all `gateways`. `book` is the fold of their journals, `orders` has all
    orders. `look` has to see every record before `decide`."""

    def __init__(
        self,
        book: Book,
        orders: Orders[Order],
        ends: OrderEnds,
        horizon: Horizon,
        multipliers: Mapping[str, Decimal],
        gateways: Sequence[str] = roles.GATEWAYS,
    ) -> None:
        self.own = {source: Book(multipliers) for source in gateways}
        self.gone: set[str] = set()  # executions that are left out, by their keys
        self._book = book
        self._orders = orders
        self._ends = ends
        self._horizon = horizon
        self._unsettled: defaultdict[tuple[str, Key], set[str]] = defaultdict(set)
        self._moved: set[str] = set()  # executions that a correction took to another position
        self._staying: set[str] = set()  # units, for their executions
        self._ids = {source: Ids() for source in (GROUP, *gateways)}
        self._costs = {source: Ids() for source in (GROUP, *gateways)}

    # ---- the first pass ------------------------------------------------------------------------

    def look(self, record: Record, *, is_new: bool) -> None:
        """Take note of a record, before `book` has it. Raises `Stale` if it `is_new`, and reports
        or corrects an execution that was left out."""
        source, _, event = record
        if isinstance(event, ExecutionsCarried):
            self._carry(source, event)
        if source not in self.own:
            return
        if isinstance(event, Fill):
            self._look_at(source, event, is_new=is_new)
        elif isinstance(event, PositionReported):
            self._unsettled.pop((source, (event.account, event.symbol)), None)
        elif isinstance(event, PositionCarried):
            self.own[source].carry(event)
        self.own[source].apply(event)

    def _carry(self, source: str, event: ExecutionsCarried) -> None:
        self._ids[source].before.add(event.executions)
        self._costs[source].before.add(event.commissions)

    def _look_at(self, source: str, fill: Fill, *, is_new: bool) -> None:
        execution, key = execution_key(fill.exec_id), (fill.account, fill.symbol)
        newest = self._book.fill(fill.exec_id)
        if newest is None and is_new and self._book.carried_ids.take(fill.exec_id):
            raise Stale(f"execution {fill.exec_id} was left out, and is reported again")
        self._unsettled[source, key].add(execution)
        if newest is not None and (newest.account, newest.symbol) != key:
            self._moved.add(execution)

    # ---- the decision --------------------------------------------------------------------------

    def decide(self) -> None:
        """Find what may go."""
        kept = self._moved.union(*self._unsettled.values())
        lines = {key: self._line(key, kept) for key in self._book.traded()}
        self._agree(lines)
        for line in lines.values():
            gone = line.executions[: line.count]
            self.gone.update(gone)
            for source, book in ((GROUP, self._book), *self.own.items()):
                self._ids[source].more += self._entries(book, gone)

    @staticmethod
    def _entries(book: Book, executions: Iterable[str]) -> Iterator[bytes]:
        for execution in executions:
            fill = book.fill(f"{execution}.")
            entry = execution_entry(fill.exec_id) if fill is not None else None
            if entry is not None:
                yield entry

    def _line(self, key: Key, kept: set[str]) -> "_Line":
        """The executions of a position, as far as the oldest of them may go by themselves."""
        line = _Line(self._book.executions(*key))
        heads = [_Head(book.executions(*key)) for book in self.own.values()]
        for at, execution in enumerate(line.executions):
            if execution in kept or not self._may_go(execution):
                break
            is_whole = [head.add(execution) for head in heads]  # each has to see it
            if all(is_whole):
                line.whole.append(at + 1)
        return line

    def _agree(self, lines: Mapping[Key, "_Line"]) -> None:
        """Let each order and each group go as a whole."""
        of_unit: defaultdict[str, list[tuple[Key, int]]] = defaultdict(list)
        for key, line in lines.items():
            for at, execution in enumerate(line.executions):
                of_unit[self._unit(execution)].append((key, at))
        of_unit.pop("", None)
        staying = [(key, at) for key, line in lines.items() for at in line.beyond()]
        while staying:
            key, at = staying.pop()
            unit = self._unit(lines[key].executions[at])
            self._staying.add(unit)
            for other, its_at in of_unit.pop(unit, ()):
                staying += ((other, one) for one in lines[other].keep(its_at))

    def _unit(self, execution: str) -> str:
        order = self._orders.of_execution(f"{execution}.")
        return self._ends.unit(order.intent_id) if order is not None else ""

    def _may_go(self, execution: str) -> bool:
        """Whether an execution is old, can be named by an entry, and is of no order that stays."""
        fill, horizon = self._book.fill_of(execution), self._horizon
        cost = self._book.commission(fill.exec_id)
        before_ns = horizon.given_up_ns if cost is None else horizon.ended_ns
        if fill.ts_ns >= before_ns or execution_entry(fill.exec_id) is None:
            return False
        return self._ends.is_over(self._unit(execution) or self._ends.unit(fill.intent_id))

    def goes(self, unit: str) -> bool:
        """Whether an order or a group is left out, with all that there is about it."""
        return unit not in self._staying and self._ends.is_over(unit)

    # ---- the second pass -----------------------------------------------------------------------

    def drops(self, source: str, event: Fill | Commission) -> bool:
        """Whether an execution, or what one cost, is left out."""
        if isinstance(event, Fill) or execution_key(event.exec_id) in self.gone:
            drops = execution_key(event.exec_id) in self.gone
        else:  # of one that went before it, it goes once it is old
            is_carried = self._is_carried(event.exec_id)
            drops = is_carried and event.ts_ns < self._horizon.ended_ns
        if drops and isinstance(event, Commission):
            self._costs[source].more.append(commission_entry(event.exec_id))
        return drops

    def _is_carried(self, exec_id: str) -> bool:
        entry = execution_entry(exec_id)
        return (
            self._book.fill(exec_id) is None
            and entry is not None
            and self._book.carried_ids.newest(entry) is not None
        )

    def positions(self, source: str) -> Iterator[Event]:
        """What the executions that are left out came to, in one book, and which they were."""
        book = self._book if source == GROUP else self.own[source]
        for key in sorted({*book.traded(), *book.carried()}):
            count = sum(execution in self.gone for execution in book.executions(*key))
            if count or key in book.carried():
                yield book.carried_by(*key, count, self._horizon.now_ns)
        now_ns = self._horizon.now_ns
        yield from (ExecutionsCarried(now_ns, piece, b"") for piece in self._ids[source].pieces())

    def costs(self, source: str) -> Iterator[Event]:
        """The commissions of a gateway that are left out; once all of its records were seen."""
        now_ns = self._horizon.now_ns
        yield from (ExecutionsCarried(now_ns, b"", piece) for piece in self._costs[source].pieces())


class _Line:
    """The executions of a position, oldest first. `whole` are the counts of them that may go."""

    def __init__(self, executions: Sequence[str]) -> None:
        self.executions = executions
        self.whole = [0]

    @property
    def count(self) -> int:
        """How many of the oldest go."""
        return self.whole[-1]

    def beyond(self) -> range:
        """Those that stay, by their places."""
        return range(self.count, len(self.executions))

    def keep(self, at: int) -> range:
        """Let one stay, and what comes behind it; returns the places of those that would have
        gone."""
        before = self.count
        while self.count > at:
            self.whole.pop()
        return range(self.count, before)


class _Head:
    """Tells whether what is left out of a book is its oldest part, as it grows."""

    def __init__(self, executions: Sequence[str]) -> None:
        self._executions = executions
        self._place = {execution: at for at, execution in enumerate(executions)}
        self._gone: set[str] = set()
        self._whole = 0  # how many of the oldest are gone
        self._furthest = -1

    def add(self, execution: str) -> bool:
        """Leave out one more, if it is in this book."""
        if execution in self._place:
            self._gone.add(execution)
            self._furthest = max(self._furthest, self._place[execution])
            while self._whole < len(self._executions):
                if self._executions[self._whole] not in self._gone:
                    break
                self._whole += 1
        return self._furthest < self._whole
