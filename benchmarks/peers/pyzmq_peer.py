"""pyzmq without Tapewire: `python -m tapewire.benchmarks.peers.pyzmq_peer`.

KIND `plain` is what a first version does: msgpack, one tick per message, a method called with each.
KIND `floor` moves Tapewire's own bytes, in its own messages, and looks at nothing but the topic:
what is left when all that a program could do with a tick is taken away. ROLE is `pub` or `sub`.
"""

import sys
import time
from itertools import cycle
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # it ships no types
import zmq

from tapewire.benchmarks.load import made_ticks as made
from tapewire.benchmarks.load.talk import mark, say, slices
from tapewire.benchmarks.load.tick_source import Sock, made_reads, open_market, wait_for
from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.streams import TickPublisher

MARK_TOPIC: Final = wire.topic(f"tick.{made.MARK}")
QUEUE_MESSAGES: Final = {"plain": 10_000, "floor": 64}


class Counter:
    """The strategy of `plain`: it is given the fields of each tick."""

    ticks = 0

    def on_tick(self, symbol: str, ts_ns: int, *sides: float | None) -> None:
        """Count."""
        self.ticks += 1


def plain_messages(names: list[str]) -> list[Any]:
    """A topic and the fields of one tick each; packed when they are sent."""
    quotes = made.quotes(names, 20_000, time.time_ns())
    return [
        (wire.topic(f"tick.{q.symbol}"), (q.symbol, q.ts_ns, q.bid, q.bid_size, q.ask, q.ask_size))
        for q in quotes
    ]


def publish_plain(market: Sock, names: list[str]) -> None:
    """One message per tick."""
    turns = cycle(plain_messages(names))
    for count in slices():
        market.send_multipart([MARK_TOPIC, b""])
        for _ in range(count):
            topic, fields = next(turns)
            market.send_multipart([topic, msgpack.packb(fields)])
        market.send_multipart([MARK_TOPIC, b""])


def publish_floor(market: Sock, names: list[str]) -> None:
    """Messages that were encoded before; only the last of a slice is made to measure."""
    publisher = TickPublisher(roles.GATEWAY, f"{time.time_ns():x}")
    turns = cycle(
        [
            (symbol, ticks, publisher.publish(symbol, ticks))
            for read in made_reads(names)
            for symbol, ticks in read
        ]
    )
    for count in slices():
        left = count
        market.send_multipart([MARK_TOPIC, b"0"])
        while left > 0:
            symbol, ticks, frames = next(turns)
            if len(ticks) > left:
                ticks = ticks[:left]
                frames = publisher.publish(symbol, ticks)
            left -= len(ticks)
            market.send_multipart(frames)
        market.send_multipart([MARK_TOPIC, b"%d" % count])


def subscribe_plain(sock: Sock) -> None:
    """Unpack and call."""
    counter = Counter()
    while True:
        topic, body = sock.recv_multipart()
        if topic == MARK_TOPIC:
            mark(counter.ticks)
        else:
            counter.on_tick(*msgpack.unpackb(body))


def subscribe_floor(sock: Sock) -> None:
    """Drop all; the marks tell how many ticks it was."""
    while True:
        topic, body = sock.recv_multipart()
        if topic == MARK_TOPIC:
            mark(int(body))


def main(kind: str, role: str, address: str, symbol_count: int) -> None:
    """Run one end."""
    names = made.symbols(symbol_count)
    if role == "pub":
        market = open_market(address, QUEUE_MESSAGES[kind])
        wait_for(market, {b""})
        say(ready=True)
        (publish_plain if kind == "plain" else publish_floor)(market, names)
        return
    sock: Sock = zmq.Context.instance().socket(zmq.SUB)
    sock.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES[kind])
    sock.setsockopt(zmq.SUBSCRIBE, b"")
    sock.connect(address)
    (subscribe_plain if kind == "plain" else subscribe_floor)(sock)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
