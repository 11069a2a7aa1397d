"""The group at the moment at which the search begins, and the way of messages in it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import pydantic

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.events import Event
from tapewire.common.runtime.journal import events_of
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.network import Link, Links, Reliable
from tapewire.virtual.node import Build, Node
from tapewire.virtual.world import LAST, SECOND_NS, World
from tests.exhaustive.processes import Machine, Process, Recorder, TwsMachine
from tests.exhaustive.scenario import ACCOUNT, BEGINS_S, STARTS_NS, Market, Scenario
from tests.simulation.watch import Watch

TWS: Final = "tws"
BEATS: Final = b"heartbeat."


class Post(NamedTuple):
    """A message on its way: to whom, over which link, and as what."""

    receiver: str
    link: str
    given: tuple[str, tuple[bytes, ...]]


class Shell(World):
    """A world that begins the search, routes for it, and in the end takes its processes back."""

    def __init__(
        self, scenario: Scenario, watch: Watch, replaced: Mapping[str, Build] | None
    ) -> None:
        self.posts: list[Post] | None = None
        super().__init__(
            scenario.config, Market(scenario.rows), start_ns=STARTS_NS, idle_ns=SECOND_NS,
            settings=SimulatorSettings(accounts=(ACCOUNT,), rows_max_per_tick=1),
            observer=watch, replaced=replaced,
        )  # fmt: skip
        self._routes: dict[tuple[Any, ...], tuple[Post, ...]] = {}

    def route(
        self, sender: str, channel: str, frames: Sequence[bytes], starts: tuple[int, ...]
    ) -> tuple[Post, ...]:
        """To whom a message goes, of the processes whose newest starts these are."""
        key = sender, channel, frames, starts
        posts = self._routes.get(key)
        if posts is None:
            for node, start in zip(self.nodes.values(), starts, strict=True):
                node.starts = start
            self._readers.clear()
            self.posts = found = []
            self._route(sender, channel, frames)
            self.posts = None
            posts = self._routes[key] = tuple(found)
        return posts

    @staticmethod
    def events_of(node: Node) -> list[Event]:
        """All that a process of any branch has journaled."""
        return list(events_of(node.records))

    def take_over(self, nodes: Mapping[str, Node], server: TwsServer, watch: Watch) -> None:
        """Go on with these, in a calm world: nothing is on its way."""
        self.nodes = dict(nodes)
        self.links = Links(self.clock, Reliable())
        self.observer = watch
        self._readers.clear()
        (broker,) = self.brokers.values()
        broker.server = self.server = server
        broker._links, broker._observer = self.links, watch
        broker._connected = {
            node.connection: node for node in nodes.values() if node.connection is not None
        }
        broker._next_connection = server.counters["connections"] + 1
        broker._ended.clear()
        self.resume()
        for role, node in nodes.items():
            if roles.has_broker(role) and node.connection is None:
                broker.connect(node)

    def joined(self, role: str) -> Iterator[tuple[str, tuple[bytes, ...]]]:
        """What the gateway receives once a process has started: who reads its market data."""
        for name, node in self.nodes.items():
            for socket, topic in node.subscribed if role in (name, roles.GATEWAY) else ():
                if socket == "market" and not topic.startswith(b"tick.") and topic != LAST:
                    yield "market", (b"\x01" + topic,)

    def _link(self, sender: str, receiver: str, channel: str) -> Link:
        if self.posts is None:
            return super()._link(sender, receiver, channel)
        start = self.nodes[sender].starts
        return Link(f"{sender}.{start}>{receiver}:{channel}", receiver, channel)

    def _post(self, link: Link, frames: list[bytes]) -> bool:
        if self.posts is None:
            return super()._post(link, frames)
        self.posts.append(Post(link.receiver, link.name, (link.channel, tuple(frames))))
        return True


class Group:
    """The machines, in the order of the roles; the last one is TWS's."""

    def __init__(self, scenario: Scenario, replaced: Mapping[str, Build] | None = None) -> None:
        self.watch = Watch(scenario.config)
        self.shell = Shell(scenario, self.watch, replaced)
        self.watch.attach(self.shell)
        self.clock = self.shell.clock
        self.roles = (*self.shell.nodes, TWS)
        self._begin()
        recorder = Recorder()
        self.names, self.named = names_of(scenario.config, self.shell)
        self.names[id(recorder)], self.named["world"] = "world", recorder
        self.machines: tuple[Machine, ...] = tuple(
            Process(role, recorder, self.names, self.named) for role in self.shell.nodes
        )
        self.tws = TwsMachine(TWS, recorder, self.names, self.named)
        self.machines += (self.tws,)
        processes = (*self.shell.nodes.values(), self.shell.server)
        self.first = tuple(
            machine.number(one) for machine, one in zip(self.machines, processes, strict=True)
        )
        for machine in self.machines:
            machine.thawed(0)  # what lives belongs to the shell

    def _begin(self) -> None:
        """Until the last moment before the market has its news: all is READY, nothing is on its
        way."""
        shell = self.shell
        shell.run(BEGINS_S // 2 * SECOND_NS)
        began_ns = shell.server.market_began_ns
        assert began_ns is not None
        news_ns = began_ns + BEGINS_S * SECOND_NS
        shell.run(news_ns - shell.clock.mono_ns() - 1)
        for role, node in shell.nodes.items():
            assert node.service is not None
            state, reason = node.service.readiness(shell.clock.now())
            if state != "READY":
                raise RuntimeError(f"{role} is {state} {reason}, and cannot be searched")

    def set_clock(self, now_ns: int) -> None:
        """To another branch's time, which may be an earlier one."""
        self.clock._mono_ns = now_ns


def names_of(config: Config, world: World) -> tuple[dict[int, str], dict[str, Any]]:
    """What is not frozen, by `id` and by name: the configuration and all parts of it, the world."""
    names = {id(world): "world", id(world.clock): "clock"}
    named: dict[str, Any] = {"clock": world.clock}

    def name(one: Any, called: str) -> None:
        if id(one) not in names:
            names[id(one)], named[called] = called, one

    def enter(one: Any, called: str) -> None:
        if isinstance(one, pydantic.BaseModel):
            name(one, called)
            for field in type(one).model_fields:
                enter(getattr(one, field), f"{called}.{field}")
        elif isinstance(one, tuple) and one:
            name(one, called)
            for number, part in enumerate(one):
                enter(part, f"{called}.{number}")
        elif isinstance(one, msgspec.Struct):
            name(one, called)

    enter(config, "config")
    for one in world.instruments:
        name(one, f"instrument.{one.symbol}")
    return names, named
