"""The bus as a service sees it: named channels, drained once per turn; ZeroMQ behind it live.

In back-tests and simulations another class with the same two methods stands here, and the
services do not know.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import zmq

from tapewire.common.bus import spoken

Inbound = tuple[str, list[bytes]]
"""A channel's name and the frames that came on it."""


class Transport(Protocol):
    """Named channels to other processes. `emptied`: the last poll took all that was there."""

    emptied: bool

    def poll(self, timeout_ms: int) -> list[Inbound]:
        """What has come, bounded a channel; waits up to `timeout_ms` if there is nothing."""

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        """Hand a message over; False if there is no receiver or the queue is full."""


class Stream(Protocol):
    """A byte stream that is polled beside the sockets, such as the one to TWS."""

    def fileno(self) -> int:
        """The descriptor to poll; -1 while there is none."""

    def wants_write(self) -> bool:
        """Whether bytes wait to be written, or a connect to be completed."""

    def ready(self) -> list[list[bytes]]:
        """Read and write what goes without waiting; the messages this gave."""

    def write(self, data: bytes) -> bool:
        """Queue bytes; False if there is no connection."""

    def close(self) -> None:
        """Close now; `ready` may connect again later."""


KINDS: Final = {
    "pub": zmq.PUB,
    "xpub": zmq.XPUB,
    "sub": zmq.SUB,
    "push": zmq.PUSH,
    "pull": zmq.PULL,
    "router": zmq.ROUTER,
    "heard_router": zmq.ROUTER,  # says of what it sends whether somebody is there
    "dealer": zmq.DEALER,
}
# pyzmq's own conveniences above these, such as flags that are enums, cost as much as a message.
_send: Final = zmq.backend.Socket.send
_receive: Final = zmq.backend.Socket.recv
_get: Final[Any] = zmq.backend.Socket.get
NOBLOCK: Final = int(zmq.NOBLOCK)
NOBLOCK_MORE: Final = int(zmq.NOBLOCK | zmq.SNDMORE)
RCVMORE: Final = int(zmq.RCVMORE)
EVENTS: Final = int(zmq.EVENTS)
POLLIN: Final = int(zmq.POLLIN)
POLLOUT: Final = int(zmq.POLLOUT)
HEARTBEAT_IVL_MS: Final = 1000
HEARTBEAT_TIMEOUT_MS: Final = 5000
JOINING: Final = ("sub", "push", "dealer")
"""The kinds that join what others bind. They alone send heartbeats, see `beat`."""
MESSAGE_MAX_BYTES: Final = 16 * 1024 * 1024
UNREAD_BATCHES: Final = 4
"""Of answers, so many times what one turn can give waits at most for a client that does not read.
What was dropped is asked for again. Anybody may ask for a piece of a journal: that has 350 kB."""
IPC: Final = "ipc://"


def opened(context: zmq.Context[Any], kind: str, messages_max: int) -> "zmq.Socket[bytes]":
    """A socket with the settings that all of the group's have; not yet bound or connected."""
    socket: zmq.Socket[bytes] = context.socket(KINDS[kind])
    socket.set_hwm(messages_max)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MESSAGE_MAX_BYTES)
    if kind in JOINING:
        beat(socket, HEARTBEAT_IVL_MS, HEARTBEAT_TIMEOUT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL, 20)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
    if kind in ("push", "dealer"):
        socket.setsockopt(zmq.IMMEDIATE, 1)  # never queue for a peer that is not there
    if kind == "heard_router":
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    if kind == "xpub":
        socket.setsockopt(zmq.XPUB_VERBOSER, 1)  # each joiner and each leaver is seen
    return socket


def beat(socket: "zmq.Socket[Any]", every_ms: int, timeout_ms: int) -> None:
    """Let both ends find out within `timeout_ms` that the other one hangs; of a socket that joins.

    ZeroMQ 4.3.5 aborts the process if a heartbeat is due on a connection that has ended while what
    came on it fills the queue. Whoever floods a socket and leaves could end any process with that.
    So no socket that is bound sends heartbeats. It hears those of its clients, and ends a
    connection on which none comes for as long as its client has named.
    """
    socket.setsockopt(zmq.HEARTBEAT_IVL, every_ms)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, timeout_ms)
    socket.setsockopt(zmq.HEARTBEAT_TTL, timeout_ms)


def bind(socket: "zmq.Socket[Any]", channel: str, endpoint: str) -> None:
    """Bind a socket; a taken address is an `OSError` that names it and the channel."""
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise OSError(f"{endpoint} for {channel}: {error}; is another process on it?") from error


class ZmqTransport:
    """ZeroMQ sockets and byte streams in one poll loop.

    `messages_max` is each socket's high-water mark, `batch_max` how many messages of a channel
    one poll takes, so that no channel starves the others. ZeroMQ does not tell how much waits in
    a socket: `drained` is what the last poll that found anything took, by channel. `refused`
    counts what `send` could not hand over.
    """

    def __init__(self, messages_max: int = 200_000, batch_max: int = 256) -> None:
        self._context = zmq.Context()
        self._messages_max = messages_max
        self._batch_max = batch_max
        self._batches_max: dict[str, int] = {}
        self.drained: dict[str, int] = {}
        self.drained_max: dict[str, int] = {}
        self.refused: Counter[str] = Counter()
        self.emptied = True
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._streams: dict[str, Stream] = {}
        self._tokens: dict[str, Callable[[], bytes]] = {}
        self._poller = zmq.Poller()
        self._readers: dict[zmq.Socket[bytes], str] = {}
        self._watched: dict[str, int] = {}

    def bind(self, channel: str, kind: str, endpoint: str, messages_max: int | None = None) -> None:
        """Open `channel` as the fixed end; a taken address is an error that names it. The file of
        an ipc address is for this user alone, whatever the umask. `messages_max` is its own
        high-water mark, for each client; a `router` has a low one by itself."""
        socket = self._open(channel, kind)
        if messages_max is None and kind == "router":
            messages_max = min(self._messages_max, UNREAD_BATCHES * self._batch_max)
        if messages_max is not None:
            socket.set_hwm(messages_max)
        bind(socket, channel, endpoint)
        if endpoint.startswith(IPC):
            Path(endpoint.removeprefix(IPC)).chmod(0o600)

    def connect(
        self,
        channel: str,
        kind: str,
        endpoint: str,
        topics: Sequence[bytes] = (),
        batch_max: int | None = None,
    ) -> None:
        """Open `channel` as the moving end; the peer may come later, and again. `batch_max` is
        its own bound on what one poll takes."""
        socket = self._open(channel, kind)
        if batch_max is not None:
            self._batches_max[channel] = batch_max
        for topic in topics:
            socket.setsockopt(zmq.SUBSCRIBE, topic)
        socket.connect(endpoint)

    def subscribe(self, channel: str, topic: bytes) -> None:
        """Read one more topic of a `sub` channel."""
        self._sockets[channel].setsockopt(zmq.SUBSCRIBE, topic)

    def unsubscribe(self, channel: str, topic: bytes) -> None:
        """Do not read a topic any more; it has to have been subscribed."""
        self._sockets[channel].setsockopt(zmq.UNSUBSCRIBE, topic)

    def descriptors(self) -> list[int]:
        """The descriptors of all channels that are read, for a loop of somebody else's.

        One of them becomes readable when a message may have come. It need not become so again for
        what comes before all of that was taken, or while something is sent: look with `poll` until
        there is nothing, and once more after each `send`.
        """
        return [int(source.fileno()) for source in self._readers]

    def present(self, channel: str, token: Callable[[], bytes]) -> None:
        """Send `token()` along with every message on `channel`, in a frame before it, and before it
        the wire version that this process speaks."""
        self._tokens[channel] = token

    def attach(self, channel: str, stream: Stream) -> None:
        """Poll `stream` beside the sockets, as `channel`."""
        self._streams[channel] = stream

    def poll(self, timeout_ms: int) -> list[Inbound]:
        """What has come on any channel."""
        watched = self._watch_streams()
        ready = dict(self._poller.poll(timeout_ms))
        inbound: list[Inbound] = []
        self.emptied = True
        for channel, stream in self._streams.items():
            if watched[channel] < 0 or watched[channel] in ready:
                inbound += [(channel, frames) for frames in stream.ready()]
        for source, channel in self._readers.items():
            if source in ready:
                self._drain(channel, inbound)
        return inbound

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        """Hand a message over without waiting; False if it was not taken."""
        stream = self._streams.get(channel)
        if stream is not None:
            return stream.write(frames[0])
        token = self._tokens.get(channel)
        if token is not None:
            frames = [spoken.shown(token()), *frames]
        try:
            sock, last = self._sockets[channel], len(frames) - 1
            for place, frame in enumerate(frames):  # only the first can fail: a message is whole
                _send(sock, frame, NOBLOCK if place == last else NOBLOCK_MORE)
        except zmq.Again:
            self.refused[channel] += 1
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            return False  # the client of a router is gone
        return True

    def close(self, linger_ms: int = 200) -> None:
        """Close all; what is queued has `linger_ms` to leave."""
        for socket in self._sockets.values():
            socket.close(linger=linger_ms)
        self._context.term()

    def _open(self, channel: str, kind: str) -> "zmq.Socket[bytes]":
        socket = opened(self._context, kind, self._messages_max)
        self._sockets[channel] = socket
        if kind not in ("pub", "push"):
            self._poller.register(socket, POLLIN)
            self._readers[socket] = channel
        return socket

    def _watch_streams(self) -> dict[str, int]:
        """Register each stream's present descriptor, and forget the ones that are closed."""
        watched = {}
        for channel, stream in self._streams.items():
            fd, known = stream.fileno(), self._watched.get(channel, -1)
            if known not in (fd, -1):
                self._poller.unregister(known)
            if fd >= 0:
                self._poller.register(fd, POLLIN | (POLLOUT if stream.wants_write() else 0))
            watched[channel] = fd
        self._watched = watched
        return watched

    def _drain(self, channel: str, inbound: list[Inbound]) -> None:
        socket, before = self._sockets[channel], len(inbound)
        try:
            for _ in range(self._batches_max.get(channel, self._batch_max)):
                frames = [_receive(socket, NOBLOCK)]
                while _get(socket, RCVMORE):
                    frames.append(_receive(socket, NOBLOCK))
                inbound.append((channel, frames))
                if len(inbound) == before + 1 and not _get(socket, EVENTS) & POLLIN:
                    break  # mostly one has come, and to ask costs half of what `Again` does
            else:
                self.emptied = False
        except zmq.Again:
            pass
        taken = self.drained[channel] = len(inbound) - before
        if taken > self.drained_max.get(channel, 0):
            self.drained_max[channel] = taken
