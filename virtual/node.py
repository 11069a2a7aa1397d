"""A process of the virtual group: what survives its death, and what does not."""

from collections.abc import Callable, Sequence
from typing import Final

from tapewire.common.bus.transport import Inbound
from tapewire.common.events import Event
from tapewire.common.runtime.journal import MemoryJournal
from tapewire.common.runtime.service import Service
from tapewire.executor.service import JOURNAL_SYNCHRONOUS
from tapewire.virtual.network import VirtualTransport

SYNCHRONOUS: Final = {"executor": JOURNAL_SYNCHRONOUS}  # every other role's: FULL
Build = Callable[["Node"], Service]
Route = Callable[[str, str, Sequence[bytes]], bool]


class FusedJournal(MemoryJournal):
    """A journal that its process can die at: before a commit, or just after it."""

    def __init__(self, *, durable: bool) -> None:
        super().__init__(durable=durable)
        self.step: Callable[[], None] = lambda: None

    def append(self, events: Sequence[Event]) -> int:
        """Append, with a step on either side."""
        self.step()
        first = super().append(events)
        self.step()
        return first


class Arrival:
    """Messages that reach one start of a process at the same time."""

    __slots__ = ("messages", "start", "time_ns")

    def __init__(self, time_ns: int, start: int) -> None:
        self.time_ns = time_ns
        self.start = start
        self.messages: list[Inbound] = []


class Node:
    """One process: what survives its death (journal) and what does not (service, inbox).

    `arriving` is the last arrival that is still to come: what is sent to the same time joins it.
    """

    def __init__(self, name: str, build: Build, route: Route) -> None:
        self.name = name
        self.build = build
        self.journal = FusedJournal(durable=SYNCHRONOUS.get(name, "FULL") == "FULL")
        self.transport = VirtualTransport(name, route)
        self.service: Service | None = None
        self.starts = 0
        self.connection: int | None = None
        self.turn_due = False
        self.arriving: Arrival | None = None

    @property
    def epoch(self) -> str:
        """A new one for every start, in their order."""
        return f"{self.name}.{self.starts:06}"
