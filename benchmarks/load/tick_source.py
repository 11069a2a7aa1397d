"""The gateway's writing end alone: `python -m tapewire.benchmarks.load.tick_source`.

Made quotes through `TickPublisher` and an XPUB on the group's own `market` endpoint, in messages
as large as the gateway's are under load: all that one read of TWS's socket brought for a symbol.
64 KiB are taken for a read, a quarter of the most that it can be: 2184 ticks of 30 bytes.

It goes no faster than its reader: `XPUB_NODROP` and a short queue make `send` wait, where the
gateway would go on and fill the queue.
"""

import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Final

import zmq

from tapewire.benchmarks.load import made_ticks as made
from tapewire.benchmarks.load.talk import say, slices
from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint, prepare_run_dir
from tapewire.common.bus.streams import TickPublisher
from tapewire.common.config.settings import BusConfig
from tapewire.common.events import Tick

READ_BYTES: Final = 64 * 1024
MESSAGE_BYTES: Final = 30  # of the made messages with the gateway's request ids, on average
READ_TICKS: Final = READ_BYTES // MESSAGE_BYTES
READS: Final = 20  # different ones, sent in turn
QUEUE_MESSAGES: Final = 64
JOINED: Final = b"\x01"

Sock = zmq.Socket[bytes]


def open_market(address: str, queue_messages: int = QUEUE_MESSAGES) -> Sock:
    """A publisher that waits for its reader."""
    market: Sock = zmq.Context.instance().socket(zmq.XPUB)
    market.setsockopt(zmq.SNDHWM, queue_messages)
    market.setsockopt(zmq.XPUB_NODROP, 1)
    market.setsockopt(zmq.LINGER, 0)
    market.bind(address)
    return market


def wait_for(market: Sock, topics: set[bytes]) -> None:
    """Wait until each of `topics` is subscribed to; a reader that leaves says so too."""
    while topics:
        said = market.recv()
        if said[:1] == JOINED:
            topics.discard(said[1:])


def made_reads(names: list[str]) -> list[list[tuple[str, list[Tick]]]]:
    """What each read brings, by symbol, in the order of their first tick."""
    quotes = made.quotes(names, READ_TICKS * READS, time.time_ns())
    reads = []
    for start in range(0, len(quotes), READ_TICKS):
        by_symbol: dict[str, list[Tick]] = {}
        for quote in quotes[start : start + READ_TICKS]:
            by_symbol.setdefault(quote.symbol, []).append(quote)
        reads.append(list(by_symbol.items()))
    return reads


def main(run_dir: Path, symbol_count: int) -> None:
    """Send what is asked for."""
    names = made.symbols(symbol_count)
    publisher, reads = TickPublisher(roles.GATEWAY, f"{time.time_ns():x}"), made_reads(names)
    market = open_market(endpoint("market", BusConfig(), prepare_run_dir(run_dir)))
    joined = (*names, made.MARK)
    wait_for(market, {wire.topic(f"{kind}.{n}") for kind in ("tick", "last") for n in joined})
    for name in names:  # as a joiner gets them; until they come it looks at each tick's kind
        market.send_multipart(publisher.last_values(name))
    say(ready=True)
    turns = cycle(reads)
    for count in slices():
        left = count
        market.send_multipart(publisher.publish(made.MARK, [made.mark(time.time_ns())]))
        while left > 0:
            for symbol, ticks in next(turns):
                batch = ticks if len(ticks) <= left else ticks[:left]
                left -= len(batch)
                market.send_multipart(publisher.publish(symbol, batch))
                if not left:
                    break
        market.send_multipart(publisher.publish(made.MARK, [made.mark(time.time_ns())]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
