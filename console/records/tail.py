"""Live messages of the bus, read without any schema, as any reader of `docs/wire.md` can.

It only listens. On the `market` socket it takes what goes to other readers anyway: it never
subscribes to `last.SYMBOL`, which would open a market data line.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgpack  # type: ignore[import-untyped, unused-ignore]  # it ships no types
import zmq

from tapewire.common.bus.endpoints import STREAMS, endpoint, sockets_of
from tapewire.common.bus.ports import of_login
from tapewire.common.bus.sequenced import OF_SYMBOLS
from tapewire.common.bus.wire import BODY_MAX_BYTES, WIRE_VERSION
from tapewire.common.config.settings import BusConfig
from tapewire.common.logins import ONLY, Logins
from tapewire.risk.publishing import TOPICS

MARKET: Final = "market"
DEFAULT: Final = ("tick.", "greeks.", *STREAMS)
LAST: Final = "last."
BY_MESSAGE: Final = (*(f"{kind}." for kind in OF_SYMBOLS), *TOPICS)
"""Topics whose seq counts messages, not events."""
UNNUMBERED: Final = (LAST, "heartbeat.")  # their seq does not count their messages
POLL_MS: Final = 100
TAKEN_MAX: Final = 1000  # messages of one socket in a row, so that none starves the others


class Message(NamedTuple):
    """One message as received. `lost` is how many of its topic are missing before it."""

    topic: str
    source: str
    epoch: str
    seq: int
    events: list[list[Any]]
    lost: int


class Tail:
    """Listens to every publisher for topics that begin with one of `prefixes`; use in a `with`."""

    def __init__(
        self,
        bus: BusConfig,
        run_dir: Path,
        prefixes: Sequence[str] = (),
        logins: Logins = ONLY,
    ) -> None:
        self.messages = 0
        self.events = 0
        self.lost = 0
        self.unreadable = 0
        self._prefixes = tuple(prefixes) or DEFAULT
        self._losses = Losses()
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        streams = (sockets_of(role)[0] for role in logins.roles)
        for name in (*(of_login(MARKET, one.name) for one in logins), *streams):
            socket = self._context.socket(zmq.SUB)
            socket.set_hwm(bus.messages_max)
            socket.setsockopt(zmq.MAXMSGSIZE, BODY_MAX_BYTES)
            for prefix in self._prefixes:
                socket.subscribe(LAST if prefix.startswith(LAST) else prefix)
            socket.connect(endpoint(name, bus, run_dir))
            self._poller.register(socket, zmq.POLLIN)

    def __enter__(self) -> "Tail":
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def read(self, seconds: float | None = None) -> Iterator[Message]:
        """Messages as they arrive, for `seconds`, or for ever."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while deadline is None or time.monotonic() < deadline:
            for socket, _ in self._poller.poll(POLL_MS):
                yield from self._drain(socket)

    def counts(self) -> dict[str, int]:
        """How much was received so far, lost, and could not be read."""
        return {
            "messages": self.messages,
            "events": self.events,
            "lost": self.lost,
            "unreadable": self.unreadable,
        }

    def _drain(self, socket: "zmq.Socket[bytes]") -> Iterator[Message]:
        for _ in range(TAKEN_MAX):
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            message = self._message(frames)
            if message is not None:
                yield message

    def _message(self, frames: list[bytes]) -> Message | None:
        topic = frames[0].rstrip(b"\0").decode(errors="replace")
        if not topic.startswith(self._prefixes):
            return None
        body = unpacked(frames[-1])
        if body is None:
            self.unreadable += 1
            return None
        _version, source, epoch, seq, events = body
        lost = self._losses.before(topic, epoch, seq, len(events))
        self.messages, self.events = self.messages + 1, self.events + len(events)
        self.lost += lost
        return Message(topic, source, epoch, seq, events, lost)


class Losses:
    """Counts what is missing, by topic: a journal's seq counts events, that of `BY_MESSAGE`
    messages."""

    def __init__(self) -> None:
        self._next: dict[str, tuple[str, int]] = {}

    def before(self, topic: str, epoch: str, seq: int, events: int) -> int:
        """How many messages or events were lost before this one."""
        if topic.startswith(UNNUMBERED):
            return 0
        known_epoch, expected = self._next.get(topic, (epoch, seq))
        following = seq + (1 if topic.startswith(BY_MESSAGE) else events)
        if known_epoch == epoch:
            following = max(following, expected)
        self._next[topic] = (epoch, following)
        return max(0, seq - expected) if known_epoch == epoch else 0


def unpacked(body: bytes) -> list[Any] | None:
    """A body of this wire version as plain values; None if it is something else."""
    try:
        found = msgpack.unpackb(body)
    except (
        ValueError,
        msgpack.UnpackException,
    ):  # broken, cut short, too deep, too long
        return None
    if not isinstance(found, list) or len(found) < 5 or found[0] != WIRE_VERSION:
        return None
    _version, source, epoch, seq, events = found[:5]
    if not (isinstance(source, str) and isinstance(epoch, str) and isinstance(seq, int)):
        return None
    if not (isinstance(events, list) and all(isinstance(e, list) and e for e in events)):
        return None
    return found[:5]
