"""The broker's machine as the virtual group reaches it: TWS, or the exchange itself, and the wires.

Bytes arrive in the order in which they were written, some time later, and perhaps in pieces. What a
process has written still arrives after its death; then the broker notices the end.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tapewire.common import roles
from tapewire.common.bus.transport import Inbound
from tapewire.common.runtime.host import Host
from tapewire.gateway.broker import CLOSED, DATA, OPENED, Broker
from tapewire.gateway.service import BROKER
from tapewire.simulator.server import TwsServer
from tapewire.virtual.direct.adapter import DirectBroker
from tapewire.virtual.direct.exchange import DirectExchange
from tapewire.virtual.network import HOP_NS, Links, Scheduler
from tapewire.virtual.node import Node
from tapewire.virtual.observer import Observer

if TYPE_CHECKING:
    from tapewire.virtual.linked import LinkedGateway  # needs what a back-test does not have

SECOND_NS = 1_000_000_000
RECONNECT_NS = SECOND_NS // 2
CONNECTIONS = 1_000_000
DIRECT_LATER_NS = 2 * HOP_NS  # TWS takes a round more to log in: both are ready at one time


class BrokerSide:
    """The broker's `server` and every gateway's connection to it.

    `deliver` hands a message to a process. With `step_ns` above 0 the market moves at multiples of
    it only, with all that was due by then. `number` tells the connections of several brokers apart.
    """

    def __init__(
        self,
        server: "TwsServer | DirectExchange | LinkedGateway",
        scheduler: Scheduler,
        links: Links,
        deliver: Callable[[Node, Inbound], None],
        observer: Observer,
        step_ns: int,
        number: int = 0,
    ) -> None:
        self.server = server
        self._scheduler = scheduler
        self._clock = scheduler.clock
        self._links = links
        self._deliver = deliver
        self._observer = observer
        self._step_ns = step_ns
        self._direct: dict[str, DirectBroker] = {}  # the adapters of this start, by role
        self._next_connection = 1 + number * CONNECTIONS
        self._connected: dict[int, Node] = {}
        self._market_due_ns: int | None = None
        self._ended: set[int] = set()

    # ---- connections ---------------------------------------------------------------------------

    def connect(self, node: Node) -> None:
        """A gateway connects by itself, a little later, for as long as this start of it lives."""
        later_ns = DIRECT_LATER_NS if node.role in self._direct else 0
        due_ns = self._clock.mono_ns() + RECONNECT_NS + later_ns
        self._scheduler.at(due_ns, self._open, node, node.starts)

    def hang_up(self, node: Node) -> None:
        """The gateway's end is gone."""
        connection = node.connection
        if connection is None:
            return
        node.connection = None
        del self._connected[connection]
        arrival_ns = self._links.arrival_ns(self._links.tcp(connection, ">"))
        self._scheduler.at(arrival_ns, self._close, connection)

    def cut(self, node: Node) -> None:
        """Reset a gateway's connection; it connects again."""
        if node.connection is None or node.service is None:
            return
        self.hang_up(node)
        self._deliver(node, (BROKER, [CLOSED, b"TWS reset the connection"]))
        self.connect(node)

    def attach_directly(self, host: Host, node: Node) -> tuple[Broker, Callable[[], None]]:
        """The direct adapter of a gateway; what it sends travels as bytes to TWS would."""
        config = host.config.at_login(roles.login_name(host.role))
        client_id = (
            config.tws.liquidation_client_id
            if roles.kind_of(host.role) == roles.LIQUIDATION
            else config.tws.client_id
        )
        adapter = DirectBroker(
            config.all_instruments(),
            client_id=client_id,
            send=partial(self.send, node),
            rate_max_per_s=config.tws.rate_max_per_s,
            probe_after_ms=config.tws.probe_after_ms,
            hang_up_after_ms=config.tws.hang_up_after_ms,
        )
        self._direct[host.role] = adapter
        return adapter, partial(self.cut, node)

    def send(self, node: Node, data: Any) -> bool:
        """Bytes to TWS, or requests to the exchange."""
        connection = node.connection
        if connection is None:
            return False
        arrival_ns = self._links.arrival_ns(self._links.tcp(connection, ">"))
        self._scheduler.at(arrival_ns, self._read, connection, data)
        return True

    def _open(self, node: Node, start: int) -> None:
        if node.service is None or node.starts != start or node.connection is not None:
            return
        if node.stopped:
            self.connect(node)
            return
        node.connection = connection = self._next_connection
        self._connected[connection] = node
        self._next_connection += 1
        self.server.connected(connection, self._clock.mono_ns())
        self._deliver(node, (BROKER, [OPENED]))

    def _close(self, connection: int) -> None:
        self._ended.add(connection)
        self.server.closed(connection, self._clock.mono_ns())
        self.work()

    # ---- the broker's turns --------------------------------------------------------------------

    def _read(self, connection: int, data: Any) -> None:
        if connection not in self._ended:
            self.server.received(connection, data, self._clock.mono_ns())
            self.work()

    def resume(self) -> None:
        """The scheduler has forgotten when the market moves next."""
        self._market_due_ns = None
        self.work()

    def work(self) -> None:
        """Carry the broker's output, hang up where it did, and come back when it is due."""
        for connection, data in self.server.take_output():
            if connection in self._connected:
                self._carry(connection, data)
        for connection in self.server.take_closing():
            if connection in self._connected:
                self.cut(self._connected[connection])
        if lines := self.server.take_audit():
            self._observer.audited(lines)
        due_ns = self.server.next_due_ns()
        if due_ns is None:
            return
        if self._step_ns:
            due_ns = -(-due_ns // self._step_ns) * self._step_ns
        if self._market_due_ns is None or due_ns < self._market_due_ns:
            self._market_due_ns = due_ns
            self._scheduler.at(due_ns, self.tick)

    def finish(self) -> None:
        """The market is over: what has no price of its own fills."""
        self.server.finish(self._clock.mono_ns())
        self.work()

    def _carry(self, connection: int, data: Any) -> None:
        """To the gateway: bytes as TCP may cut them, or reports of the exchange as they are."""
        pieces = [data]
        if isinstance(data, bytes):
            pieces, start = [], 0
            for size in self._links.faults.pieces(len(data)):
                pieces.append(data[start : start + size])
                start += size
        for piece in pieces:
            arrival_ns = self._links.arrival_ns(self._links.tcp(connection, "<"))
            self._scheduler.at(arrival_ns, self._read_by_gateway, connection, piece)

    def _read_by_gateway(self, connection: int, data: Any) -> None:
        node = self._connected.get(connection)
        if node is None:
            return
        adapter = self._direct.get(node.role)
        if adapter is None:
            self._deliver(node, (BROKER, [DATA, data]))
        else:
            adapter.arrived(data)
            self._deliver(node, (BROKER, [DATA]))

    def tick(self) -> None:
        """The market moves."""
        self._market_due_ns = None
        self.server.tick(self._clock.mono_ns())
        self.work()
