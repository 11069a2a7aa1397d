"""The broker's lists that a flatten asks for: which are out, and what the newest answer has."""

from typing import Final, NamedTuple

from tapewire.common.clock import Now
from tapewire.common.events import PositionsListed
from tapewire.risk.closing import SECOND_NS

LATE_NS: Final = (5 * SECOND_NS, 10 * SECOND_NS, 20 * SECOND_NS)
"""How long each list is waited for, and those behind: where a broker's limit lets none go, each
more is one more to wait for."""


class Listed(NamedTuple):
    """The broker's list: since when it holds (monotonic), and which orders were open."""

    asked_ns: int
    open: frozenset[str]


class Lists:
    """The lists of one flatten, by its `name`. Times are monotonic."""

    def __init__(self, name: str) -> None:
        self.newest: Listed | None = None
        self._name = name
        self._asked: dict[str, int] = {}  # without an answer yet: when each was asked for
        self._count = 0
        self._waiting_ns: int | None = None  # since when one is wanted

    def wait(self, now_ns: int) -> int:
        """One is wanted; returns for how long one has been by now, without an answer."""
        self._waiting_ns = now_ns if self._waiting_ns is None else self._waiting_ns
        return now_ns - self._waiting_ns

    def is_due(self, now_ns: int) -> bool:
        """Whether to ask: no list is out, or the last one is late."""
        asked_ns = [*self._asked.values()]
        return not asked_ns or now_ns >= asked_ns[-1] + LATE_NS[: len(asked_ns)][-1]

    def is_out(self, now_ns: int) -> bool:
        """Whether one that was asked for behind the newest answer has still a while to come."""
        return any(now_ns - asked_ns < LATE_NS[-1] for asked_ns in self._asked.values())

    def ask(self, now: Now) -> str:
        """One is asked for; returns its name."""
        self._count += 1
        name = f"{self._name}-{now.wall_ns:x}-list-{self._count}"
        self._asked[name] = now.mono_ns
        return name

    def on_listed(self, event: PositionsListed) -> None:
        """An answer. A late one is as true as one in time: of the moment when it was asked for."""
        if (asked_ns := self._asked.get(event.id)) is None:
            return
        self.newest = Listed(asked_ns, frozenset(event.open_orders))
        self._asked = {one: at_ns for one, at_ns in self._asked.items() if at_ns > asked_ns}
        self._waiting_ns = None
