"""What the proxy passes on is whole and in order, and it does to connections what it promises."""

import random
import socket
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import HOST, Proxy
from tests.waiting import looked

TIMEOUT_S = 5.0
SOON_S = 0.2  # in which nothing may come


class Ends:
    """A listener in TWS's place, and a client that is connected to it through the proxy."""

    def __init__(self, listener: socket.socket, proxy: Proxy) -> None:
        self.proxy, self._listener = proxy, listener
        self.client = socket.create_connection((HOST, proxy.port), TIMEOUT_S)
        self.server, _ = listener.accept()
        self.server.settimeout(TIMEOUT_S)
        self.client.sendall(b"!")  # what comes through, has both ends
        assert read(self.server, 1) == b"!"

    def is_silent(self, end: socket.socket) -> bool:
        """Whether nothing comes to an end, its close included."""
        end.settimeout(SOON_S)
        try:
            return end.recv(1) is None
        except TimeoutError:
            return True
        finally:
            end.settimeout(TIMEOUT_S)

    def has_ended(self, end: socket.socket) -> bool:
        try:
            return end.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.client.close()
        self.server.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    with (
        socket.create_server((HOST, 0)) as listener,
        Proxy(listener.getsockname()[1], random.Random(1)) as proxy,
    ):
        both = Ends(listener, proxy)
        yield both
        both.close()


def read(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += end.recv(size - len(data))
    return data


@pytest.mark.parametrize("splits", [False, True])
def test_bytes_pass_both_ways_whole_and_in_order(ends: Ends, splits: bool):
    data = random.Random(2).randbytes(20_000)
    ends.proxy.splits, ends.proxy.delay_s = splits, 0.01
    ends.client.sendall(data)
    assert read(ends.server, len(data)) == data
    ends.server.sendall(data[::-1])
    assert read(ends.client, len(data)) == data[::-1]


def test_splitting_cuts_messages(ends: Ends):
    ends.proxy.splits = True
    pieces = ends.proxy._pieces(b"x" * 100)
    assert b"".join(pieces) == b"x" * 100
    assert max(map(len, pieces)) < 10


def test_a_frozen_connection_says_nothing_and_goes_on(ends: Ends):
    ends.proxy.freeze()
    ends.client.sendall(b"late")
    assert ends.is_silent(ends.server)
    ends.proxy.thaw()
    assert read(ends.server, 4) == b"late"


def test_a_cut_ends_both_sides(ends: Ends):
    ends.proxy.cut()
    assert ends.has_ended(ends.client)
    assert ends.has_ended(ends.server)


def test_a_lost_client_is_not_reported_to_tws_until_the_cut(ends: Ends):
    ends.proxy.lose_clients()
    assert ends.has_ended(ends.client)
    assert ends.is_silent(ends.server)
    ends.server.sendall(b"to nobody")
    ends.proxy.cut()
    assert ends.has_ended(ends.server)


def test_an_end_is_passed_on(ends: Ends):
    ends.client.close()
    assert ends.has_ended(ends.server)


def test_nobody_can_connect_while_it_refuses(ends: Ends):
    ends.proxy.refuse()
    assert ends.has_ended(ends.client)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, ends.proxy.port), TIMEOUT_S)
    ends.proxy.listen()
    assert looked(lambda: socket.create_connection((HOST, ends.proxy.port)).close() is None, 1)
