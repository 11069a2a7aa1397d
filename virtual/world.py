"""A world: the whole group and a TWS in one process, on a virtual clock.

With `direct` there is no TWS between the gateways and the simulated exchange: all else is the same.

The services are the live ones, put together by the same functions from the same configuration. The
world stands where sockets, journals on disk, supervisord and the broker's machine stand live, so it
can kill a process at any step and start it again.

Everything that happens is scheduled on the monotonic clock. TWS is elsewhere: setting this
machine's wall clock does not move its time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.access import right_of
from tapewire.common.bus.ports import QUERIES, of_login
from tapewire.common.bus.transport import Inbound
from tapewire.common.clock import VirtualClock
from tapewire.common.config.order_types import load_order_types
from tapewire.common.config.settings import Config
from tapewire.common.events import Event
from tapewire.common.instruments import Instrument
from tapewire.common.retention.policy import Policy
from tapewire.common.runtime.background import DONE
from tapewire.common.runtime.host import Host
from tapewire.common.runtime.journal import Head, JournalDamagedError, events_of
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.common.runtime.service import JOURNAL, Service
from tapewire.common.ticks.rows import Row
from tapewire.gateway.broker import Broker
from tapewire.gateway.service import BROKER
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy.log import Said
from tapewire.virtual.broker_side import BrokerSide
from tapewire.virtual.direct.exchange import DirectExchange
from tapewire.virtual.keeper import Keeper
from tapewire.virtual.members import SpentByRole, adapt, builds, settings_at, venue_of
from tapewire.virtual.network import Killed, Link, Links, NetworkFaults, Reliable, Scheduler
from tapewire.virtual.node import Arrival, Build, Node
from tapewire.virtual.observer import Nobody, Observer

SECOND_NS = 1_000_000_000
RESTART_NS = SECOND_NS
LAST = b"last."
COMMIT_NS = 250_000  # about what an fsync takes
FULL_NS = SECOND_NS // 4  # after which one is tried again that found the disk full


class World:
    """The group of `config`, the network and TWS. `replaced` are for tests of tests: processes that
    are built otherwise than they should be.

    Every process has a turn when something reaches it, and each `idle_ns` without. A heartbeat
    is due each `risk.heartbeat_ms`, but sent in a turn, so the lease must outlast both. With
    `step_ns` above 0 TWS's market moves at multiples of it only, with all that was due by then.

    With `checkpoints` the group keeps one, by that policy, made whenever `compact` is called;
    without, each start reads all.

    With `direct` the gateways trade at the exchange itself, through `virtual.direct`.

    The broker knows the configured instruments, and those that are traded `elsewhere`.

    With several logins each has a TWS of its own: `market` is that of the first, `markets` has the
    others', by their names.
    """

    def __init__(
        self,
        config: Config,
        market: Iterator[Row],
        *,
        start_ns: int = 0,
        faults: NetworkFaults | None = None,
        idle_ns: int = 50_000_000,
        step_ns: int = 0,
        settings: SimulatorSettings | None = None,
        direct: bool = False,
        replaced: Mapping[str, Build] | None = None,
        say: Callable[[Said], None] = lambda _said: None,
        observer: Observer | None = None,
        elsewhere: Sequence[Instrument] = (),
        checkpoints: Policy | None = None,
        markets: Mapping[str, Iterator[Row]] | None = None,
    ) -> None:
        self.config = config
        self.clock = VirtualClock(start_ns)
        self.scheduler = Scheduler(self.clock)
        self.instruments = config.all_instruments()
        self.links = Links(self.clock, faults or Reliable())
        self.observer = observer or Nobody()
        self.brokers: dict[str, BrokerSide] = {}  # by the login's name
        given = {**(markets or {}), next(iter(config.logins())).name: market}
        for number, login in enumerate(config.logins()):
            chosen = settings_at(login, number, settings or SimulatorSettings())
            place = chosen, [*self.instruments, *elsewhere], given[login.name]
            server = DirectExchange(*place) if direct else venue_of(config, login, *place, start_ns)
            self.brokers[login.name] = BrokerSide(
                server, self.scheduler, self.links, self._deliver, self.observer, step_ns, number
            )
        self.server = next(iter(self.brokers.values())).server
        load_order_types(config.orders.types)
        self.strategies = [roles.strategy_role(one.name) for one in config.strategies]
        self._start_ns, self.idle_ns = start_ns, idle_ns
        self._readers: dict[tuple[str, str, bytes], list[Link]] = {}
        self.keeper = Keeper(checkpoints, self.instruments, self._records) if checkpoints else None
        spent = {role: SpentByRole() for role in config.logins().gateways}
        adapter = self._attach_directly if direct else partial(adapt, spent=spent)
        self.nodes = {
            role: self._node(role, build)
            for role, build in {**builds(config, adapter, say), **(replaced or {})}.items()
        }
        for role in self.nodes:
            self.start(role)

    def _node(self, role: str, build: Build) -> Node:
        return Node(
            role, self.config, self.clock, build, self._route, self.cut, self._commit_later,
            self.keeper, lambda other: self.nodes[other].ended,
        )  # fmt: skip

    # ---- life and death ------------------------------------------------------------------------

    def run(self, duration_ns: int) -> None:
        """Let `duration_ns` of virtual time pass."""
        self.scheduler.run_until(self.clock.mono_ns() + duration_ns)

    def start(self, name: str) -> None:
        """Start a process that is not running, on the journal it left."""
        node = self.nodes[name]
        if node.service is not None:
            return
        node.start()
        self._readers.clear()
        self.idle(node, node.starts)
        if roles.has_broker(name):
            self._broker(name).connect(node)
        self._subscribe()

    def kill(self, name: str, *, restart_after_ns: int = RESTART_NS) -> None:
        """`kill -9`, and supervisord's restart."""
        node = self.nodes[name]
        if node.service is None:
            return
        node.service, node.stopped = None, False
        node.records.died()
        self._readers.clear()
        if roles.has_broker(name):
            self._broker(name).hang_up(node)
        self.scheduler.at(self.clock.mono_ns() + restart_after_ns, self.start, name)

    def cut_power(self, restarts_after_ns: Callable[[], int]) -> None:
        """Of the machine: every process dies, what was not fsynced is gone. TWS is elsewhere."""
        for name, node in self.nodes.items():
            self.kill(name, restart_after_ns=restarts_after_ns())
            node.records.crash()
            node.remembered.boots += 1

    def fill_disk(self, free_bytes: int | None, *names: str) -> None:
        """Of the processes `names`, or of all: this much is free from now on (None: no bound).
        With 0 nothing can be written."""
        for name in names or self.nodes:
            node = self.nodes[name]
            node.disk_free_bytes, node.records.is_full = free_bytes, free_bytes == 0

    def compact(self, takes_ns: int | None = 0) -> None:
        """Make a checkpoint of the journals as they are, which takes so long. None: whoever makes
        it dies before it is done."""
        if self.keeper is not None:
            due_ns = self.clock.mono_ns() + (takes_ns or 0)

            def later(put: Callable[[], None]) -> None:
                if takes_ns is not None:
                    self.scheduler.at(due_ns, put)

            self.keeper.work(self.clock.now_ns(), later)

    def _records(self) -> Mapping[str, MemoryJournal]:
        return {name: node.records for name, node in self.nodes.items()}

    def cut(self, name: str) -> None:
        """Reset a gateway's connection to TWS."""
        self._broker(name).cut(self.nodes[name])

    def _broker(self, role: str) -> BrokerSide:
        """The broker that a gateway is connected to."""
        return self.brokers[roles.login_name(role)]

    def inject(self, name: str, channel: str, frames: list[bytes]) -> None:
        """Hand a process a message that none of the group has sent."""
        self._deliver(self.nodes[name], (channel, frames))

    def stop(self, name: str, *, continue_after_ns: int) -> None:
        """`kill -STOP`, and `kill -CONT` later: what arrives meanwhile waits for it."""
        node = self.nodes[name]
        if node.service is None or node.stopped:
            return
        node.stopped = True
        due_ns = self.clock.mono_ns() + continue_after_ns
        self.scheduler.at(due_ns, self._continue, node, node.starts)

    def _continue(self, node: Node, start: int) -> None:
        if node.starts == start and node.stopped:
            node.stopped = False
            self.turn(node)

    # ---- what came of it -------------------------------------------------------------------------

    @property
    def gateways(self) -> tuple[str, ...]:
        """The roles with a connection to a broker."""
        return self.config.logins().gateways

    def service(self, name: str) -> Service | None:
        """The running service of a process; None while it is dead."""
        return self.nodes[name].service

    def events(self, name: str) -> list[Event]:
        """All that a process has journaled."""
        return list(events_of(self.nodes[name].records))

    def heads(self) -> dict[str, Head]:
        """How far every journal goes, and its chain."""
        return {n: node.records.head for n, node in self.nodes.items() if node.records.head.seq}

    # ---- turns ---------------------------------------------------------------------------------

    def idle(self, node: Node, start: int) -> None:
        """A turn now and then without input, for as long as this start of the process lives."""
        if node.service is None or node.starts != start:
            return
        self.turn(node)
        self.scheduler.at(self.clock.mono_ns() + self.idle_ns, self.idle, node, start)

    def last_idle_ns(self, at_ns: int) -> int:
        """The last time before `at_ns`, or then, of the idle turns of processes that were never
        started again."""
        return at_ns - (at_ns - self._start_ns) % self.idle_ns

    def resume(self) -> None:
        """Go on after a stretch in which nothing was on its way, with what is due from now on."""
        self.scheduler.clear()
        next_ns = self.last_idle_ns(self.clock.mono_ns()) + self.idle_ns
        for node in self.nodes.values():
            self.scheduler.at(next_ns, self.idle, node, node.starts)
            if node.service is not None:
                node.wakes_ns = None
                self._wake(node, node.service.due_ns)
        for broker in self.brokers.values():
            broker.resume()

    def turn(self, node: Node) -> None:
        """Let a process have its turn, with what has reached it."""
        node.turn_due = False
        service = node.service
        if service is None or node.stopped:
            return
        try:
            service.turn(0)
        except Killed:
            self.kill(node.role)
        except JournalDamagedError as error:  # the process ends, and the next start looks at it
            node.heads.suspect(str(error))
            self.kill(node.role)
        else:
            self._wake(node, service.due_ns)
        while service.dead_letters:
            self.observer.died(node.role, service.dead_letters.popleft())

    def _wake(self, node: Node, due_ns: int | None) -> None:
        """A turn when what the service holds is due, though nothing may arrive by then."""
        if due_ns is not None and node.wakes_ns != due_ns:
            node.wakes_ns = due_ns
            self.scheduler.at(due_ns, self.turn, node)

    def _commit_later(self, node: Node, complete: Callable[[], None]) -> None:
        """A commit in the background: durable after a while, and then the service has a turn."""
        self.scheduler.at(
            self.clock.mono_ns() + COMMIT_NS, self._committed, node, node.starts, complete
        )

    def _committed(self, node: Node, start: int, complete: Callable[[], None]) -> None:
        if node.service is None or node.starts != start:
            return
        if node.records.full:
            later_ns = self.clock.mono_ns() + FULL_NS
            self.scheduler.at(later_ns, self._committed, node, start, complete)
            return
        complete()
        self._deliver(node, (JOURNAL, [DONE]))

    def _deliver(self, node: Node, *messages: Inbound) -> None:
        if node.service is None:
            return
        node.transport.inbox += messages
        if not node.turn_due:
            node.turn_due = True
            self.scheduler.at(self.clock.mono_ns(), self.turn, node)

    # ---- the network -----------------------------------------------------------------------------

    def _route(self, sender: str, channel: str, frames: Sequence[bytes]) -> bool:
        self.observer.sent(sender, channel, frames)
        if channel in ("market", "events"):
            key = (sender, channel, frames[0])
            links = self._readers.get(key)
            if links is None:
                links = self._readers[key] = list(self._find_readers(*key))
            for link in links:
                self._post(link, [*frames])
            return True
        if channel == BROKER:
            return self._broker(sender).send(self.nodes[sender], frames[0])
        if channel in ("requests", QUERIES):
            receiver, channel, frames = frames[0].decode(), f"{sender}.{channel}", frames[1:]
        elif channel == "signals":
            receiver = roles.EXECUTOR
            frames = [*self._token(sender, receiver), *frames]
        else:
            receiver, _, channel = channel.rpartition(".")
            frames = [sender.encode(), *self._token(sender, receiver), *frames]
        return self._post(self._link(sender, receiver, channel), [*frames])

    def _link(self, sender: str, receiver: str, channel: str) -> Link:
        return self.links.between(sender, receiver, channel, self.nodes[sender].starts)

    def _token(self, sender: str, receiver: str) -> list[bytes]:
        """What a process sends along, if it may ask anything of the receiver."""
        if right_of(sender, receiver) is None:
            return []
        return [self.nodes[receiver].token_for(roles.kind_of(sender))]

    def _find_readers(self, sender: str, channel: str, topic: bytes) -> Iterator[Link]:
        """Who receives what `sender` publishes under `topic`, and as which channel."""
        market = of_login("market", roles.login_name(sender))
        for name, node in self.nodes.items():
            if node.service is None:
                continue
            if channel == "events" and sender in node.service.followers:
                if topic not in (wire.topic(sender), wire.topic(f"heartbeat.{sender}")):
                    continue  # nobody here has subscribed to it
                yield self._link(sender, name, f"{sender}.events")
            elif channel == "market":
                reads = self._reads(node, market, topic)
                if reads:
                    yield self._link(sender, name, reads)

    @staticmethod
    def _reads(node: Node, market: str, topic: bytes) -> str:
        """The channel on which a process reads a topic of a market; "" if it does not."""
        if node.role != roles.RISK:
            return node.subscribed.get((market, topic), "")
        return next(
            (
                channel
                for (socket, prefix), channel in node.subscribed.items()
                if socket == market and topic.startswith(prefix)
            ),
            "",
        )

    def _post(self, link: Link, frames: list[bytes]) -> bool:
        """Send on `link`; what arrives at the same time as what was sent before joins it."""
        node = self.nodes[link.receiver]
        if node.service is None:
            return False
        for _ in range(self.links.faults.copies(link.name)):
            time_ns, arrival = self.links.arrival_ns(link), node.arriving
            if arrival is None or arrival.time_ns != time_ns or arrival.start != node.starts:
                arrival = node.arriving = Arrival(time_ns, node.starts)
                self.scheduler.at(time_ns, self._arrive, node, arrival)
            arrival.messages.append((link.channel, frames))
        return True

    def _arrive(self, node: Node, arrival: Arrival) -> None:
        if node.arriving is arrival:
            node.arriving = None
        if node.starts == arrival.start:  # what was on its way to a dead process dies with it
            self._deliver(node, *arrival.messages)

    def _subscribe(self) -> None:
        """Tell each gateway who reads its market data, as XPUB does when either side connects."""
        for login in self.config.logins():
            market = of_login("market", login.name)
            for node in self.nodes.values():
                for socket, topic in node.subscribed if node.service is not None else ():
                    if socket == market and not topic.startswith(b"tick.") and topic != LAST:
                        self._deliver(self.nodes[login.gateway], ("market", [b"\x01" + topic]))

    def _attach_directly(self, host: Host) -> tuple[Broker, Callable[[], None]]:
        return self._broker(host.role).attach_directly(host, self.nodes[host.role])
