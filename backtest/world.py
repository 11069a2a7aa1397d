"""A world: the whole group and a TWS in one process, on a virtual clock.

The services are the live ones. The world stands where sockets, journals on disk, supervisord and
the broker's machine stand live, so it can kill a process at any step and start it again.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from backtest.network import Agenda, Calm, Killed, Links, VirtualTransport, Weather
from common import wire
from common.clock import VirtualClock
from common.config import StrategyConfig
from common.events import Event
from common.instruments import Instrument
from common.journal import Head, MemoryJournal, events_of
from common.service import Service
from executor.executor import Executor
from executor.service import ExecutorService
from gateway.gateway import Gateway
from gateway.service import GatewayService
from gateway.tws_socket import CLOSED, DATA, OPENED
from risk.monitor import RiskMonitor
from risk.rules import MaxContracts
from risk.service import RiskService
from simulator.market import Row
from simulator.server import TwsServer
from simulator.settings import SimulatorSettings
from strategy.runner import Runner
from strategy.service import StrategyService

SECOND_NS = 1_000_000_000
GATEWAYS = ("gateway", "way-out")
RESTART_NS = SECOND_NS
RECONNECT_NS = SECOND_NS // 2

Build = Callable[["Node"], Service]


class FusedJournal(MemoryJournal):
    """A journal that its process can die at: before a commit, or just after it."""

    def __init__(self) -> None:
        super().__init__()
        self.step: Callable[[], None] = lambda: None

    def append(self, events: Sequence[Event]) -> int:
        """Append, with a step on either side."""
        self.step()
        first = super().append(events)
        self.step()
        return first


class Node:
    """One process: what survives its death (journal) and what does not (service, inbox)."""

    def __init__(
        self, name: str, build: Build, route: Callable[[str, str, list[bytes]], bool]
    ) -> None:
        self.name = name
        self.build = build
        self.journal = FusedJournal()
        self.transport = VirtualTransport(name, route)
        self.service: Service | None = None
        self.starts = 0
        self.connection: int | None = None
        self.turn_due = False

    @property
    def epoch(self) -> str:
        """A new one for every start."""
        return f"{self.name}{self.starts}"


class World:
    """The group, the network and TWS. `rules` are risk's; `gateway_class` is for tests of tests."""

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
        settings: SimulatorSettings | None = None,
        gateway_class: type[Gateway] = Gateway,
    ) -> None:
        self.clock = VirtualClock(start_ns)
        self.agenda = Agenda(self.clock)
        self.instruments = tuple(instruments)
        self.server = TwsServer(settings or SimulatorSettings(), self.instruments, market)
        self.links = Links(self.clock, weather or Calm())
        self.max_contracts = max_contracts
        self._idle_ns = idle_ns
        self._heartbeat_ms = heartbeat_ms
        self._lease_ms = lease_ms
        self._gateway_class = gateway_class
        self._next_connection = 1
        self._market_due_ns: int | None = None
        self._ended: set[int] = set()
        builds: dict[str, Build] = {
            "gateway": self._build_gateway,
            "way-out": self._build_gateway,
            "risk": self._build_risk,
            "executor": self._build_executor,
        }
        self.strategies = {f"strategy-{s.name}": s for s in strategies}
        builds |= dict.fromkeys(self.strategies, self._build_strategy)
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
        if node.connection is not None:
            self._hang_up(node, node.connection)
        self.agenda.at(self.clock.now_ns() + restart_after_ns, lambda: self.start(name))

    def cut(self, name: str) -> None:
        """Reset a gateway's connection to TWS."""
        node = self.nodes[name]
        if node.connection is None or node.service is None:
            return
        self._hang_up(node, node.connection)
        self._deliver(node, "tws", [CLOSED, b"TWS reset the connection"])
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
        self.agenda.at(self.clock.now_ns() + self._idle_ns, lambda: self._idle(node, start))

    def _turn(self, node: Node) -> None:
        node.turn_due = False
        if node.service is None:
            return
        try:
            node.service.turn(0)
        except Killed:
            self.kill(node.name)

    def _deliver(self, node: Node, channel: str, frames: list[bytes]) -> None:
        if node.service is None:
            return
        node.transport.inbox.append((channel, frames))
        if not node.turn_due:
            node.turn_due = True
            self.agenda.at(self.clock.now_ns(), lambda: self._turn(node))

    # ---- the network -----------------------------------------------------------------------------

    def _route(self, sender: str, channel: str, frames: list[bytes]) -> bool:
        if channel == "tws":
            return self._to_tws(self.nodes[sender], frames[0])
        if channel in ("events", "market"):
            for name, inbound in self._readers(sender, channel, frames[0]):
                self._post(sender, name, inbound, frames)
            return True
        if channel == "requests":
            return self._post(sender, frames[0].decode(), f"{sender}.requests", frames[1:])
        if channel == "signals":
            return self._post(sender, "executor", "signals", frames)
        source = channel.removesuffix(".requests")
        return self._post(sender, source, "requests", [sender.encode(), *frames])

    def _readers(self, sender: str, channel: str, topic: bytes) -> Iterator[tuple[str, str]]:
        """Who receives what `sender` publishes, and as which channel."""
        for name, node in self.nodes.items():
            if node.service is None:
                continue
            if channel == "events" and sender in node.service.followers:
                yield name, f"{sender}.events"
            elif channel == "market" and isinstance(node.service, StrategyService):
                if wire.topic_name(topic).partition(".")[2] in node.service.readers:
                    yield name, "market"
            elif channel == "market" and name == "risk" and topic.startswith(b"last."):
                yield name, "marks"

    def _post(self, sender: str, receiver: str, channel: str, frames: list[bytes]) -> bool:
        node = self.nodes[receiver]
        if node.service is None:
            return False
        link, start = f"{sender}>{receiver}:{channel}", node.starts
        for _ in range(self.links.weather.copies(link)):
            self.agenda.at(
                self.links.arrival_ns(link), lambda: self._arrive(node, start, channel, frames)
            )
        return True

    def _arrive(self, node: Node, start: int, channel: str, frames: list[bytes]) -> None:
        if node.starts == start:  # what was on its way to a dead process dies with it
            self._deliver(node, channel, frames)

    def _subscribe(self) -> None:
        """Tell the gateway who reads its market data, as XPUB does when either side connects."""
        gateway = self.nodes["gateway"]
        for node in self.nodes.values():
            if isinstance(node.service, StrategyService):
                for symbol in node.service.readers:
                    self._deliver(gateway, "market", [b"\x01" + wire.topic(f"last.{symbol}")])

    # ---- TWS -------------------------------------------------------------------------------------

    def _connect(self, node: Node, start: int) -> None:
        self.agenda.at(self.clock.now_ns() + RECONNECT_NS, lambda: self._open(node, start))

    def _open(self, node: Node, start: int) -> None:
        if node.service is None or node.starts != start or node.connection is not None:
            return
        node.connection = connection = self._next_connection
        self._next_connection += 1
        self.server.connected(connection, self.clock.now_ns())
        self._deliver(node, "tws", [OPENED])

    def _hang_up(self, node: Node, connection: int) -> None:
        """Bytes that were written still arrive, in order; then TWS notices the end."""
        node.connection = None
        self.agenda.at(self.links.arrival_ns(f"tcp>{connection}"), lambda: self._close(connection))

    def _close(self, connection: int) -> None:
        self._ended.add(connection)
        self.server.closed(connection, self.clock.now_ns())
        self._from_tws()

    def _to_tws(self, node: Node, data: bytes) -> bool:
        connection = node.connection
        if connection is None:
            return False
        self.agenda.at(
            self.links.arrival_ns(f"tcp>{connection}"), lambda: self._read_by_tws(connection, data)
        )
        return True

    def _read_by_tws(self, connection: int, data: bytes) -> None:
        if connection not in self._ended:
            self.server.received(connection, data, self.clock.now_ns())
            self._from_tws()

    def _from_tws(self) -> None:
        """Carry TWS's output, hang up where it did, and come back when its market is due."""
        by_connection = {n.connection: n for n in self.nodes.values() if n.connection is not None}
        for connection, data in self.server.take_output():
            node = by_connection.get(connection)
            if node is not None:
                self._answer(node, connection, data)
        for connection in self.server.take_closing():
            if connection in by_connection:
                self.cut(by_connection[connection].name)
        due_ns = self.server.next_due_ns()
        if due_ns is not None and (self._market_due_ns is None or due_ns < self._market_due_ns):
            self._market_due_ns = due_ns
            self.agenda.at(due_ns, self._market)

    def _answer(self, node: Node, connection: int, data: bytes) -> None:
        def arrive() -> None:
            if node.connection == connection:
                self._deliver(node, "tws", [DATA, data])

        self.agenda.at(self.links.arrival_ns(f"tcp<{connection}"), arrive)

    def _market(self) -> None:
        self._market_due_ns = None
        self.server.tick(self.clock.now_ns())
        self.server.take_audit()
        self._from_tws()

    # ---- how each process is built ---------------------------------------------------------------

    def _build_gateway(self, node: Node) -> Service:
        way_out = node.name == "way-out"
        gateway = self._gateway_class(
            self.instruments,
            client_id=2 if way_out else 1,
            lease_ms=self._lease_ms,
            reduce_only=way_out,
        )
        return GatewayService(
            node.name, gateway, node.transport, self.clock, node.journal,
            epoch=node.epoch, follows=() if way_out else ("risk",),
            hang_up=lambda: self.cut(node.name),
        )  # fmt: skip

    def _build_risk(self, node: Node) -> Service:
        monitor = RiskMonitor([MaxContracts(self.max_contracts)], self.instruments)
        return RiskService(
            monitor, node.transport, self.clock, node.journal,
            epoch=node.epoch, heartbeat_ms=self._heartbeat_ms,
        )  # fmt: skip

    def _build_executor(self, node: Node) -> Service:
        executor = Executor([MaxContracts(self.max_contracts)], self.instruments)
        return ExecutorService(executor, node.transport, self.clock, node.journal, epoch=node.epoch)

    def _build_strategy(self, node: Node) -> Service:
        config = self.strategies[node.name]
        symbols = config.symbols or tuple(i.symbol for i in self.instruments)
        runner = Runner(config, symbols, node.epoch, lambda _text: None)
        return StrategyService(
            runner, node.transport, self.clock, epoch=node.epoch, symbols=symbols
        )
