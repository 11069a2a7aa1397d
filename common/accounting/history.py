"""The order of executions: what a position realised depends on it.

Executions may come from the journals of two gateways. Live these are read side by side; after a
restart, one may be read to its end before the other begins. The P&L must be the same. So each
report has a `Place` that depends on its own journal alone, and an execution stands at the earliest
place that any journal gave it. Within a source that is the journal's order, whatever the stamps
say, for a clock may be set back: until it is where it was, what follows stands behind what it read
before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

Key = tuple[str, str]
"""Account and symbol."""


class Place(NamedTuple):
    """Where a report of an execution stands: by the highest stamp that its source had reached, then
    by its number there. `ts_ns` is the report's own stamp."""

    highest_ns: int
    source: str
    number: int
    ts_ns: int


class History:
    """The executions of each position, in their order."""

    def __init__(self) -> None:
        self._by_key: dict[Key, list[str]] = {}
        self._places: dict[str, Place] = {}
        self._newest: dict[str, Place] = {}  # of each source

    def next_place(self, source: str, ts_ns: int) -> Place:
        """The place of the next report of a source."""
        before = self._newest.get(source)
        highest_ns, number = (before.highest_ns, before.number) if before else (0, 0)
        place = self._newest[source] = Place(max(highest_ns, ts_ns), source, number + 1, ts_ns)
        return place

    def reach(self, source: str, ts_ns: int) -> None:
        """A source had reported executions with stamps up to `ts_ns`, which are not kept here."""
        number = before.number if (before := self._newest.get(source)) else 0
        highest_ns = max(ts_ns, before.highest_ns if before else 0)
        self._newest[source] = Place(highest_ns, source, number, ts_ns)

    def add(self, execution: str, key: Key, place: Place) -> bool:
        """Put in an execution; True if it is the last of its position."""
        self._places[execution] = place
        of, places = self._by_key.setdefault(key, []), self._places
        if not of or places[of[-1]] <= place:
            of.append(execution)
            return True
        of.insert(bisect_right(of, place, key=places.__getitem__), execution)
        return False

    def remove(self, execution: str, key: Key) -> Place:
        """Take an execution out; gives its place."""
        of, place = self._by_key[key], self._places[execution]
        del of[bisect_left(of, place, key=self._places.__getitem__)]
        return place

    def add_again(self, execution: str, key: Key, place: Place) -> bool:
        """Another report of an execution; True if that moves it to another place in the order."""
        if place >= self._places[execution]:
            return False
        of = self._by_key[key]
        at = bisect_left(of, self._places[execution], key=self._places.__getitem__)
        self._places[execution] = place
        if at == 0 or self._places[of[at - 1]] <= place:
            return False
        del of[at]
        self.add(execution, key, place)
        return True

    def reported_ns(self, execution: str) -> int:
        """When an execution was reported, by the stamp of the report that counts; ns since 1970."""
        return self._places[execution].ts_ns

    def executions(self, account: str, symbol: str) -> list[str]:
        """A position's executions, in order."""
        return self._by_key.get((account, symbol), [])

    def positions(self) -> list[Key]:
        """Every position that has an execution."""
        return list(self._by_key)

    def of(self, account: str) -> Iterator[tuple[Key, list[str]]]:
        """The positions of an account with their executions, in order."""
        return ((key, of) for key, of in self._by_key.items() if key[0] == account)
