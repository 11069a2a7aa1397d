"""Sockets between hosts, in the same poll loop as those of the run directory.

Between hosts a connection can be gone without a word, and what waits in a queue grows old there. So
these sockets are stricter than those on one machine:

*   A heartbeat of the far host each `HEARTBEAT_IVL_MS`, and the end of the connection where none is
    answered, or none comes, for `HEARTBEAT_TIMEOUT_MS`. What was queued for it is dropped.
*   Small queues. What does not fit is lost at once and shows as a gap, rather than arrive late as
    if it were new.
*   A connection attempt is given up after `CONNECT_MS`. The kernel by itself would wait longer and
    longer, and a host would stay away for a minute after the network is back.
"""

from collections.abc import Callable
from typing import Any, Final

import zmq

from tapewire.common.bus import curve
from tapewire.common.bus.allowed import Decision
from tapewire.common.bus.curve import Pair
from tapewire.common.bus.ports import HOSTS
from tapewire.common.bus.transport import JOINING, Inbound, ZmqTransport, beat, bind
from tapewire.relay.sockets import largest
from tapewire.relay.zap import Zap

HEARTBEAT_IVL_MS: Final = 500
HEARTBEAT_TIMEOUT_MS: Final = 2_000
CONNECT_MS: Final = 1_000
RECONNECT_MS: Final = 100
RECONNECT_MAX_MS: Final = 1_000
QUEUE_MAX: Final = 10_000
"""Messages that wait at each end of a socket that publishes."""
REQUESTS_MAX: Final = 1_000
"""Messages that wait at each end of any other socket."""
INBOUND_MAX: Final = 200
"""Messages that wait at the door for each connection: with them a far host can fill memory."""
WORDS_MAX: Final = 16
"""Answers of the door's own that wait for each connection: a part of the checkpoint is large."""
ENCRYPTED_BYTES: Final = 64
"""What encryption adds to a message, at most."""
SOCKETS_MAX: Final = 16_384
"""The door has one for each far client; ZeroMQ's own limit is 1,023."""
USER: Final = "User-Id"


class HostsTransport(ZmqTransport):
    """`pair` is this host's; the socket that serves others needs `read`, by which connections are
    judged, and one that joins home the public key `home`."""

    def __init__(self, pair: Pair, messages_max: int, batch_max: int) -> None:
        super().__init__(messages_max, batch_max)
        self._context.max_sockets = SOCKETS_MAX
        self._pair = pair
        self._zap: Zap | None = None
        self._named: set[str] = set()  # channels whose messages begin with who sent them
        self._served: dict[str, str] = {}

    # ---- at home ---------------------------------------------------------------------------------

    def judge(self, read: Callable[[], Decision]) -> Zap:
        """Admit who may connect by what `read` gives; to be called before anything is served."""
        self._zap = Zap(self._context, read)
        self._poller.register(self._zap.poll_socket, zmq.POLLIN)
        return self._zap

    def serve(self, channel: str, kind: str, address: str, domain: str) -> None:
        """Open `channel` for other hosts. Each message begins with who sent it, `HOST/ROLE`, in a
        frame of its own. It is empty where nobody did: where a connection has ended, XPUB reports
        the end of its subscriptions by itself."""
        socket = self._open(channel, kind)
        _between_hosts(socket, kind)
        socket.setsockopt(zmq.MAXMSGSIZE, largest(domain, kind) + ENCRYPTED_BYTES)
        socket.setsockopt(zmq.RCVHWM, INBOUND_MAX)
        if domain == HOSTS:
            socket.setsockopt(zmq.SNDHWM, WORDS_MAX)
        curve.serve(socket, self._pair, domain)
        bind(socket, channel, address)
        self._served[channel] = address
        self._named.add(channel)

    def authenticate_again(self) -> None:
        """End all connections of other hosts; who is still admitted comes back. Raises `OSError`
        where an address is not free again."""
        for channel, address in self._served.items():
            curve.authenticate_again(self._sockets[channel], address)

    def poll(self, timeout_ms: int) -> list[Inbound]:
        """What has come on any channel; judges the connections that wait."""
        inbound = super().poll(timeout_ms)
        if self._zap is not None:
            self._zap.answer()
        return inbound

    # ---- on a far host ---------------------------------------------------------------------------

    def join(self, channel: str, kind: str, address: str, home: bytes) -> None:
        """Open `channel` to home, whose public key is `home`."""
        socket = self._open(channel, kind)
        _between_hosts(socket, kind)
        curve.join(socket, self._pair, home)
        socket.connect(address)

    # ---- both ------------------------------------------------------------------------------------

    def drop(self, channel: str) -> None:
        """Close a channel, with all that waits in it."""
        socket = self._sockets.pop(channel)
        if self._readers.pop(socket, None) is not None:
            self._poller.unregister(socket)
        socket.close(linger=0)
        for counts in (self.drained, self.drained_max, self.refused):
            counts.pop(channel, None)

    def close(self, linger_ms: int = 200) -> None:
        """Close all, the judge as the last."""
        if self._zap is not None:
            self._poller.unregister(self._zap.poll_socket)
            self._zap.close()
        super().close(linger_ms)

    def _drain(self, channel: str, inbound: list[Inbound]) -> None:
        if channel not in self._named:
            super()._drain(channel, inbound)
            return
        socket, taken = self._sockets[channel], 0
        while taken < self._batch_max:
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                break
            inbound.append((channel, [_user_of(frames[-1]), *(frame.bytes for frame in frames)]))
            taken += 1
        else:
            self.emptied = False
        self.drained[channel] = taken
        self.drained_max[channel] = max(taken, self.drained_max.get(channel, 0))


def _user_of(frame: zmq.Frame) -> bytes:
    """Who sent a message; empty if nobody says so."""
    try:
        return str(frame.get(USER)).encode()
    except (zmq.ZMQError, ValueError):
        return b""


def _between_hosts(socket: "zmq.Socket[Any]", kind: str) -> None:
    socket.set_hwm(QUEUE_MAX if kind in ("xpub", "sub") else REQUESTS_MAX)
    if kind in JOINING:
        beat(socket, HEARTBEAT_IVL_MS, HEARTBEAT_TIMEOUT_MS)
    socket.setsockopt(zmq.CONNECT_TIMEOUT, CONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
    socket.setsockopt(zmq.IPV6, 1)
