"""Viewers: `python -m tapewire.benchmarks.load.viewers PORT TOKEN_FILE COUNT SYMBOL`.

So many pages' streams of a web console in one process. Says a line once all of them have the whole
state. Between the commands `begin` and `end` it notes for each message with a price of the symbol
how old that was which the page showed until then, and answers with all of it.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tapewire.benchmarks.load.talk import say

READ_BYTES: Final = 256 * 1024
REQUEST: Final = (
    "GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
)
LINE: Final = b"\r\n"


class Chunks:
    """The body of an answer that comes in chunks (RFC 9112, 7.1)."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_body = False

    def take(self, data: bytes) -> Iterator[bytes]:
        """The chunks that are whole now."""
        self._rest += data
        if not self._is_body:
            head, end, rest = self._rest.partition(LINE * 2)
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the console refuses a viewer: {head!r} {rest!r}")
            self._is_body, self._rest = True, rest
        while True:
            size, end, rest = self._rest.partition(LINE)
            length = int(size, 16) if end else 0
            if not end or len(rest) < length + len(LINE):
                return
            yield rest[:length]
            self._rest = rest[length + len(LINE) :]


class Viewer:
    """One page, as far as one symbol goes."""

    def __init__(self, sock: socket.socket, symbol: str) -> None:
        self.sock = sock
        self.is_whole = False
        self.lag_ns: list[int] = []
        self.messages = 0
        self._symbol = symbol
        self._chunks = Chunks()
        self._shown_ns = 0

    def read(self) -> None:
        """What has come."""
        data = self.sock.recv(READ_BYTES)
        if not data:
            raise SystemExit("the console has hung up")
        now_ns = time.time_ns()
        for chunk in self._chunks.take(data):
            for event in chunk.split(b"\n\n"):
                self._on_event(event, now_ns)

    def _on_event(self, event: bytes, now_ns: int) -> None:
        name, _, data = event.partition(b"\ndata: ")
        if name not in (b"event: delta", b"event: whole"):
            return
        self.is_whole |= name == b"event: whole"
        self.messages += 1
        for tables in msgspec.json.decode(data)["groups"].values():
            ts_ns = _price_ns(tables, self._symbol)
            if ts_ns:
                if self._shown_ns:
                    self.lag_ns.append(now_ns - self._shown_ns)
                self._shown_ns = ts_ns

    def begin(self) -> None:
        """Forget what came so far; the next message with a price is the first."""
        self.lag_ns, self.messages, self._shown_ns = [], 0, 0


def _price_ns(tables: dict[str, Any], symbol: str) -> int:
    row = tables.get("instruments", {}).get("set", {}).get(symbol, {})
    return int(row.get("ts_ns", 0))


def main(port: int, token: str, count: int, symbol: str) -> None:
    """Look, until standard input ends."""
    selector = selectors.DefaultSelector()
    viewers = []
    for _ in range(count):
        viewer = Viewer(socket.create_connection(("127.0.0.1", port)), symbol)
        viewer.sock.sendall(REQUEST.format(port=port, token=token).encode())
        selector.register(viewer.sock, selectors.EVENT_READ, viewer.read)
        viewers.append(viewer)
    while not all(one.is_whole for one in viewers):
        for key, _ in selector.select():
            key.data()
    say(viewers=count)
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    while True:
        for key, _ in selector.select():
            if key.data is not None:
                key.data()
            elif not _obey(viewers):
                return


def _obey(viewers: list[Viewer]) -> bool:
    """A command; False at the end of standard input."""
    line = sys.stdin.readline()
    if not line:
        return False
    if json.loads(line)["do"] == "begin":
        for one in viewers:
            one.begin()
        return True
    lag_ns = [ns for one in viewers for ns in one.lag_ns]
    silent = sum(not one.lag_ns for one in viewers)
    say(lag_ns=lag_ns, silent=silent, messages=sum(one.messages for one in viewers))
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]).read_text().strip(), int(sys.argv[3]), sys.argv[4])
