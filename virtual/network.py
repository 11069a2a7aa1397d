"""A network of one process: messages travel in virtual time, and may be lost on the way."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, Protocol

from tapewire.common.bus.transport import Inbound
from tapewire.common.clock import VirtualClock

HOP_NS = 100_000


class Killed(BaseException):
    """The process died at this very step. No handler of `Exception` may catch it."""


class NetworkFaults(Protocol):
    """What the network does to a message on the link from one process to another."""

    def delay_ns(self, link: str) -> int:
        """How long the next message takes; order is kept on every link all the same."""

    def copies(self, link: str) -> int:
        """How often it arrives: 0 is lost, 2 is repeated. Never asked for links to TWS (TCP)."""

    def pieces(self, size: int) -> Sequence[int]:
        """In which sizes `size` bytes from TWS arrive; they add up to it."""


class Reliable:
    """Every message arrives once, after `HOP_NS`."""

    def delay_ns(self, link: str) -> int:
        """Always the same."""
        return HOP_NS

    def copies(self, link: str) -> int:
        """Always one."""
        return 1

    def pieces(self, size: int) -> Sequence[int]:
        """All of them at once."""
        return (size,)


class Scheduler:
    """What happens when: actions in order of time, and of arrival within one time.

    What is due at once waits in a queue of its own, which costs less than the heap; everything
    in the heap for that time was put there earlier, so it comes first.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._soon: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._order = count()

    def at(self, time_ns: int, action: Callable[..., None], *arguments: Any) -> None:
        """Do `action(*arguments)` at `time_ns`, or now if that has passed."""
        if time_ns <= self.clock.mono_ns():
            self._soon.append((action, arguments))
        else:
            heapq.heappush(self._heap, (time_ns, next(self._order), action, arguments))

    def waiting(self) -> Iterator[Callable[..., None]]:
        """What is to be done at some time, in no order."""
        yield from (action for _, _, action, _ in self._heap)
        yield from (action for action, _ in self._soon)

    def clear(self) -> None:
        """Forget all that was to be done."""
        self._heap.clear()
        self._soon.clear()

    def run_until(self, end_ns: int) -> None:
        """Do all that is due up to `end_ns`; the clock ends there."""
        heap, soon, pop = self._heap, self._soon, heapq.heappop
        now_ns = self.clock.mono_ns()
        while True:
            if heap and heap[0][0] <= now_ns:
                _, _, action, arguments = pop(heap)
            elif soon:
                action, arguments = soon.popleft()
            elif heap and heap[0][0] <= end_ns:
                now_ns, _, action, arguments = pop(heap)
                self.clock.advance_to(now_ns)
            else:
                break
            action(*arguments)
        self.clock.advance_to(end_ns)


class VirtualTransport:
    """The channels of one process. `crash_after` counts down at every send, and kills at zero."""

    def __init__(self, name: str, route: Callable[[str, str, Sequence[bytes]], bool]) -> None:
        self.name = name
        self.emptied = True
        self.inbox: list[Inbound] = []
        self.crash_after: int | None = None
        self._route = route

    def poll(self, timeout_ms: int) -> list[Inbound]:
        """What has arrived."""
        taken, self.inbox = self.inbox, []
        return taken

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        """Hand a message to the network; False if no reader is connected."""
        if self.crash_after is not None:
            self.step()
        return self._route(self.name, channel, frames)

    def step(self) -> None:
        """One step nearer to the crash."""
        if self.crash_after is not None:
            self.crash_after -= 1
            if self.crash_after < 0:
                self.crash_after = None
                raise Killed(self.name)


class Link:
    """The way of messages to one receiver on one channel, under a name that the faults know."""

    __slots__ = ("channel", "last_ns", "name", "receiver")

    def __init__(self, name: str, receiver: str, channel: str) -> None:
        self.name = name
        self.receiver = receiver
        self.channel = channel
        self.last_ns = 0


class Links:
    """When the next message of each link arrives: never before the one ahead of it."""

    def __init__(self, clock: VirtualClock, faults: NetworkFaults) -> None:
        self._clock = clock
        self._links: dict[tuple[str, str, str, int], Link] = {}
        self.faults = faults

    def between(self, sender: str, receiver: str, channel: str, start: int) -> Link:
        """The link from `sender` to `receiver`'s `channel`, the same for one `start` of `sender`.

        A process that starts opens new connections: what its predecessor has sent, and is slow on
        its way, may arrive after the first words of the successor.
        """
        key = (sender, receiver, channel, start)
        link = self._links.get(key)
        if link is None:
            link = self._links[key] = Link(f"{sender}>{receiver}:{channel}", receiver, channel)
        return link

    def tcp(self, connection: int, way: str) -> Link:
        """A connection with TWS: `way` is `>` to it and `<` from it."""
        key = ("tcp", way, str(connection), 0)
        link = self._links.get(key)
        if link is None:
            link = self._links[key] = Link(f"tcp{way}{connection}", "", "tws")
        return link

    def arrival_ns(self, link: Link) -> int:
        """The time at which a message sent now on `link` arrives."""
        arrival = self._clock.mono_ns() + self.faults.delay_ns(link.name)
        if arrival < link.last_ns:
            return link.last_ns
        link.last_ns = arrival
        return arrival
