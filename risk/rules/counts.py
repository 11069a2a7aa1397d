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
from tapewire.common.events import EVERYTHING, Event, Fill, OrderCreated, OrderIntended, Scope

COUNTED_MAX: Final = 100_000  # of a kind in an account; older ones are forgotten
LONG_AGO: Final = -(2**63)
"""The monotonic moment of what was noted before this process knew the time."""

Place = tuple[str, ...]
"""A strategy and the symbols that are traded; empty for all of them together."""
EVERYWHERE: Final[Place] = ()


class Stamps:
    """The times of some events."""

    __slots__ = ("_moments", "_stamps")

    def __init__(self) -> None:
        self._stamps: list[int] = []  # wall, sorted
        self._moments: list[int] = []  # monotonic, sorted

    def add(self, at: Now) -> None:
        """Count an event."""
        insort(self._stamps, at.wall_ns)
        insort(self._moments, at.mono_ns)
        if len(self._stamps) >= 2 * COUNTED_MAX:
            del self._stamps[:COUNTED_MAX], self._moments[:COUNTED_MAX]

    def discard(self, at: Now) -> None:
        """Count one less of those that were added with these times."""
        for times, time_ns in ((self._stamps, at.wall_ns), (self._moments, at.mono_ns)):
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
        self._stamps: defaultdict[tuple[type[Event], str], defaultdict[Place, Stamps]] = (
            defaultdict(lambda: defaultdict(Stamps))
        )
        self._seen: dict[tuple[type[Event], str], tuple[Place, Now]] = {}

    def add(self, event: Any, mono_ns: int = LONG_AGO) -> None:
        """Count an event, noted at `mono_ns`."""
        kind = type(event)
        if kind is OrderIntended or kind is OrderCreated:
            order = event.order
            place = (order.strategy, order.symbol, *(leg.symbol for leg in order.legs))
            self._add_once(OrderIntended, order.account, order.intent_id, place, event, mono_ns)
        elif kind is Fill:
            place = (event.strategy or "", event.symbol)
            key = execution_key(event.exec_id)
            self._add_once(Fill, event.account, key, place, event, mono_ns)
        elif (account := getattr(event, "account", None)) is not None:
            self._stamps[kind, account][EVERYWHERE].add(Now(event.ts_ns, mono_ns))

    def since(self, kind: type[Event], account: str, moment: Now, scope: Scope = EVERYTHING) -> int:
        """How many within a scope since a moment, that included."""
        places = self._stamps.get((kind, account))
        if places is None or scope.account not in ("", account):
            return 0
        if not (scope.strategy or scope.symbol):
            return places[EVERYWHERE].since(moment)
        return sum(
            stamps.since(moment)
            for place, stamps in places.items()
            if any(scope.covers(account, place[0], symbol) for symbol in place[1:])
        )

    def _add_once(
        self, kind: type[Event], account: str, key: str, place: Place, event: Any, mono_ns: int
    ) -> None:
        places, at = self._stamps[kind, account], Now(event.ts_ns, mono_ns)
        known = self._seen.get((kind, key))
        if known is None:
            places[EVERYWHERE].add(at)
            places[place].add(at)
            self._seen[kind, key] = place, at
            if len(self._seen) >= 2 * COUNTED_MAX:
                for oldest in [*islice(self._seen, COUNTED_MAX)]:
                    del self._seen[oldest]
        elif not known[0][0] and place[0]:  # only now it is known whose it is
            before, at = known
            places[before].discard(at)
            places[place].add(at)
            self._seen[kind, key] = place, at
