"""Inquiry: which orders are in doubt, how often the broker did not name them, and when to ask next.

An order that the broker has not answered for is in doubt, and so is one that a whole answer to our
questions does not name. A single answer is not enough to give an order up: lists have come without
an order that worked, just after a restart of TWS, and an order may lie unread in a socket. So it
takes `LOOKS_MIN` clean looks, over at least `LOST_AFTER_NS` of one connection. A look is clean if
every list came to its end, all of it could be read, and the broker had time for what was written
before (see `snapshot`). Whatever names the order in between starts it again, and so does a new
connection: what an old one left in a socket may still be read.

Asking costs messages, and there are doubts that no answer ends. So the distance between two looks
doubles, up to `DISTANCE_MAX_NS`, until something new is in doubt. Whatever made us look in between
(a cancel that was refused, say), there is a look when an order's time is over: it would count
against the limits for minutes otherwise.
"""

from collections.abc import Iterable
from typing import Final

LOOKS_MIN: Final = 3
LOST_AFTER_NS: Final = 60_000_000_000
DISTANCE_MIN_NS: Final = 1_000_000_000
DISTANCE_MAX_NS: Final = 300_000_000_000


class Inquiry:
    """The doubts of one connection, by name: an intent's or a modify's. Times are monotonic."""

    def __init__(self, settle_ns: int) -> None:
        self._distance_min_ns = max(settle_ns, DISTANCE_MIN_NS)
        self._distance_ns = self._distance_min_ns
        self._due_ns: int | None = None
        self._open: set[str] = set()
        self._looks: dict[str, list[int]] = {}  # the first clean look, the last, how many
        self._again: dict[str, tuple[int, int]] = {}  # when to ask next, and how long after that

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to ask, as far as is known now."""
        return self._due_ns is None

    def knows(self, name: str) -> bool:
        """Whether this was in doubt at the last look: it is asked about in time."""
        return name in self._open

    def soon(self, at_ns: int) -> None:
        """Ask at `at_ns`, or before."""
        self._due_ns = at_ns if self._due_ns is None else min(self._due_ns, at_ns)

    def again(self, name: str, now_ns: int) -> None:
        """The broker contradicts itself about this, or never had it: ask. A strategy may cancel
        again and again what the broker lists as open each time and refuses to cancel, so each
        question about the same order has the next one wait twice as long."""
        if self.knows(name):
            return
        at_ns, distance_ns = self._again.get(name, (now_ns, self._distance_min_ns))
        if now_ns >= at_ns:
            self._again[name] = (now_ns + distance_ns, min(2 * distance_ns, LOST_AFTER_NS))
        self.soon(max(now_ns, at_ns))

    def due(self, now_ns: int) -> bool:
        """Whether to ask now."""
        return self._due_ns is not None and now_ns >= self._due_ns

    def asking(self) -> None:
        """The questions are put."""
        self._due_ns = None

    def missed(self, name: str, begun_ns: int) -> bool:
        """A clean look that began at `begun_ns` did not name it. Returns whether it is lost."""
        looks = self._looks.setdefault(name, [begun_ns, begun_ns, 0])
        looks[1], looks[2] = begun_ns, looks[2] + 1
        return looks[2] >= LOOKS_MIN and begun_ns - looks[0] >= LOST_AFTER_NS

    def concluded(self, open_names: Iterable[str], seen: Iterable[str], now_ns: int) -> None:
        """A look is over: `seen` were named in it, and `open_names` are still in doubt."""
        for name in seen:
            self._looks.pop(name, None)
        now_open = set(open_names)
        quiet_ns = now_ns - LOST_AFTER_NS
        self._again = {one: again for one, again in self._again.items() if again[0] > quiet_ns}
        if not now_open <= self._open:
            self._distance_ns = self._distance_min_ns
        self._open = now_open
        self._looks = {name: looks for name, looks in self._looks.items() if name in now_open}
        if now_open:
            self.soon(now_ns + self._distance_ns)
            self._distance_ns = min(2 * self._distance_ns, DISTANCE_MAX_NS)
        for first_ns, _last_ns, _count in self._looks.values():
            if first_ns + LOST_AFTER_NS > now_ns:
                self.soon(first_ns + LOST_AFTER_NS)

    def forget(self) -> None:
        """The connection is gone, or what the broker says is worth nothing."""
        self._again = {}
        self._due_ns, self._distance_ns = None, self._distance_min_ns
        self._open, self._looks = set(), {}
