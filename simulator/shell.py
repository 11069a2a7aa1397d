"""The sockets of the simulated TWS: one thread, non-blocking, with bounded turns."""

import contextlib
import selectors
import socket
import struct
import time
from collections.abc import Callable
from typing import IO, Any, Protocol

import msgspec

from tapewire.common.clock import wall_ahead_ns
from tapewire.simulator.audit import Line
from tapewire.simulator.control import ControlPort

READ_MAX_BYTES = 64 * 1024  # per client and turn
CLIENTS_MAX = 64
BACKLOG_MAX_BYTES = 256 * 1024 * 1024  # a client that is further behind is dropped
WAIT_MAX_S = 0.2  # how late a stop can be noticed
REPORT_EVERY_NS = 1_000_000_000

_ZERO_NS = wall_ahead_ns()


class Served(Protocol):
    """What is behind the sockets: a `TwsServer`, or another that is called like it."""

    unsent_bytes: int

    def connected(self, conn: int, now_ns: int) -> None:
        """A client connected."""

    def received(self, conn: int, data: bytes, now_ns: int) -> None:
        """Bytes arrived."""

    def closed(self, conn: int, now_ns: int) -> None:
        """The connection is closed."""

    def tick(self, now_ns: int) -> None:
        """Time has passed."""

    def next_due_ns(self) -> int | None:
        """When to call `tick` next."""

    def take_output(self) -> list[tuple[int, bytes]]:
        """What to send."""

    def take_closing(self) -> list[int]:
        """Whom to close."""

    def is_reset(self, conn: int) -> bool:
        """Whether one of them ends by a reset."""

    def take_audit(self) -> list[Line]:
        """Lines of the audit."""

    def books(self) -> dict[str, Any]:
        """What the broker has, at the end."""


Report = Callable[[], None]


def now_ns() -> int:
    """TWS's time, in nanoseconds. It runs on evenly where somebody sets this machine's clock, as
    that of a TWS elsewhere would: otherwise the market would stand still until the clock is again
    where it was."""
    return _ZERO_NS + time.monotonic_ns()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    listener = socket.create_server((host, port), backlog=CLIENTS_MAX)
    listener.setblocking(False)
    return listener


def perm_id_of(now_ns: int) -> int:
    """A first permId that no earlier run has reached, so that execution ids are never reused."""
    return 1_000_000_001 + (now_ns // 1_000_000_000 % 70_000_000) * 16


def serve(
    server: Served,
    listener: socket.socket,
    stop: Callable[[], bool],
    audit_file: IO[bytes] | None = None,
    report: Report | None = None,
    control: ControlPort | None = None,
) -> None:
    """Serve clients on `listener` until `stop()` is true, then close every socket.

    `audit_file`, which must be unbuffered, gets one JSON line per audit line in every turn, and
    finally the books.
    `report` is called about once per second, for example to write a status file. `control` is
    served too, and closed.
    """
    shell = _Shell(server, listener, control)
    report_at_ns = 0
    try:
        while not stop():
            shell.turn()
            shell.write_audit(audit_file)
            if report is not None and now_ns() >= report_at_ns:
                report_at_ns = now_ns() + REPORT_EVERY_NS
                report()
    finally:
        shell.close()
        shell.write_audit(audit_file)
        if audit_file is not None:
            line = {"kind": "books", "ts_ns": now_ns(), **server.books()}
            shell.write_lines(audit_file, msgspec.json.encode(line) + b"\n")


class _Client:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.unsent = bytearray()
        self.is_closing = False

    def reset(self) -> None:
        """Let the close be a reset: the peer gets an error, and nothing that was not sent yet."""
        self.unsent.clear()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Shell:
    def __init__(
        self, server: Served, listener: socket.socket, control: ControlPort | None
    ) -> None:
        self._server = server
        self._control = control
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._clients: dict[int, _Client] = {}
        self._next_conn = 1
        self._encoder = msgspec.json.Encoder()
        self._unwritten = bytearray()  # of the audit
        if control is not None:
            control.attach(self._selector)

    def turn(self) -> None:
        """Read from the sockets, let the market continue, send the output."""
        for key, events in self._selector.select(self._wait_s()):
            if callable(key.data):
                key.data()
                continue
            conn: int | None = key.data
            if conn is None:
                self._accept()
                continue
            if events & selectors.EVENT_WRITE and conn in self._clients:
                self._flush(conn)
            if events & selectors.EVENT_READ and conn in self._clients:
                self._read(conn)
        self._server.tick(now_ns())
        for conn, data in self._server.take_output():
            if conn in self._clients:
                self._clients[conn].unsent += data
                self._flush(conn)
        for conn in self._server.take_closing():
            if conn in self._clients:
                self._clients[conn].is_closing = True
                if self._server.is_reset(conn):
                    self._clients[conn].reset()
                self._flush(conn)
        self._server.unsent_bytes = sum(len(one.unsent) for one in self._clients.values())

    def write_audit(self, audit_file: IO[bytes] | None) -> None:
        lines = self._server.take_audit()
        if audit_file is not None and (lines or self._unwritten):
            self.write_lines(audit_file, self._encoder.encode_lines(lines))

    def write_lines(self, audit_file: IO[bytes], lines: bytes) -> None:
        """Append to an unbuffered file; what a full disk does not take waits for the next time."""
        self._unwritten += lines
        with contextlib.suppress(OSError):
            while self._unwritten:
                del self._unwritten[: audit_file.write(self._unwritten)]

    def close(self) -> None:
        for conn in list(self._clients):
            self._drop(conn)
        if self._control is not None:
            self._control.close()
        self._listener.close()
        self._selector.close()

    def _wait_s(self) -> float:
        due_ns = self._server.next_due_ns()
        if due_ns is None:
            return WAIT_MAX_S
        return min(max((due_ns - now_ns()) / 1e9, 0.0), WAIT_MAX_S)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            sock, _address = self._listener.accept()
            if len(self._clients) >= CLIENTS_MAX:
                sock.close()
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conn, self._next_conn = self._next_conn, self._next_conn + 1
            self._clients[conn] = _Client(sock)
            self._selector.register(sock, selectors.EVENT_READ, conn)
            self._server.connected(conn, now_ns())

    def _read(self, conn: int) -> None:
        client = self._clients[conn]
        try:
            data = client.sock.recv(READ_MAX_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
        elif not client.is_closing:
            self._server.received(conn, data, now_ns())

    def _flush(self, conn: int) -> None:
        client = self._clients[conn]
        try:
            while client.unsent:
                sent = client.sock.send(memoryview(client.unsent)[: 1 << 20])
                del client.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(conn)
            return
        if len(client.unsent) > BACKLOG_MAX_BYTES or (client.is_closing and not client.unsent):
            self._drop(conn)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        if self._selector.get_key(client.sock).events != wanted:
            self._selector.modify(client.sock, wanted, conn)

    def _drop(self, conn: int) -> None:
        client = self._clients.pop(conn)
        self._selector.unregister(client.sock)
        client.sock.close()
        self._server.closed(conn, now_ns())
