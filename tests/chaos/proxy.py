"""A TCP proxy between the gateways and TWS that does to connections what a network does.

It delays, cuts, splits and half-opens. What it passes on is whole and in order, as with TCP.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Final, Self

HOST: Final = "127.0.0.1"
READ_BYTES: Final = 65536
PIECE_MAX: Final = 7
PIECES_MAX: Final = 200  # of what was read at once: market data is not split for ever
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: what is not sent is dropped
STOP_S: Final = 10.0


class Link:
    """One connection of a client, and the one that was made to TWS for it. With `keeps` TWS
    does not learn that the client has gone."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.keeps = False

    def end(self) -> None:
        """Both sides at once."""
        reset(self.client)
        reset(self.server)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a side at once, whatever waits to be sent."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


class Proxy:
    """Listens on a free `port` of the loopback for TWS at `target`, on a thread of its own."""

    def __init__(self, target: int, rng: random.Random) -> None:
        self.port = 0
        self.delay_s = 0.0
        self.splits = False
        self._target, self._rng = target, rng
        self._links: set[Link] = set()
        self._flows = asyncio.Event()
        self._server: asyncio.Server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, HOST, 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._flows.set()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_S)
        self._loop.close()

    # ---- what can go wrong -----------------------------------------------------------------------

    def cut(self) -> None:
        """Both sides of all connections end at once."""
        self._do(self._cut())

    def lose_clients(self) -> None:
        """The clients' sides end; until `cut` TWS does not know it, and keeps the client ids."""
        self._do(self._lose())

    def freeze(self) -> None:
        """Nothing is passed on in either direction, and neither side learns of it."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def thaw(self) -> None:
        """What was read goes on."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def refuse(self) -> None:
        """Nothing listens any more, until `listen`."""
        self._do(self._refuse())

    def listen(self) -> None:
        """Listen again, on the same port."""
        self._server = self._do(asyncio.start_server(self._serve, HOST, self.port))

    # ---- inside ----------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_S)

    async def _cut(self) -> None:
        for link in [*self._links]:
            link.keeps = False
            link.end()
        self._links.clear()

    async def _lose(self) -> None:
        for link in self._links:
            link.keeps = True
            reset(link.client)

    async def _refuse(self) -> None:
        self._server.close()
        await self._cut()

    async def _end(self) -> None:
        self._flows.set()
        await self._refuse()
        rest = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, server = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.transport.abort()
            return
        link = Link(writer, server)
        self._links.add(link)
        pumps = (self._pump(link, reader, server), self._pump(link, there, writer))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*pumps)

    async def _pump(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One direction; where it ends, the other side's ends too."""
        with contextlib.suppress(OSError):
            while data := await reader.read(READ_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s * self._rng.random())
                await self._flows.wait()
                await self._pass_on(writer, data)
        await self._flows.wait()
        if not link.keeps:
            writer.close()

    async def _pass_on(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        for piece in self._pieces(data):
            writer.write(piece)
            await writer.drain()
            if self.splits:
                await asyncio.sleep(0)

    def _pieces(self, data: bytes) -> list[bytes]:
        """All of it, or a few bytes at a time, wherever that cuts it."""
        if not self.splits:
            return [data]
        pieces = []
        while data and len(pieces) < PIECES_MAX:
            size = self._rng.randint(1, PIECE_MAX)
            pieces.append(data[:size])
            data = data[size:]
        return [*pieces, data] if data else pieces
