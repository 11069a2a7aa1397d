"""A TWS that floods: `python -m tapewire.benchmarks.load.tws_flood SYMBOLS VERSION`.

It takes one client and answers what a client asks at its start, until there is a market data
line for each symbol. Then it writes tickPrice and tickSize messages, encoded before, as fast as
the client takes them; the trades of `made.MARK` before and after each slice are messages too.
"""

import select
import socket
import sys
import time
from itertools import pairwise
from typing import Final

from tapewire.benchmarks.load import made_ticks as made
from tapewire.benchmarks.load.endpoints import VERSION, TwsPeer
from tapewire.benchmarks.load.talk import say, slices

BLOCK_MESSAGES: Final = 60_000  # at least; sent in a ring
MESSAGES_PER_SYMBOL: Final = 200
READ_BYTES: Final = 64 * 1024
SEND_BYTES: Final = 256 * 1024
PAUSE_S: Final = 0.02  # the mark is alone in its read


class Block:
    """The ring of messages, and where in it the next slice begins."""

    def __init__(self, request_ids: list[int]) -> None:
        count = max(BLOCK_MESSAGES, MESSAGES_PER_SYMBOL * len(request_ids))
        encoded = made.messages(request_ids, count)
        self._data = memoryview(b"".join(encoded))
        self._ends = [0]
        for message in encoded:
            self._ends.append(self._ends[-1] + len(message))
        self._at = 0

    def pieces(self, count: int) -> list[memoryview]:
        """The bytes of the next `count` messages."""
        last, found = len(self._ends) - 1, []
        while count:
            stop = min(last, self._at + count)
            cuts = [*range(self._ends[self._at], self._ends[stop], SEND_BYTES), self._ends[stop]]
            found += [self._data[a:b] for a, b in pairwise(cuts)]
            count -= stop - self._at
            self._at = stop % last
        return found


class Flood:
    """One client's connection."""

    def __init__(self, sock: socket.socket, symbol_count: int, version: int = VERSION) -> None:
        self._sock = sock
        self._peer = TwsPeer(version)
        self._lines = symbol_count + 1
        self._mark = b""
        self.block: Block | None = None
        self._owed = b""  # answers: they must not go within a message that is half written

    def serve(self) -> None:
        """Answer until there is a line for each symbol; `MARK`'s is recognised by its name."""
        while len(self._peer.lines) < self._lines:
            self._read()
            self._pay()
        lines = dict(self._peer.lines)
        self._mark = made.mark_message(lines.pop(made.MARK))
        self.block = Block(list(lines.values()))

    def send(self, count: int) -> None:
        """Write one slice; what is asked meanwhile is answered at its end."""
        assert self.block is not None
        pieces, mark = self.block.pieces(count), memoryview(self._mark)
        self._write(mark)
        time.sleep(PAUSE_S)
        say(ns=time.perf_counter_ns())
        for piece in (*pieces, mark):
            self._write(piece)
        self._pay()

    def idle(self) -> None:
        """Answer what is asked until standard input has something: a gateway asks the time of a TWS
        that says nothing while others have their slices, and hangs up on one that does not know it.
        """
        while True:
            readable, _, _ = select.select([sys.stdin, self._sock], [], [])
            if self._sock in readable:
                self._read()
                self._pay()
            if sys.stdin in readable:
                return

    def _write(self, rest: memoryview) -> None:
        while rest:
            readable, writable, _ = select.select([self._sock], [self._sock], [])
            if writable:
                rest = rest[self._sock.send(rest) :]
            if readable:
                self._read()

    def _read(self) -> None:
        try:
            data = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            select.select([self._sock], [], [])
            return
        if not data:
            sys.exit("the client closed the connection")
        answer, _ = self._peer.received(data)
        self._owed += answer

    def _pay(self) -> None:
        while self._owed:  # short, and the client reads
            select.select([], [self._sock], [])
            self._owed = self._owed[self._sock.send(self._owed) :]


def main(symbol_count: int, version: int) -> None:
    """Take a client, then send what is asked for."""
    listener = socket.create_server(("127.0.0.1", 0))
    say(port=listener.getsockname()[1])
    sock, _ = listener.accept()
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    flood = Flood(sock, symbol_count, version)
    flood.serve()
    say(ready=True)
    flood.idle()
    for count in slices():
        flood.send(count)
        flood.idle()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
