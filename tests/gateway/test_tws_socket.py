"""The socket to TWS, against a real server on a free loopback port."""

import select
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.clock import VirtualClock
from tapewire.common.config.tws_address import NoTwsAddress, TwsAddress
from tapewire.gateway.tws.framing import frame
from tapewire.gateway.tws.raw_log import RawLog
from tapewire.gateway.tws.reconnect import Reconnect
from tapewire.gateway.tws.socket import CLOSED, DATA, KEEPALIVE, OPENED, TwsSocket

MS = 1_000_000
CONNECT_MS = 10_000


class Loopback:
    """A listening port, the gateway's end and a clock that stands still."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(5)
        self.port = self.server.getsockname()[1]
        self.clock = VirtualClock(1)
        self.tws = TwsSocket(self.find, Reconnect("", 500, 500), self.clock, CONNECT_MS)
        self.nonce = ""
        self.peer: socket.socket | None = None

    def find(self) -> TwsAddress:
        if not self.port:
            raise NoTwsAddress("the simulator has not started yet")
        return TwsAddress("127.0.0.1", self.port, self.nonce)

    def step(self) -> list[list[bytes]]:
        """What one poll of the loop gives; waits for the descriptor as the loop does."""
        if self.tws.fileno() >= 0:
            writers = [self.tws] if self.tws.wants_write() else []
            select.select([self.tws], writers, [], 5)
        return self.tws.ready()

    def until(self, kind: bytes) -> list[bytes]:
        for _ in range(10_000):
            for message in self.step():
                if message[0] == kind:
                    return message
        raise AssertionError(f"no {kind!r}")

    def connect(self) -> socket.socket:
        assert self.until(OPENED) == [OPENED]
        self.peer, _ = self.server.accept()
        self.peer.settimeout(5)
        return self.peer

    def close(self) -> None:
        self.tws.close()
        self.server.close()
        if self.peer is not None:
            self.peer.close()


@pytest.fixture
def loop() -> Iterator[Loopback]:
    one = Loopback()
    yield one
    one.close()


def test_it_connects_writes_and_reads(loop: Loopback):
    peer = loop.connect()
    assert loop.tws.write(b"hello")
    assert peer.recv(5) == b"hello"
    peer.sendall(b"world")
    assert loop.until(DATA) == [DATA, b"world"]


def test_it_connects_when_the_server_comes_later(loop: Loopback):
    loop.server.close()
    (_, reason) = loop.until(CLOSED)
    assert reason == f"cannot connect to TWS at 127.0.0.1:{loop.port}: Connection refused".encode()
    loop.server = socket.create_server(("127.0.0.1", loop.port))
    loop.server.settimeout(5)
    for _ in range(20):
        assert loop.tws.ready() == []
    assert loop.tws.fileno() == -1  # not before its time
    loop.clock.advance_to(1 + 500 * MS)
    loop.connect()


def test_a_close_is_told_and_it_connects_again(loop: Loopback):
    loop.connect().close()
    assert loop.until(CLOSED)[1].endswith(b"closed the connection")
    assert not loop.tws.write(b"lost")
    loop.clock.advance_to(1 + 500 * MS)
    peer = loop.connect()
    loop.tws.write(b"new")
    assert peer.recv(9) == b"new"  # nothing of the old connection is in front of it


def test_the_address_is_looked_up_again_at_each_connect(loop: Loopback):
    loop.connect().close()
    loop.until(CLOSED)
    loop.server.close()
    port, loop.port = loop.port, 0
    loop.clock.advance_to(1 + 500 * MS)
    assert loop.until(CLOSED)[1] == b"cannot connect to TWS: the simulator has not started yet"
    assert loop.tws.fileno() == -1
    loop.server = socket.create_server(("127.0.0.1", 0))
    loop.server.settimeout(5)
    loop.port = loop.server.getsockname()[1]
    assert loop.port != port
    loop.clock.advance_to(1 + 1000 * MS)
    loop.connect()


def test_who_has_to_prove_itself_is_told_with_the_connection(loop: Loopback):
    loop.nonce = "secret"
    assert loop.until(OPENED) == [OPENED, b"secret", f"127.0.0.1:{loop.port}".encode()]
    loop.peer, _ = loop.server.accept()


def test_a_reset_is_told(loop: Loopback):
    peer = loop.connect()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    assert b"reset the connection" in loop.until(CLOSED)[1]


def test_what_does_not_fit_is_written_later_and_whole(loop: Loopback):
    peer = loop.connect()
    data = bytes(range(256)) * 64 * 1024
    assert loop.tws.write(data)
    assert loop.tws.wants_write()
    got = bytearray()
    while len(got) < len(data):
        loop.tws.ready()
        got += peer.recv(1 << 20)
    assert bytes(got) == data
    assert not loop.tws.wants_write()


def test_nothing_can_be_written_before_it_is_connected(loop: Loopback):
    assert not loop.tws.write(b"too early")
    loop.tws.ready()
    assert not loop.tws.write(b"too early")


def test_a_host_that_is_no_name_is_told_and_tried_again():
    clock = VirtualClock(1)
    tws = TwsSocket(
        lambda: TwsAddress("no-such-host.invalid", 7497), Reconnect("", 500, 500), clock
    )
    ((kind, reason),) = tws.ready()
    assert kind == CLOSED
    assert b"cannot connect to TWS at no-such-host.invalid:7497" in reason
    assert tws.ready() == []


def test_a_connection_that_falls_silent_is_asked_whether_it_lives(loop: Loopback):
    """The kernel does it; here, that it was told to."""
    loop.connect()
    with socket.fromfd(loop.tws.fileno(), socket.AF_INET, socket.SOCK_STREAM) as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        found = {option: sock.getsockopt(socket.IPPROTO_TCP, option) for option in KEEPALIVE}
    assert found == KEEPALIVE
    idle, every, times, unanswered_ms = KEEPALIVE.values()
    assert (idle + every * times) * 1000 == unanswered_ms


def test_a_connect_that_nobody_answers_ends_and_is_tried_again(loop: Loopback):
    """A port whose queue of connections is full takes a connect, and does not answer it."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    loop.port = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", loop.port))
    try:
        assert loop.tws.ready() == []
        assert loop.tws.ready() == []
        assert loop.tws.fileno() >= 0
        loop.clock.advance_to(2 + CONNECT_MS * MS)
        assert loop.tws.fileno() == -1  # the loop calls `ready` without waiting for it
        ((kind, reason),) = loop.tws.ready()
        expected = f"cannot connect to TWS at 127.0.0.1:{loop.port}: no answer within 10 s"
        assert (kind, reason.decode()) == (CLOSED, expected)
    finally:
        for one in (*waiting, full):
            one.close()


def test_what_goes_over_it_is_written_down_on_demand(loop: Loopback, tmp_path: Path):
    loop.tws._raw_log = RawLog(tmp_path / "raw.log", 10_000, loop.clock)
    peer = loop.connect()
    loop.tws.write(frame(b"61\x001\0"))
    peer.sendall(frame(b"15\x001\0DU1234567\0"))
    loop.until(DATA)
    peer.recv(100)
    peer.close()
    loop.until(CLOSED)
    address = f"127.0.0.1:{loop.port}"
    assert [line.partition(" ")[2] for line in (tmp_path / "raw.log").read_text().splitlines()] == [
        f"- connected to {address}",
        "> 61|1",
        "< 15|1|DU***",
        f"- TWS at {address} closed the connection",
    ]
