"""The load: `python -m tapewire.benchmarks.load.tws_load`, the other side of the TWS socket.

It listens on one port per chain, writes numbered ticks to one of them on command, and takes
note of when each tick was written and when each order arrived. Ticks go out open loop: what is
due in a millisecond is written at its start, whatever comes back and however late the last one
was, so that a chain that falls behind is not spared. Tells its ports on standard output, then
reads a command a line and answers each with a line, both JSON; ends with standard input.
"""

import gc
import json
import selectors
import socket
import sys
import time
from array import array
from collections.abc import Callable
from typing import Any, Final

from tapewire.benchmarks.load.endpoints import BarePeer, Peer, TwsPeer

CHAINS: Final[dict[str, Callable[[], Peer]]] = {
    "group": TwsPeer,
    "bare": BarePeer,
    "bare_without_fsync": BarePeer,
}
STEP_NS: Final = 1_000_000
STEPS_PER_S: Final = 1000
READ_BYTES: Final = 64 * 1024
READER_TIMEOUT_S: Final = 20.0
ORDERS_TIMEOUT_S: Final = 5.0


class Connection:
    """One client; what its socket does not take at once waits here, in order."""

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        self.sock = sock
        self.peer = peer
        self._unsent = bytearray()

    def send(self, data: bytes = b"") -> None:
        """Write `data` behind what waits."""
        self._unsent += data
        try:
            while self._unsent:
                del self._unsent[: self.sock.send(self._unsent)]
        except BlockingIOError:
            return  # the rest goes with the next turn


class Chain:
    """One chain under load: its clients, and when what happened; ticks count from 0."""

    def __init__(self, make_peer: Callable[[], Peer]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.make_peer = make_peer
        self.clients: list[Connection] = []
        self.sent_ns = array("q")
        self.latencies_ns = array("q")
        self.keys: set[str] = set()
        self.orders = 0

    def reader(self) -> Connection | None:
        """The client that wants ticks."""
        return next((one for one in self.clients if one.peer.wants_ticks), None)

    def arrived(self, client: Connection, data: bytes, now_ns: int) -> None:
        """Bytes came, at `now_ns`: answer them, and note the orders among them."""
        answer, placed = client.peer.received(data)
        client.send(answer)
        for order in placed:
            self.orders += 1
            self.keys.add(order.key)
            self.latencies_ns.append(now_ns - self.sent_ns[order.tick])


class Load:
    """All chains in one loop."""

    def __init__(self) -> None:
        self.chains = {name: Chain(make_peer) for name, make_peer in CHAINS.items()}
        self.stopping = False
        self._selector = selectors.SelectSelector()  # epoll's time-outs are whole milliseconds
        self._selector.register(sys.stdin, selectors.EVENT_READ, self._obey)
        for chain in self.chains.values():
            self._watch(chain.listener, self._accept, chain)

    def turn(self, wait_s: float) -> None:
        """Take what comes within `wait_s`."""
        for key, _ in self._selector.select(max(0.0, wait_s)):
            key.data()

    def slice(self, name: str, rate: int, every: int, seconds: float) -> dict[str, Any]:
        """Put a chain under load; it answers each `every`th tick with an order."""
        chain = self.chains[name]
        first, total = len(chain.sent_ns), round(rate * seconds)
        self._turn_until(lambda: chain.reader() is not None, READER_TIMEOUT_S)
        client = chain.reader()
        assert client is not None, f"nobody asked for the ticks of {name}"
        chain.latencies_ns = array("q")
        late_ns = self._write(chain, client, client.peer.ticks(first, total), rate)
        expected = (first + total) // every
        self._turn_until(lambda: len(chain.keys) >= expected, ORDERS_TIMEOUT_S)
        return {
            "ticks": len(chain.sent_ns),
            "orders": chain.orders,
            "orders_expected": expected,
            "duplicates": chain.orders - len(chain.keys),
            "latency_ns": list(chain.latencies_ns),
            "late_ns": late_ns,
        }

    def window(self, name: str, orders: int, outstanding: int) -> dict[str, Any]:
        """Send `orders` ticks, each of which is answered with an order, no more than
        `outstanding` of them unanswered at a time: as fast as the chain goes, and no faster."""
        chain = self.chains[name]
        first, before = len(chain.sent_ns), chain.orders
        self._turn_until(lambda: chain.reader() is not None, READER_TIMEOUT_S)
        client = chain.reader()
        assert client is not None, f"nobody asked for the ticks of {name}"
        chain.latencies_ns = array("q")
        ticks, done, began_ns = client.peer.ticks(first, orders), 0, time.perf_counter_ns()
        answered, quiet_from = before, time.monotonic()
        while chain.orders < before + orders:
            due = min(orders, chain.orders - before + outstanding)
            if due > done:
                chain.sent_ns.extend([time.perf_counter_ns()] * (due - done))
                client.send(b"".join(ticks[done:due]))
                done = due
            self.turn(0.01)
            client.send()
            if chain.orders != answered:
                answered, quiet_from = chain.orders, time.monotonic()
            elif time.monotonic() - quiet_from > ORDERS_TIMEOUT_S:
                break  # what did not come by now is missing, and is counted so
        ended_ns = time.perf_counter_ns()
        return {
            "ticks": len(chain.sent_ns),
            "orders": chain.orders,
            "duplicates": chain.orders - len(chain.keys),
            "seconds": (ended_ns - began_ns) / 1e9,
            "latency_ns": list(chain.latencies_ns),
        }

    def _write(self, chain: Chain, client: Connection, ticks: list[bytes], rate: int) -> list[int]:
        """Write `ticks` on schedule; returns how late each write was."""
        late_ns: list[int] = []
        done, start_ns = 0, time.perf_counter_ns()
        while done < len(ticks):
            now_ns = time.perf_counter_ns()
            step = (now_ns - start_ns) // STEP_NS
            due = min(len(ticks), (step + 1) * rate // STEPS_PER_S)
            if due > done:
                late_ns.append(now_ns - start_ns - _step_of(done, rate) * STEP_NS)
                chain.sent_ns.extend([now_ns] * (due - done))
                client.send(b"".join(ticks[done:due]))
                done = due
            self.turn((start_ns + (step + 1) * STEP_NS - time.perf_counter_ns()) / 1e9)
        return late_ns

    def _turn_until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition() and time.monotonic() < deadline:
            self.turn(0.01)
            for chain in self.chains.values():
                for client in chain.clients:
                    client.send()

    def _accept(self, chain: Chain) -> None:
        sock, _ = chain.listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Connection(sock, chain.make_peer())
        chain.clients.append(client)
        self._watch(sock, self._read, chain, client)

    def _read(self, chain: Chain, client: Connection) -> None:
        try:
            data = client.sock.recv(READ_BYTES)
        except BlockingIOError:
            return  # a window that began in this turn has read it already
        except ConnectionError:
            data = b""
        if data:
            chain.arrived(client, data, time.perf_counter_ns())
            return
        self._selector.unregister(client.sock)
        client.sock.close()
        chain.clients.remove(client)

    def _obey(self) -> None:
        line = sys.stdin.readline()
        if not line:
            self.stopping = True
            return
        command = json.loads(line)
        do = self.slice if command.pop("do") == "slice" else self.window
        print(json.dumps(do(**command)), flush=True)

    def _watch(self, sock: socket.socket, call: Callable[..., None], *arguments: Any) -> None:
        self._selector.register(sock, selectors.EVENT_READ, lambda: call(*arguments))


def _step_of(tick: int, rate: int) -> int:
    """The millisecond in which a tick is due."""
    return -(-(tick + 1) * STEPS_PER_S // rate) - 1


def main() -> None:
    """Serve until standard input ends."""
    load = Load()
    ports = {name: chain.listener.getsockname()[1] for name, chain in load.chains.items()}
    print(json.dumps(ports), flush=True)
    gc.collect()
    gc.freeze()
    while not load.stopping:
        load.turn(1.0)


if __name__ == "__main__":
    main()
