"""Unexplained: what the broker shows of other people's trading before their executions are known.

The executions of another client, or of an order that was entered by hand, are not pushed: they have
to be asked for. A reconnect asks for them, but days can pass without one. Two things show in the
meantime that there is something to ask for:

*   A position. Positions are pushed, whoever traded, so one that moves without an execution stands
    for executions that are not known. The gap between a position and the executions need not be
    zero (an account may have held something before the first of them), so it is measured against
    the gap that the last whole list of executions left. Position and execution of an own order come
    as two messages, in either order, so a gap counts only once it has lasted for `LATE_NS`. One
    that moves and comes back leaves no gap. So the ways up and down are counted too, each against
    the executions on its side: somebody's purchase that a flatten has closed at once is two
    executions that are not known.
*   A foreign order that is listed with less remaining, or not listed any more. Two of them may have
    filled on both sides, and left the position where it was.

A doubt ends with a list of executions that came to its end and was asked for after the doubt
arose; if the list explains nothing, the gap is what it is, and is not asked about again. If the end
never came, the question is asked again at growing intervals (see `inquiry`).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.book import ZERO, Book, Key
from tapewire.common.clock import Now
from tapewire.common.events import (
    Event,
    Fill,
    ForeignOrderReported,
    PositionReported,
    signed,
)
from tapewire.gateway.orders.holdings import Holdings

LATE_NS: Final = 3_000_000_000
"""How long a position may be ahead of its executions, or behind them, before anybody is asked."""
Ways = tuple[Decimal, Decimal]
"""How far a position went up, and down, beyond the executions on each side."""
LISTS: Final = "the executions of this connection"


class Unexplained:
    """The doubts of one connection; times are monotonic. None of it is durable: a new connection
    lists everything. `holdings` has the positions as reported, `book` as the executions make them.
    """

    def __init__(self, holdings: Holdings, book: Book) -> None:
        self._holdings = holdings
        self._book = book
        self._settled: dict[Key, Decimal] | None = None  # gaps that a whole list left
        self._changed_ns: dict[Key, int] = {}  # when a gap was last another one
        self._since_ns: dict[Key, int] = {}  # gaps that are not the settled ones
        self._orders_ns: dict[str, int] = {}  # foreign orders that may have filled
        self._reported: dict[Key, Decimal] = {}  # positions, as of the last word on each
        self._ways: dict[Key, Ways] = {}  # since all was explained last

    def note(self, events: Iterable[Event], asked_ns: int | None, now: Now) -> None:
        """Events that are applied, in their order. `asked_ns` is when the list of positions that is
        under way was asked for: what it names was so by then."""
        for event in events:
            if type(event) is PositionReported:
                at_ns = now.mono_ns if asked_ns is None else asked_ns
                self._moved((event.account, event.symbol), at_ns, *self._way_of(event), now)
            elif type(event) is Fill:
                up, down = _split(signed(event.side, event.quantity))
                self._moved((event.account, event.symbol), now.mono_ns, -up, -down, now)
            elif type(event) is ForeignOrderReported and event.remaining < event.quantity:
                self._orders_ns[event.id] = now.mono_ns

    def late(self, now: Now) -> list[str]:
        """A name for each doubt that has lasted too long."""
        names = []
        if self._orders_ns or self._since_ns:
            until_ns = now.mono_ns - LATE_NS
            names += [f"fills of {one}" for one, ns in self._orders_ns.items() if ns <= until_ns]
            names += [f"position {key}" for key, ns in self._since_ns.items() if ns <= until_ns]
        return names

    def listed(self, begun_ns: int, now: Now) -> None:
        """A whole list of executions, which was asked for at `begun_ns`, has been read."""
        self._orders_ns = {one: ns for one, ns in self._orders_ns.items() if ns > begun_ns}
        first, settled = self._settled is None, self._settled or {}
        for key in {*self._holdings.reported, *self._changed_ns} if first else list(self._since_ns):
            changed_ns = self._changed_ns.get(key, begun_ns)
            # A gap that has just changed may be half of a trade: it is looked at again.
            is_stable = first or now.mono_ns - changed_ns >= LATE_NS
            if changed_ns <= begun_ns and is_stable:
                settled[key] = self._gap(key)
                self._ways.pop(key, None)
        if first:
            self._reported = dict(self._holdings.reported)
        self._settled = settled
        for key in list(self._changed_ns):
            self._compare(key, self._changed_ns[key])

    @property
    def rests(self) -> bool:
        """Whether there is no doubt that time could make too long."""
        return not (self._orders_ns or self._since_ns)

    def at_rest(self, key: Key, now: Now) -> bool:
        """Whether a position can be held against its executions: neither has changed a moment ago,
        and all executions were listed since the position was ahead of them, or behind."""
        if self._settled is None or key in self._since_ns:
            return False
        changed_ns = self._changed_ns.get(key)
        return changed_ns is None or now.mono_ns - changed_ns >= LATE_NS

    @property
    def unlisted(self) -> list[str]:
        """A name for what is not known on a connection whose executions were never listed."""
        return [LISTS] if self._settled is None else []

    def forget(self) -> None:
        """The connection is gone, or the broker's side has lost its server."""
        self._settled = None
        self._since_ns.clear()
        self._ways.clear()
        self._orders_ns.clear()

    def _way_of(self, event: PositionReported) -> Ways:
        key = (event.account, event.symbol)
        before, self._reported[key] = self._reported.get(key, ZERO), event.quantity
        return _split(event.quantity - before)

    def _moved(self, key: Key, at_ns: int, up: Decimal, down: Decimal, now: Now) -> None:
        """A position went up or down, or an execution says why. Several executions may be behind
        one word on a position: what they explain beyond that is forgotten after a while."""
        is_quiet = now.mono_ns - self._changed_ns.get(key, 0) >= LATE_NS
        if is_quiet and key not in self._since_ns:
            self._ways.pop(key, None)
        if self._settled is not None:
            ups, downs = self._ways.get(key, (ZERO, ZERO))
            self._ways[key] = (ups + up, downs + down)
        self._changed_ns[key] = at_ns
        self._compare(key, at_ns)

    def _compare(self, key: Key, at_ns: int) -> None:
        if self._settled is None:
            return
        ways = self._ways.get(key, (ZERO, ZERO))
        if self._gap(key) == self._settled.get(key, ZERO) and max(ways) <= 0:
            self._since_ns.pop(key, None)
        else:
            self._since_ns.setdefault(key, at_ns)

    def _gap(self, key: Key) -> Decimal:
        return self._holdings.reported.get(key, ZERO) - self._book.quantity(*key)


def _split(change: Decimal) -> Ways:
    """The way up and the way down of a change."""
    return max(change, ZERO), max(-change, ZERO)
