"""The bare chain: the group's hops over the same kinds of sockets, with nothing else in them.

    TCP -> io --XPUB--> strategy --PUSH--> executor --DEALER--> io -> one commit -> TCP

`python -m tapewire.benchmarks.load.bare_chain ROLE FOLDER PORT EVERY SYNCHRONOUS` runs one of the
three. The difference between it and the group is what the group does beside moving bytes; the rest
is the machine's. On SIGTERM `strategy` writes how long each tick was on the hop to it: `hop.ns`.
"""

import os
import signal
import socket
import sqlite3
import sys
import time
from array import array
from pathlib import Path
from typing import Final

import zmq

from tapewire.benchmarks.load.endpoints import BARE

MESSAGES_MAX: Final = 200_000
READ_BYTES: Final = 256 * 1024
POLL_MS: Final = 1000
_CONTEXT: Final = zmq.Context()

Sock = zmq.Socket[bytes]


def io(folder: Path, port: int, synchronous: str) -> None:
    """Ticks out as they come, one message per read; orders to disk, then to the socket."""
    market, orders = _open(zmq.XPUB, folder, "market"), _open(zmq.ROUTER, folder, "orders")
    journal = _journal(folder / "journal.sqlite", synchronous)
    market.recv()  # the strategy has joined
    tws = socket.create_connection(("127.0.0.1", port))
    tws.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    poller, rest = _poller(orders), b""
    poller.register(tws, zmq.POLLIN)
    while _parent_lives():
        ready = dict(poller.poll(POLL_MS))
        if tws.fileno() in ready:
            data = tws.recv(READ_BYTES)
            if not data:
                return
            stamp, data = time.time_ns().to_bytes(8), rest + data
            whole = len(data) - len(data) % BARE.size
            market.send(stamp + data[:whole])
            rest = data[whole:]
        if orders in ready:
            rows = [(frames[-1],) for frames in _drain(orders)]
            journal.execute("BEGIN IMMEDIATE")
            journal.executemany("INSERT INTO records (record) VALUES (?)", rows)
            journal.execute("COMMIT")
            tws.sendall(b"".join(row[0] for row in rows))


def strategy(folder: Path, every: int) -> None:
    """Each `every`th tick is sent on as an order."""
    market, signals = _open(zmq.SUB, folder, "market"), _open(zmq.PUSH, folder, "signals")
    poller, hops_ns = _poller(market), array("q")
    try:
        while _parent_lives():
            poller.poll(POLL_MS)
            inbound, now_ns = _drain(market), time.time_ns()
            for (body,) in inbound:
                hop_ns = now_ns - int.from_bytes(body[:8])
                for (number,) in BARE.iter_unpack(memoryview(body)[8:]):
                    hops_ns.append(hop_ns)
                    if (number + 1) % every == 0:
                        signals.send(BARE.pack(number))
    finally:
        (folder / "hop.ns").write_bytes(hops_ns.tobytes())


def executor(folder: Path) -> None:
    """Signals become requests as they are."""
    signals, orders = _open(zmq.PULL, folder, "signals"), _open(zmq.DEALER, folder, "orders")
    poller = _poller(signals)
    while _parent_lives():
        poller.poll(POLL_MS)
        for frames in _drain(signals):
            orders.send_multipart(frames)


def _open(kind: int, folder: Path, name: str) -> Sock:
    """A socket on its end of `name`; what the group binds is bound here too."""
    sock = _CONTEXT.socket(kind)
    sock.set_hwm(MESSAGES_MAX)
    sock.setsockopt(zmq.LINGER, 0)
    if kind == zmq.SUB:
        sock.setsockopt(zmq.SUBSCRIBE, b"")
    use = sock.bind if kind in (zmq.XPUB, zmq.ROUTER, zmq.PULL) else sock.connect
    use(f"ipc://{folder / name}")
    return sock


def _poller(sock: Sock) -> zmq.Poller:
    poller = zmq.Poller()
    poller.register(sock, zmq.POLLIN)
    return poller


def _drain(sock: Sock) -> list[list[bytes]]:
    messages = []
    try:
        while True:
            messages.append(sock.recv_multipart(zmq.NOBLOCK))
    except zmq.Again:
        return messages


def _journal(path: Path, synchronous: str) -> sqlite3.Connection:
    """A table like the journals' own, in the same mode."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(f"PRAGMA synchronous={synchronous}")
    database.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, record BLOB NOT NULL)")
    return database


_PARENT: Final = os.getppid()


def _parent_lives() -> bool:
    return os.getppid() == _PARENT


def main(role: str, folder: Path, port: int, every: int, synchronous: str) -> None:
    """Run one of the three processes, until SIGTERM, the load's end or the parent's."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if role == "io":
        io(folder, port, synchronous)
    elif role == "strategy":
        strategy(folder, every)
    else:
        executor(folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
