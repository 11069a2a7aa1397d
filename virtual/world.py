"""A world: the whole group and a TWS in one process, on a virtual clock.

The services are the live ones. The world stands where sockets, journals on disk, supervisord and
the broker's machine stand live, so it can kill a process at any step and start it again.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from tapewire.common.bus import wire
from tapewire.common.bus.transport import Inbound
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.events import Event
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.clock import VirtualClock
from tapewire.common.runtime.journal import Head, events_of
from tapewire.common.runtime.service import Service
from tapewire.common.ticks.rows import Row
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.tws.socket import CLOSED, DATA, OPENED
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy.loading.faults import Failure
from tapewire.strategy.service import StrategyService
from tapewire.virtual.composition import Blueprint
from tapewire.virtual.network import Agenda, Calm, Killed, Link, Links, VirtualTransport, Weather
from tapewire.virtual.node import Arrival, Node

SECOND_NS = 1_000_000_000
GATEWAYS = ("gateway", "way-out")
RESTART_NS = SECOND_NS
RECONNECT_NS = SECOND_NS // 2


class World:
    """The group, the network and TWS. `rules` are risk's; `gateway_class` is for tests of tests.

    Every process has a turn when something reaches it, and each `idle_ns` without. A heartbeat
    is due each `heartbeat_ms`, but told in a turn, so the lease must outlast both. With
    `step_ns` above 0 TWS's market moves at multiples of it only, with all that was due by then.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        strategies: Sequence[StrategyConfig],
        market: Iterator[Row],
        *,
        start_ns: int = 0,
        max_contracts: Decimal = Decimal(100),
        weather: Weather | None = None,
        idle_ns: int = 50_000_000,
        heartbeat_ms: int = 250,
        lease_ms: int = 3000,
        step_ns: int = 0,
        settings: SimulatorSettings | None = None,
        gateway_class: type[Gateway] = Gateway,
        say: Callable[[Failure], None] = lambda _raised: None,
    ) -> None:
        self.clock = VirtualClock(start_ns)
        self.agenda = Agenda(self.clock)
        self.instruments = tuple(instruments)
        self.server = TwsServer(settings or SimulatorSettings(), self.instruments, market)
        self.links = Links(self.clock, weather or Calm())
        self.max_contracts = max_contracts
        self.strategies = {f"strategy-{s.name}": s for s in strategies}
        self._idle_ns = idle_ns
        self._step_ns = step_ns
        self._next_connection = 1
        self._connected: dict[int, Node] = {}
        self._market_due_ns: int | None = None
        self._ended: set[int] = set()
        self._readers: dict[tuple[str, str, bytes], list[Link]] = {}
        blueprint = Blueprint(
            instruments=self.instruments,
            strategies=self.strategies,
            clock=self.clock,
            max_contracts=max_contracts,
            heartbeat_ms=heartbeat_ms,
            lease_ms=lease_ms,
            gateway_class=gateway_class,
            hang_up=self.cut,
            say=say,
        )
        builds = blueprint.builds()
        self.nodes = {name: Node(name, build, self._route) for name, build in builds.items()}
        for name in self.nodes:
            self.start(name)

    # ---- life and death ------------------------------------------------------------------------

    def run(self, duration_ns: int) -> None:
        """Let `duration_ns` of virtual time pass."""
        self.agenda.run_until(self.clock.now_ns() + duration_ns)

    def start(self, name: str) -> None:
        """Start a process that is not running, on the journal it left."""
        node = self.nodes[name]
        if node.service is not None:
            return
        node.starts += 1
        node.transport = VirtualTransport(name, self._route)
        node.journal.step = node.transport.step
        node.service = node.build(node)
        self._readers.clear()
        self._idle(node, node.starts)
        if name in GATEWAYS:
            self._connect(node, node.starts)
        self._subscribe()

    def kill(self, name: str, *, restart_after_ns: int = RESTART_NS) -> None:
        """`kill -9`, and supervisord's restart."""
        node = self.nodes[name]
        if node.service is None:
            return
        node.service = None
        self._readers.clear()
        if node.connection is not None:
            self._hang_up(node, node.connection)
        self.agenda.at(self.clock.now_ns() + restart_after_ns, self.start, name)

    def cut_power(self, restarts_after_ns: Callable[[], int]) -> None:
        """Of the machine: every process dies, what was not fsynced is gone. TWS is elsewhere."""
        for name, node in self.nodes.items():
            self.kill(name, restart_after_ns=restarts_after_ns())
            node.journal.crash()

    def cut(self, name: str) -> None:
        """Reset a gateway's connection to TWS."""
        node = self.nodes[name]
        if node.connection is None or node.service is None:
            return
        self._hang_up(node, node.connection)
        self._deliver(node, ("tws", [CLOSED, b"TWS reset the connection"]))
        self._connect(node, node.starts)

    # ---- what came of it -------------------------------------------------------------------------

    def service(self, name: str) -> Service | None:
        """The running service of a process; None while it is dead."""
        return self.nodes[name].service

    def events(self, name: str) -> list[Event]:
        """All that a process has journaled."""
        return list(events_of(self.nodes[name].journal))

    def heads(self) -> dict[str, Head]:
        """How far every journal goes, and its chain."""
        return {n: node.journal.head for n, node in self.nodes.items() if node.journal.head.seq}

    # ---- turns ---------------------------------------------------------------------------------

    def _idle(self, node: Node, start: int) -> None:
        """A turn now and then without input, for as long as this start of the process lives."""
        if node.service is None or node.starts != start:
            return
        self._turn(node)
        self.agenda.at(self.clock.now_ns() + self._idle_ns, self._idle, node, start)

    def _turn(self, node: Node) -> None:
        node.turn_due = False
        if node.service is None:
            return
        try:
            node.service.turn(0)
        except Killed:
            self.kill(node.name)

    def _deliver(self, node: Node, *messages: Inbound) -> None:
        if node.service is None:
            return
        node.transport.inbox += messages
        if not node.turn_due:
            node.turn_due = True
            self.agenda.at(self.clock.now_ns(), self._turn, node)

    # ---- the network -----------------------------------------------------------------------------

    def _route(self, sender: str, channel: str, frames: Sequence[bytes]) -> bool:
        if channel in ("market", "events"):
            key = (sender, channel, frames[0])
            links = self._readers.get(key)
            if links is None:
                links = self._readers[key] = list(self._find_readers(*key))
            for link in links:
                self._post(link, [*frames])
            return True
        if channel == "tws":
            return self._to_tws(self.nodes[sender], frames[0])
        if channel == "requests":
            receiver, channel, frames = frames[0].decode(), f"{sender}.requests", frames[1:]
        elif channel == "signals":
            receiver = "executor"
        else:
            receiver, channel = channel.removesuffix(".requests"), "requests"
            frames = [sender.encode(), *frames]
        return self._post(self.links.between(sender, receiver, channel), [*frames])

    def _find_readers(self, sender: str, channel: str, topic: bytes) -> Iterator[Link]:
        """Who receives what `sender` publishes under `topic`, and as which channel."""
        symbol = wire.topic_name(topic).partition(".")[2]
        for name, node in self.nodes.items():
            if node.service is None:
                continue
            if channel == "events" and sender in node.service.followers:
                yield self.links.between(sender, name, f"{sender}.events")
            elif channel == "market" and isinstance(node.service, StrategyService):
                if symbol in node.service.readers:
                    yield self.links.between(sender, name, "market")
            elif channel == "market" and name == "risk" and topic.startswith(b"last."):
                yield self.links.between(sender, name, "marks")

    def _post(self, link: Link, frames: list[bytes]) -> bool:
        """Send on `link`; what arrives at the same time as what was sent before joins it."""
        node = self.nodes[link.receiver]
        if node.service is None:
            return False
        for _ in range(self.links.weather.copies(link.name)):
            time_ns, arrival = self.links.arrival_ns(link), node.arriving
            if arrival is None or arrival.time_ns != time_ns or arrival.start != node.starts:
                arrival = node.arriving = Arrival(time_ns, node.starts)
                self.agenda.at(time_ns, self._arrive, node, arrival)
            arrival.messages.append((link.channel, frames))
        return True

    def _arrive(self, node: Node, arrival: Arrival) -> None:
        if node.arriving is arrival:
            node.arriving = None
        if node.starts == arrival.start:  # what was on its way to a dead process dies with it
            self._deliver(node, *arrival.messages)

    def _subscribe(self) -> None:
        """Tell the gateway who reads its market data, as XPUB does when either side connects."""
        gateway = self.nodes["gateway"]
        for node in self.nodes.values():
            if isinstance(node.service, StrategyService):
                for symbol in node.service.readers:
                    topic = wire.topic(f"last.{symbol}")
                    self._deliver(gateway, ("market", [b"\x01" + topic]))

    # ---- TWS -------------------------------------------------------------------------------------

    def _connect(self, node: Node, start: int) -> None:
        self.agenda.at(self.clock.now_ns() + RECONNECT_NS, self._open, node, start)

    def _open(self, node: Node, start: int) -> None:
        if node.service is None or node.starts != start or node.connection is not None:
            return
        node.connection = connection = self._next_connection
        self._connected[connection] = node
        self._next_connection += 1
        self.server.connected(connection, self.clock.now_ns())
        self._deliver(node, ("tws", [OPENED]))

    def _hang_up(self, node: Node, connection: int) -> None:
        """Bytes that were written still arrive, in order; then TWS notices the end."""
        node.connection = None
        del self._connected[connection]
        arrival_ns = self.links.arrival_ns(self.links.tcp(connection, ">"))
        self.agenda.at(arrival_ns, self._close, connection)

    def _close(self, connection: int) -> None:
        self._ended.add(connection)
        self.server.closed(connection, self.clock.now_ns())
        self._from_tws()

    def _to_tws(self, node: Node, data: bytes) -> bool:
        connection = node.connection
        if connection is None:
            return False
        arrival_ns = self.links.arrival_ns(self.links.tcp(connection, ">"))
        self.agenda.at(arrival_ns, self._read_by_tws, connection, data)
        return True

    def _read_by_tws(self, connection: int, data: bytes) -> None:
        if connection not in self._ended:
            self.server.received(connection, data, self.clock.now_ns())
            self._from_tws()

    def _from_tws(self) -> None:
        """Carry TWS's output, hang up where it did, and come back when its market is due."""
        for connection, data in self.server.take_output():
            if connection in self._connected:
                arrival_ns = self.links.arrival_ns(self.links.tcp(connection, "<"))
                self.agenda.at(arrival_ns, self._read_by_gateway, connection, data)
        for connection in self.server.take_closing():
            if connection in self._connected:
                self.cut(self._connected[connection].name)
        self.server.take_audit()  # nobody reads it here
        due_ns = self.server.next_due_ns()
        if due_ns is None:
            return
        if self._step_ns:
            due_ns = -(-due_ns // self._step_ns) * self._step_ns
        if self._market_due_ns is None or due_ns < self._market_due_ns:
            self._market_due_ns = due_ns
            self.agenda.at(due_ns, self._market)

    def _read_by_gateway(self, connection: int, data: bytes) -> None:
        node = self._connected.get(connection)
        if node is not None:
            self._deliver(node, ("tws", [DATA, data]))

    def _market(self) -> None:
        self._market_due_ns = None
        self.server.tick(self.clock.now_ns())
        self._from_tws()
