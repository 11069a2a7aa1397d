"""The simulator's sockets: a process of its own, raw TCP clients."""

import json
import socket

import pytest

from tapewire.common.ticks.rows import HEADER
from tapewire.simulator.protocol.messages import frame

ROWS = 30_000
HELLO = b"API\0\0\0\0\x09v100..157"


def connect(simulator, receive_buffer_bytes=0):
    client = socket.socket()
    client.settimeout(10)
    if receive_buffer_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    client.connect(("127.0.0.1", simulator.port))
    return client


def start(simulator, client_id=1, receive_buffer_bytes=0):
    client = connect(simulator, receive_buffer_bytes)
    client.sendall(HELLO)
    client.recv(1000)
    client.sendall(frame(["71", "2", str(client_id), ""]))
    return client


def subscribe(client, *symbols):
    """In one go: at full speed the market is over before a second request is read."""
    requests = b""
    for req_id, symbol in enumerate(symbols, 1):
        contract = ["0", symbol, "STK", "", "0", "", "", "SMART", "", "USD", "", ""]
        requests += frame(["1", "11", str(req_id), *contract, "0", "", "0", "0", ""])
    client.sendall(requests)


@pytest.fixture
def ticks(tmp_path):
    """Two symbols' trades, three in each millisecond."""
    path = tmp_path / "ticks.csv"
    lines = [f"{n // 3 * 1_000_000},{'AB'[n % 2]},,,,,{10 + n % 7},1" for n in range(ROWS)]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def read_ticks(client, count):
    """Read until `count` quotes and trades are there; how many came, how many of the day's open,
    high, low and close beside them, and what was left over."""
    buffer, seen, of_day = b"", 0, 0
    while seen < count:
        received = client.recv(20_000)
        assert received, "closed too early"
        buffer += received
        while len(buffer) >= 4 and len(buffer) >= 4 + int.from_bytes(buffer[:4], "big"):
            size = int.from_bytes(buffer[:4], "big")
            fields = buffer[4 : 4 + size].split(b"\0")
            if fields[0] == b"1":
                is_of_day = fields[3] in {b"6", b"7", b"9", b"14"}
                seen, of_day = seen + (not is_of_day), of_day + is_of_day
            buffer = buffer[4 + size :]
    return seen, of_day, buffer


@pytest.mark.parametrize("speed", ["20", "max"])
def test_a_slow_reader_loses_no_tick_at_any_speed(run_simulator, ticks, tmp_path, speed):
    audit = tmp_path / "audit.jsonl"
    simulator = run_simulator("--ticks", str(ticks), "--speed", speed, "--audit", str(audit))
    client = start(simulator, receive_buffer_bytes=4096)
    subscribe(client, "A")
    seen, of_day, left = read_ticks(client, ROWS // 2)
    client.close()
    assert simulator.stop() == 0
    assert (seen, left) == (ROWS // 2, b"")
    assert json.loads(audit.read_text().splitlines()[-1])["messages_sent"] == ROWS // 2 + of_day


def test_the_market_begins_where_it_is_told_to(run_simulator, ticks):
    since = ("--from", "1970-01-01T00:00:09.999000")
    simulator = run_simulator("--ticks", str(ticks), *since, "--speed", "max")
    client = start(simulator)
    subscribe(client, "A", "B")
    seen, _, left = read_ticks(client, 3)
    assert (seen, left) == (3, b"")
    client.close()


def test_a_handshake_in_single_bytes_is_understood(run_simulator):
    client = connect(run_simulator())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in HELLO:
        client.sendall(bytes([byte]))
    assert client.recv(1000)[4:8] == b"157\0"
    client.close()


def test_garbage_closes_its_connection_and_no_other(run_simulator):
    simulator = run_simulator()
    good, bad = start(simulator), connect(simulator)
    bad.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert bad.recv(1000) == b""
    good.recv(5000)
    good.sendall(frame(["17", "1"]))
    assert good.recv(1000) == frame(["15", "1", "DU1234567"])
    for client in (good, bad):
        client.close()


def test_a_client_that_vanishes_does_not_stop_the_others(run_simulator):
    simulator = run_simulator("--symbols", "A", "--rate", "5000")
    gone, stays = start(simulator, 1), start(simulator, 2)
    for client in (gone, stays):
        subscribe(client, "A")
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone.close()  # a reset, not an end
    assert read_ticks(stays, 500)[0] >= 500
    stays.close()
