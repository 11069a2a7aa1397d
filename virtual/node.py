"""A process of the virtual group: what survives its death, and what does not.

A node is a `Host`, as a live process is: the same `build` functions put its service together.
"""

from collections.abc import Callable, Sequence
from typing import Final

from tapewire.common.bus.access import Access, clients_of
from tapewire.common.bus.transport import Inbound, Stream
from tapewire.common.clock import VirtualClock
from tapewire.common.config.settings import Config
from tapewire.common.events import Event
from tapewire.common.runtime.checkpoint import Checkpoints
from tapewire.common.runtime.heads import Heads, Memory
from tapewire.common.runtime.journal import Journal, JournalFullError, Synchronous
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.common.runtime.service import Service
from tapewire.common.runtime.stand_by import assemble
from tapewire.gateway.service import BROKER
from tapewire.virtual.network import VirtualTransport

Build = Callable[["Node"], Service]
Route = Callable[[str, str, Sequence[bytes]], bool]

EPOCH_DIGITS: Final = 6
NO_ROOM: Final = "the disk is full; nothing was written or published"


class CrashingJournal(MemoryJournal):
    """A journal that its process can die at: before a commit, during it, or just after it.

    With `later` a commit takes time: it calls that with what completes it, which can be done only
    once the journal is not `full`. A process that dies meanwhile leaves it complete or not, as the
    disk may have been faster than the death or not.

    While `is_full` nothing can be written to it, as on a disk without room.
    """

    def __init__(self) -> None:
        super().__init__()
        self.step: Callable[[], None] = lambda: None
        self.later: Callable[[Callable[[], None]], None] | None = None
        self.is_full = False
        self._under_way: Sequence[Event] | None = None

    @property
    def full(self) -> str:  # type: ignore[override]
        """See `Journal.full`; only of a commit that takes time."""
        return NO_ROOM if self.is_full and self._under_way is not None else ""

    def append(self, events: Sequence[Event]) -> int:
        """Append, with a step on either side."""
        self.step()
        if self.is_full:
            raise JournalFullError(NO_ROOM)
        first = super().append(events)
        self.step()
        return first

    def begin(self, events: Sequence[Event]) -> int:
        """Append at once, or later."""
        if self.later is None:
            return self.append(events)
        self.step()
        self._under_way = events
        self.later(self.wait)
        return self.head.seq + 1

    def wait(self) -> None:
        """Complete the commit that is under way."""
        if self.full:
            raise JournalFullError(NO_ROOM)
        events, self._under_way = self._under_way, None
        if events is not None:
            super().append(events)

    def died(self) -> None:
        """Its process is gone: every other commit that was under way is complete."""
        if self.head.seq % 2 and not self.full:
            self.wait()
        self._under_way = None


class HeadMemory:
    """What a process remembers of journals, as a file of its own would keep it."""

    def __init__(self) -> None:
        self.boots = 1
        self._memory = Memory()

    @property
    def boot(self) -> str:
        """Names the present start of the machine."""
        return str(self.boots)

    def read(self) -> Memory:
        """What was written last."""
        return self._memory

    def write(self, memory: Memory) -> None:
        """Keep `memory`."""
        self._memory = memory


class Arrival:
    """Messages that reach one start of a process at the same time."""

    __slots__ = ("messages", "start", "time_ns")

    def __init__(self, time_ns: int, start: int) -> None:
        self.time_ns = time_ns
        self.start = start
        self.messages: list[Inbound] = []


class Node:
    """One process: what survives its death (journal) and what does not (service, inbox).

    `subscribed` has the channels that it reads of sockets, by the socket and a topic.
    `arriving` is the last arrival that is still to come: what is sent to the same time joins it.
    `hang_up` closes its connection to the broker; `later` lets a commit of its journal take time.
    `disk_free_bytes` is what its disk has free (None: no bound); see `World.fill_disk`.
    `checkpoints` is where the group keeps its checkpoint, if it has one; `ended_of` gives what
    another node has as `ended`.
    """

    def __init__(
        self,
        role: str,
        config: Config,
        clock: VirtualClock,
        build: Build,
        route: Route,
        hang_up: Callable[[str], None],
        later: Callable[["Node", Callable[[], None]], None],
        checkpoints: Checkpoints | None = None,
        ended_of: Callable[[str], str] = lambda _role: "",
    ) -> None:
        self.role = role
        self.config = config
        self.clock = clock
        self.records = CrashingJournal()
        self.remembered = HeadMemory()
        self.heads = Heads(role, self.remembered)
        self.transport = VirtualTransport(role, route)
        self.service: Service | None = None
        self.subscribed: dict[tuple[str, bytes], str] = {}
        self.starts = 0
        self.connection: int | None = None
        self.stopped = False
        self.disk_free_bytes: int | None = None
        self.halt_text: str | None = None
        self.rules_confirmed = True
        self.turn_due = False
        self.wakes_ns: int | None = None
        self.arriving: Arrival | None = None
        self._build = build
        self._route = route
        self._hang_up = hang_up
        self._checkpoints = checkpoints
        self._ended_of = ended_of
        self._later = lambda complete: later(self, complete)

    def __repr__(self) -> str:
        return f"<Node {self.role}, start {self.starts}, {self.service!r}>"

    def start(self) -> Service:
        """Build the service on what the journal has kept."""
        self.starts += 1
        self.subscribed = {}
        self.transport = VirtualTransport(self.role, self._route)
        self.records.step = self.transport.step
        self.heads = Heads(self.role, self.remembered)
        self.service = assemble(self, self._build)
        return self.service

    # ---- the host ------------------------------------------------------------------------------

    @property
    def epoch(self) -> str:
        """A new one for every start, in their order."""
        return f"{self.role}.{self.starts:0{EPOCH_DIGITS}}"

    @property
    def access(self) -> Access:
        """The tokens are made from the epoch, so that each run has the same ones."""
        return Access(self.role, {one: self.token_for(one) for one in clients_of(self.role)})

    def token_for(self, client: str) -> bytes:
        """What a kind of client sends along to this start."""
        return f"{self.epoch}/{client}".encode()

    def journal(self, synchronous: Synchronous = "FULL", *, background: bool = False) -> Journal:
        """What survives the process; with NORMAL, not always the machine."""
        weaker = "NORMAL" in (synchronous, self.config.storage.synchronous)
        self.records.durable = not weaker
        self.heads.require(self.records)
        self.records.later = self._later if background else None
        return self.records

    def checkpoints(self) -> Checkpoints | None:
        """See `Host.checkpoints`; none where the world keeps none."""
        return self._checkpoints

    def reset(self) -> None:
        """See `Host.reset`; the world opens nothing."""

    def free_bytes(self) -> int | None:
        """See `Host.free_bytes`."""
        return self.disk_free_bytes

    def journal_lost(self) -> str:
        """See `Host.journal_lost`; nobody deletes what is in memory."""
        return ""

    def halt_file(self) -> str | None:
        """See `Host.halt_file`."""
        return self.halt_text

    @property
    def ended(self) -> str:
        """Names its newest start if that is over; empty if it is not."""
        return "" if self.service is not None else str(self.starts)

    def ended_start(self, role: str) -> str:
        """See `Host.ended_start`."""
        return self._ended_of(role)

    def are_rules_confirmed(self) -> bool:
        """See `Host.are_rules_confirmed`."""
        return self.rules_confirmed

    def serve_stream(self) -> None:
        """The world routes by the names of channels: nothing has to be opened."""

    def follow(self, *sources: str) -> tuple[str, ...]:
        """See `serve_stream`."""
        return sources

    def bind(self, channel: str, kind: str, name: str, messages_max: int | None = None) -> None:
        """See `serve_stream`."""

    def connect(
        self,
        channel: str,
        kind: str,
        name: str,
        topics: Sequence[bytes] = (),
        batch_max: int | None = None,
    ) -> None:
        """Note what is subscribed: the world routes by that."""
        for topic in topics:
            self.subscribed[name, topic] = channel

    def connect_outside(self, channel: str, kind: str, address: str, topics: list[bytes]) -> None:
        """Nothing outside is reached from here: such a channel stays silent."""

    def attach(self, channel: str, make: Callable[[], Stream]) -> Callable[[], None]:
        """The world stands in for the stream to the broker; any other never connects."""
        return (lambda: self._hang_up(self.role)) if channel == BROKER else lambda: None
