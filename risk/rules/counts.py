"""How many events of a kind happened in an account within a time.

What could go wrong: the wall clock is set, and a limit per hour forgets the hour. So an event is
known by two times: its own stamp, which a restart finds in the journal again, and the monotonic
moment at which it was noted here. It counts as long as either says that it is recent enough.

An order counts once, when it is first heard of: the executor has created it before a gateway takes
it. So does an execution, which both gateways may report, and which may be corrected.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from itertools import islice
from typing import Any, Final

from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    Event,
    Fill,
    OrderCreated,
    OrderIntended,
    Scope,
    SubmitOrder,
)

COUNTED_MAX: Final = 100_000  # of a kind in an account; older ones are forgotten
LONG_AGO: Final = -(2**63)
"""The monotonic moment of what was noted before this process knew the time."""

Place = tuple[str, ...]
"""A strategy and the symbols that are traded."""
Seen = dict[str, tuple[Place, int, int]]
"""Where each order, or each execution, was put, and with which times."""


class Stamps:
    """The times of some events. Nearly every one is the latest so far and goes behind the others;
    only a clock that was set back, or a journal that is read late, brings an earlier one."""

    __slots__ = ("_moments", "_stamps")

    def __init__(self) -> None:
        self._stamps: list[int] = []  # wall, sorted
        self._moments: list[int] = []  # monotonic, sorted

    def add(self, stamp_ns: int, moment_ns: int) -> None:
        """Count an event."""
        stamps, moments = self._stamps, self._moments
        if not stamps or stamp_ns >= stamps[-1]:
            stamps.append(stamp_ns)
        else:
            insort(stamps, stamp_ns)
        if not moments or moment_ns >= moments[-1]:
            moments.append(moment_ns)
        else:
            insort(moments, moment_ns)
        if len(stamps) >= 2 * COUNTED_MAX:
            del stamps[:COUNTED_MAX], moments[:COUNTED_MAX]

    def discard(self, stamp_ns: int, moment_ns: int) -> None:
        """Count one less of those that were added with these times."""
        for times, time_ns in ((self._stamps, stamp_ns), (self._moments, moment_ns)):
            place = bisect_left(times, time_ns)
            if place < len(times) and times[place] == time_ns:
                del times[place]

    def since(self, moment: Now) -> int:
        """How many since a moment, that included."""
        by_stamp = len(self._stamps) - bisect_left(self._stamps, moment.wall_ns)
        return max(by_stamp, len(self._moments) - bisect_left(self._moments, moment.mono_ns))


class Counts:
    """Events of every kind that has an account; orders and executions by strategy and symbol."""

    def __init__(self) -> None:
        self._stamps: defaultdict[tuple[type[Event], str], Stamps] = defaultdict(Stamps)
        self._by_place: defaultdict[tuple[type[Event], str], defaultdict[Place, Stamps]] = (
            defaultdict(lambda: defaultdict(Stamps))
        )
        self._orders: Seen = {}
        self._executions: Seen = {}

    def add(self, event: Any, mono_ns: int = LONG_AGO) -> None:
        """Count an event, noted at `mono_ns`."""
        kind = type(event)
        if kind is OrderIntended or kind is OrderCreated:
            key = event.order.intent_id
            self._add_once(OrderIntended, self._orders, key, event.order, event.ts_ns, mono_ns)
        elif kind is Fill:
            key = execution_key(event.exec_id)
            self._add_once(Fill, self._executions, key, event, event.ts_ns, mono_ns)
        elif (account := getattr(event, "account", None)) is not None:
            self._stamps[kind, account].add(event.ts_ns, mono_ns)

    def since(self, kind: type[Event], account: str, moment: Now, scope: Scope = EVERYTHING) -> int:
        """How many within a scope since a moment, that included."""
        of_all = self._stamps.get((kind, account))
        if of_all is None or scope.account not in ("", account):
            return 0
        if not (scope.strategy or scope.symbol):
            return of_all.since(moment)
        return sum(
            stamps.since(moment)
            for place, stamps in self._by_place[kind, account].items()
            if any(scope.covers(account, place[0], symbol) for symbol in place[1:])
        )

    def _add_once(
        self,
        kind: type[Event],
        seen: Seen,
        key: str,
        what: SubmitOrder | Fill,
        stamp_ns: int,
        moment_ns: int,
    ) -> None:
        known = seen.get(key)
        if known is not None and (known[0][0] or not what.strategy):
            return
        of, place = (kind, what.account), _place_of(what)
        if known is None:
            self._stamps[of].add(stamp_ns, moment_ns)
        else:  # only now it is known whose it is
            before, stamp_ns, moment_ns = known
            self._by_place[of][before].discard(stamp_ns, moment_ns)
        self._by_place[of][place].add(stamp_ns, moment_ns)
        seen[key] = place, stamp_ns, moment_ns
        if len(seen) >= 2 * COUNTED_MAX:
            for oldest in [*islice(seen, COUNTED_MAX)]:
                del seen[oldest]


def _place_of(what: SubmitOrder | Fill) -> Place:
    place = (what.strategy or "", what.symbol)
    if isinstance(what, Fill) or not what.legs:
        return place
    return *place, *(leg.symbol for leg in what.legs)
