"""A network of one process: messages travel in virtual time, and may be lost on the way."""

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

from common.clock import VirtualClock
from common.transport import Inbound

HOP_NS = 100_000


class Killed(BaseException):
    """The process died at this very step. No handler of `Exception` may catch it."""


class Weather(Protocol):
    """What the network does to a message on the link from one process to another."""

    def delay_ns(self, link: str) -> int:
        """How long the next message takes; order is kept on every link all the same."""

    def copies(self, link: str) -> int:
        """How often it arrives: 0 is lost, 2 is repeated. Never asked for links to TWS (TCP)."""


class Calm:
    """Every message arrives once, after `HOP_NS`."""

    def delay_ns(self, link: str) -> int:
        """Always the same."""
        return HOP_NS

    def copies(self, link: str) -> int:
        """Always one."""
        return 1


class Agenda:
    """What happens when: actions in order of time, and of arrival within one time."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, time_ns: int, action: Callable[[], None]) -> None:
        """Do `action` at `time_ns`, or now if that has passed."""
        heapq.heappush(self._heap, (max(time_ns, self.clock.now_ns()), next(self._order), action))

    def run_until(self, end_ns: int) -> None:
        """Do all that is due up to `end_ns`; the clock ends there."""
        while self._heap and self._heap[0][0] <= end_ns:
            time_ns, _, action = heapq.heappop(self._heap)
            self.clock.advance_to(time_ns)
            action()
        self.clock.advance_to(end_ns)


class VirtualTransport:
    """The channels of one process. `fuse` counts down at every send, and kills at zero."""

    def __init__(self, name: str, route: Callable[[str, str, list[bytes]], bool]) -> None:
        self.name = name
        self.inbox: list[Inbound] = []
        self.fuse: int | None = None
        self._route = route

    def poll(self, timeout_ms: int) -> list[Inbound]:
        """What has arrived."""
        taken, self.inbox = self.inbox, []
        return taken

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        """Hand a message to the network; False where nobody is connected."""
        self.step()
        return self._route(self.name, channel, list(frames))

    def step(self) -> None:
        """One step nearer to the end of the fuse."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise Killed(self.name)


class Links:
    """When the next message of each link arrives: never before the one ahead of it."""

    def __init__(self, clock: VirtualClock, weather: Weather) -> None:
        self._clock = clock
        self._last_ns: dict[str, int] = {}
        self.weather = weather

    def arrival_ns(self, link: str) -> int:
        """The time at which a message sent now on `link` arrives."""
        arrival = self._clock.now_ns() + self.weather.delay_ns(link)
        arrival = max(arrival, self._last_ns.get(link, 0))
        self._last_ns[link] = arrival
        return arrival
