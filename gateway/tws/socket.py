"""The TCP socket to TWS: non-blocking, in the gateway's one poll loop, connecting by itself."""

import errno
import os
import socket
from collections.abc import Callable
from typing import Final

from tapewire.common.clock import Clock
from tapewire.common.config.tws_address import NoTwsAddress, TwsAddress
from tapewire.gateway.broker import CLOSED, DATA, OPENED
from tapewire.gateway.tws.raw_log import RawLog
from tapewire.gateway.tws.reconnect import Reconnect

Wiring = tuple[Callable[[], TwsAddress], Reconnect, Clock, int, RawLog | None]
"""What a `TwsSocket` is given, in the order in which it takes them."""
READ_BYTES: Final = 256 * 1024

KEEPALIVE: Final = {
    socket.TCP_KEEPIDLE: 10,
    socket.TCP_KEEPINTVL: 3,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 19_000,
}
"""A peer that answers nothing for 19 s is gone, whether it was asked or written to: s, s, -, ms."""


class TwsSocket:
    """A byte stream to TWS for `ZmqTransport.attach`; `find` gives the address, at each connect.

    `ready` gives `[OPENED]`, with the nonce and the address behind it where the peer must prove
    who it is, `[DATA, bytes]` and `[CLOSED, reason]`. After a close it tries again when `reconnect`
    lets it, for as long as it takes. An attempt that has not connected within `timeout_ms` ends.
    `raw_log` writes down what goes over it.
    """

    def __init__(
        self,
        find: Callable[[], TwsAddress],
        reconnect: Reconnect,
        clock: Clock,
        timeout_ms: int = 10_000,
        raw_log: RawLog | None = None,
    ) -> None:
        self._find = find
        self._address: TwsAddress | None = None
        self._reconnect = reconnect
        self._timeout_ns = timeout_ms * 1_000_000
        self._clock = clock
        self._raw_log = raw_log
        self._socket: socket.socket | None = None
        self._connected = False
        self._begun_ns = 0
        self._out = bytearray()

    def __repr__(self) -> str:
        state = "connected" if self._connected else "down"
        return f"<TwsSocket {self._address} {state}>"

    def fileno(self) -> int:
        """The descriptor to poll; -1 while there is none, or none that is worth waiting for: then
        `ready` is called all the same."""
        return self._socket.fileno() if self._socket and not self._is_late() else -1

    def wants_write(self) -> bool:
        """Whether bytes wait, or a connect is under way."""
        return bool(self._out) or not self._connected

    def ready(self) -> list[list[bytes]]:
        """Connect, read and write as far as it goes without waiting."""
        if self._socket is None:
            return self._begin()
        if not self._connected:
            return self._finish_connecting()
        messages = self._read(self._socket)
        if self._socket is not None and self._out:
            messages += self._flush(self._socket)
        return messages

    def write(self, data: bytes) -> bool:
        """Write, or queue what does not fit; False if there is no connection."""
        if self._socket is None or not self._connected:
            return False
        if self._raw_log is not None:
            self._raw_log.written(data)
        self._out += data
        self._flush_quietly(self._socket)
        return True

    def close(self) -> None:
        """Close now; `ready` connects again later."""
        if self._socket is not None:
            self._end()

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._connected = None, False
        self._out.clear()
        self._reconnect.closed(self._clock.mono_ns())

    def _is_late(self) -> bool:
        """Whether the attempt to connect takes too long."""
        return not self._connected and self._clock.mono_ns() - self._begun_ns > self._timeout_ns

    def _begin(self) -> list[list[bytes]]:
        self._begun_ns = self._clock.mono_ns()
        if self._begun_ns < self._reconnect.due_ns:
            return []
        try:
            self._address = address = self._find()
        except NoTwsAddress as error:
            return self._gone(f"cannot connect to TWS: {error}")
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            self._socket.setsockopt(socket.IPPROTO_TCP, option, value)
        try:
            code = self._socket.connect_ex((address.host, address.port))
        except OSError as error:  # a name that cannot be looked up, perhaps only now
            return self._gone(f"cannot connect to TWS at {address}: {error.strerror}")
        if code in (0, errno.EINPROGRESS):
            return []
        return self._gone(f"cannot connect to TWS at {address}: {os.strerror(code)}")

    def _finish_connecting(self) -> list[list[bytes]]:
        assert self._socket is not None
        assert self._address is not None
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0:
            try:
                self._socket.getpeername()
            except OSError:
                return self._still_connecting()
            self._connected = True
            if self._raw_log is not None:
                self._raw_log.note(f"connected to {self._address}")
            nonce = self._address.nonce
            proof = [nonce.encode(), str(self._address).encode()] if nonce else []
            return [[OPENED, *proof]]
        return self._gone(f"cannot connect to TWS at {self._address}: {os.strerror(code)}")

    def _still_connecting(self) -> list[list[bytes]]:
        if not self._is_late():
            return []
        waited_s = self._timeout_ns / 1e9
        return self._gone(
            f"cannot connect to TWS at {self._address}: no answer within {waited_s:g} s"
        )

    def _read(self, sock: socket.socket) -> list[list[bytes]]:
        try:
            data = sock.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            return self._gone(f"TWS at {self._address} reset the connection: {error.strerror}")
        if data:
            if self._raw_log is not None:
                self._raw_log.read(data)
            return [[DATA, data]]
        return self._gone(f"TWS at {self._address} closed the connection")

    def _flush(self, sock: socket.socket) -> list[list[bytes]]:
        try:
            sent = sock.send(self._out)
        except BlockingIOError:
            return []
        except OSError as error:
            return self._gone(f"TWS at {self._address} reset the connection: {error.strerror}")
        del self._out[:sent]
        return []

    def _flush_quietly(self, sock: socket.socket) -> None:
        try:
            del self._out[: sock.send(self._out)]
        except OSError:
            return  # the next `ready` writes the rest, or finds the connection gone and says so

    def _gone(self, reason: str) -> list[list[bytes]]:
        if self._raw_log is not None:
            self._raw_log.note(reason)
        self._end()
        return [[CLOSED, reason.encode()]]
