"""A simulated ProjectX Gateway as a virtual group reaches it: lines in, lines out.

To the world it is what `TwsServer` is. A connection is a gateway's to its link, which dies with it;
each link has connections of its own to the Gateway behind.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.audit import Line
from tapewire.simulator.projectx.line import Item
from tapewire.simulator.projectx.server import GatewayServer
from tapewire.simulator.projectx.settings import GatewaySettings
from tapewire.virtual.link import VirtualLink
from tapewire.virtual.plain_line import PlainLine


class LinkedGateway:
    """One Gateway, and the links of the gateways that are connected to it."""

    def __init__(
        self,
        settings: GatewaySettings,
        instruments: Sequence[Instrument],
        market: Iterator[Row],
        now_ns: int,
    ) -> None:
        self.gateway = GatewayServer(settings, instruments, market, now_ns, PlainLine)
        self._now_ns = now_ns
        self._links: dict[int, VirtualLink] = {}
        self._of: dict[int, int] = {}  # whose link a connection to the Gateway is
        self._numbers = count(1)
        self._out: list[tuple[int, bytes]] = []
        self._closing: list[int] = []

    @property
    def faults(self) -> Any:
        """What can go wrong at the Gateway."""
        return self.gateway.faults

    @property
    def counters(self) -> dict[str, int]:
        """See `TwsServer.counters`."""
        return self.gateway.counters

    @property
    def settings(self) -> GatewaySettings:
        """The Gateway's."""
        return self.gateway.settings

    @property
    def market_began_ns(self) -> int | None:
        """See `TwsServer.market_began_ns`."""
        return self.gateway.market_began_ns

    def connected(self, conn: int, now_ns: int) -> None:
        """A gateway has started its link."""
        door = _Door(self, conn)
        self._links[conn] = VirtualLink(door, self._says(conn), self._ends(conn), now_ns)

    def received(self, conn: int, data: bytes, now_ns: int) -> None:
        """Lines of a gateway."""
        self._now_ns = now_ns
        if (link := self._links.get(conn)) is not None:
            link.take(data, now_ns)
            self._carry()

    def closed(self, conn: int, now_ns: int) -> None:
        """A gateway is gone, and its link with it; what that has asked for is on its way."""
        self._now_ns = now_ns
        if (link := self._links.pop(conn, None)) is not None:
            for one in [*link.connections]:
                self._of.pop(one, None)
                self.gateway.closed(one, now_ns)

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        self._now_ns = now_ns
        self.gateway.tick(now_ns)
        self._carry()
        for link in [*self._links.values()]:
            if (due_ns := link.due_ns()) is not None and due_ns <= now_ns:
                link.pass_time(now_ns)
        self._carry()

    def next_due_ns(self) -> int | None:
        """When to call `tick` next; None: after the next input."""
        due = [self.gateway.next_due_ns(), *(one.due_ns() for one in self._links.values())]
        return min((one for one in due if one is not None), default=None)

    def take_output(self) -> list[tuple[int, bytes]]:
        """Lines to the gateways since the last call."""
        taken, self._out = self._out, []
        return taken

    def take_closing(self) -> list[int]:
        """The gateways whose links have ended."""
        taken, self._closing = self._closing, []
        return taken

    def take_audit(self) -> list[Line]:
        """See `TwsServer.take_audit`."""
        return self.gateway.take_audit()

    def books(self) -> dict[str, Any]:
        """See `TwsServer.books`."""
        return self.gateway.books()

    def finish(self, now_ns: int) -> None:
        """No row will follow: a market order has filled by then."""

    def open(self, owner: int) -> int:
        """A new connection of a link to the Gateway."""
        conn = next(self._numbers)
        self._of[conn] = owner
        self.gateway.connected(conn, self._now_ns)
        return conn

    def send(self, conn: int, items: Sequence[Item]) -> None:
        """A link sends something."""
        self.gateway.received(conn, [*items], self._now_ns)

    def close(self, conn: int) -> None:
        """A link closes a connection."""
        self._of.pop(conn, None)
        self.gateway.closed(conn, self._now_ns)

    def _carry(self) -> None:
        """Pass on what the Gateway sends the links, and what follows, until nothing is left."""
        while True:
            said, ended = self.gateway.take_output(), self.gateway.take_closing()
            if not (said or ended):
                return
            for conn, data in said:
                if (link := self._link_of(conn)) is not None:
                    link.heard(conn, data, self._now_ns)
            for conn in ended:
                link = self._link_of(conn)
                self.close(conn)
                if link is not None:
                    link.ended(conn, self._now_ns)

    def _link_of(self, conn: int) -> VirtualLink | None:
        return self._links.get(self._of.get(conn, 0))

    def _says(self, conn: int) -> Any:
        return lambda line: self._out.append((conn, line))

    def _ends(self, conn: int) -> Any:
        return lambda: self._closing.append(conn)


class _Door:
    """How one link reaches the Gateway; satisfies `virtual.link.Door`."""

    def __init__(self, gateway: LinkedGateway, owner: int) -> None:
        self._gateway, self._owner = gateway, owner

    def open(self) -> int:
        """See `Door.open`."""
        return self._gateway.open(self._owner)

    def send(self, conn: int, *items: Item) -> None:
        """See `Door.send`."""
        self._gateway.send(conn, items)

    def close(self, conn: int) -> None:
        """See `Door.close`."""
        self._gateway.close(conn)
