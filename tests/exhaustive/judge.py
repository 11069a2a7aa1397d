"""Judges what the search comes to, by the invariants of the simulation.

Three looks, each as often as something new can be seen:

*   At every step, what is seen of the group from outside: `tests.simulation.watch`, which knows G1,
    G4, G5 and the fence, and the limit of G7 at the broker. What it has noted is a part of the
    state, since its verdict on a later step can depend on it.
*   At every new state of a gateway: its journal's chain, ids that are there once (G1, G2), and that
    a replay of the journal gives the state that lives (G6).
*   Where all is quiet, in the end: the group goes on in a calm world, everything is flattened, and
    all of `tests.simulation.invariants` must hold, as after a storm (G1-G8).
"""

from collections.abc import Iterator
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.lifecycle import INITIAL, TRANSITIONS
from tapewire.common.bus import wire
from tapewire.common.events import (
    EVERYTHING,
    Event,
    OrderDenied,
    OrderIntended,
    OrderState,
)
from tapewire.common.runtime.journal import JournalError, verify
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.executor.service import ExecutorService
from tapewire.gateway.service import BROKER, GatewayService
from tapewire.risk.service import RiskService
from tapewire.virtual.node import Node
from tapewire.virtual.world import SECOND_NS, World
from tests import forgotten, replay
from tests.exhaustive.canonical import Walk
from tests.exhaustive.freezing import freeze, thaw
from tests.exhaustive.group import Group
from tests.exhaustive.processes import Effect
from tests.exhaustive.scenario import LIMIT
from tests.simulation import group_rules, invariants, modifies
from tests.simulation.storm import order
from tests.simulation.watch import Watch

CALM_NS: Final = 4 * SECOND_NS
UNKNOWN_NS: Final = 80 * SECOND_NS  # in which an order of which nobody speaks is called lost
FLAT_MAX_S: Final = 30
Coverage = set[tuple[OrderState, str]]


class Broken(Exception):
    """An invariant does not hold."""


class Judge:
    """Remembers what the watch makes of everything that it can come to see."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.covered: Coverage = set()
        self.judged = 0
        self._names = {**group.names, id(group.watch._risk): "risk", id(group.watch._gateway): "gw"}
        self._seen: list[bytes] = []
        self._known: dict[bytes, int] = {}
        self._after: dict[tuple[Any, ...], tuple[int, str]] = {}
        self.first = self._number(group.watch)
        for machine in group.machines:
            machine.found = self.at_process

    # ---- at every step ---------------------------------------------------------------------------

    def look(self, state: Any, role: str, effects: tuple[Effect, ...]) -> int:
        """The number of what has been seen after these effects. Raises `Broken`."""
        news = tuple(one for one in effects if _is_seen(one))
        if not news:
            return int(state.seen)
        risk, gateway = self._known_of(state, roles.RISK), self._known_of(state, roles.GATEWAY)
        key = state.seen, role, _key(news), state.now_ns, risk.kept, gateway.start
        found = self._after.get(key)
        if found is None:
            found = self._after[key] = self._look(state.seen, role, news, risk.kept, gateway.start)
        if found[1]:
            raise Broken(found[1])
        return found[0]

    def _known_of(self, state: Any, role: str) -> Any:
        number = self.group.roles.index(role)
        return self.group.machines[number].states[state.locals[number]]

    def _look(
        self, seen: int, role: str, news: tuple[Effect, ...], risk: tuple[bytes, ...], start: int
    ) -> tuple[int, str]:
        watch = self._watch(seen, risk, start)
        for kind, *what in news:
            if kind == "audit":
                watch.audited(what[0])
            elif kind == "letter":
                watch.died(role, what[0])
            elif kind == "tcp":
                watch.sent(role, BROKER, (what[1],))
            else:
                watch.sent(role, what[1], what[2])
        faults = [*watch.faults, *invariants.beyond_limit(watch, LIMIT)]
        return self._number(watch), "; ".join(faults)

    def _watch(self, seen: int, risk: tuple[bytes, ...], start: int) -> Watch:
        journal = MemoryJournal()
        journal.append([wire.decode_event(record) for record in risk])
        gateway = _Started(start)
        watch: Watch = thaw(self._seen[seen], {**self.group.named, "risk": journal, "gw": gateway})
        return watch

    def _number(self, watch: Watch) -> int:
        names = {**self._names, id(watch._risk): "risk", id(watch._gateway): "gw"}
        digest = Walk(names, frozenset({"letters"})).digest(watch)
        number = self._known.get(digest)
        if number is None:
            number = self._known[digest] = len(self._seen)
            self._seen.append(freeze(watch, names))
        return number

    # ---- at every new state of a process ---------------------------------------------------------

    def at_process(self, role: str, process: Any) -> None:
        """A state that a process was never in. Raises `Broken`."""
        if role not in roles.GATEWAYS:
            return
        assert isinstance(process, Node)
        events = self.group.shell.events_of(process)
        self.covered |= set(_transitions(events))
        faults = [*_chain(role, process), *self._replayed(role, process, events)]
        if faults:
            raise Broken("; ".join(faults))

    def _replayed(self, role: str, node: Node, events: list[Event]) -> Iterator[str]:
        service = node.service
        assert isinstance(service, GatewayService)
        again = replay.gateway(self.group.shell.config, {role: events}, role)
        for fault in forgotten.gateway(service.gateway, again):
            yield f"G6: {role}'s state and its replay differ: {fault}"

    # ---- at the end ------------------------------------------------------------------------------

    def at_rest(self, state: Any) -> None:
        """All is quiet. Raises `Broken`."""
        self.judged += 1
        found = [*self._end(state)]
        if found:
            raise Broken("; ".join(found))

    def _end(self, state: Any) -> Iterator[str]:
        group, world = self.group, self.group.shell
        risk, gateway = self._known_of(state, roles.RISK), self._known_of(state, roles.GATEWAY)
        watch = self._watch(state.seen, risk.kept, gateway.start)
        group.set_clock(state.now_ns)
        named = {**group.named, "world": world}
        *nodes, server = (
            thaw(machine.states[one].frozen, named)
            for machine, one in zip(group.machines, state.locals, strict=True)
        )
        world.take_over(dict(zip(group.roles, nodes, strict=False)), server, watch)
        watch.attach(world)
        world.run(CALM_NS)
        if self._is_unknown():
            world.run(UNKNOWN_NS)
        yield from (f"in the calm, {fault}" for fault in invariants.readiness(world))
        yield from group_rules.at_rest(world, watch)
        yield from modifies.at_rest(world)
        service = world.service(roles.RISK)
        assert isinstance(service, RiskService)
        order(service, "flatten", EVERYTHING, "the end")
        for _ in range(FLAT_MAX_S):
            world.run(SECOND_NS)
            if _is_over(world):
                break
        yield from modifies.flat(world)
        yield from group_rules.at_end(world)
        yield from modifies.once(world, watch)
        yield from watch.faults
        yield from invariants.broken(world, watch, LIMIT)

    def _is_unknown(self) -> bool:
        service = self.group.shell.service(roles.GATEWAY)
        assert isinstance(service, GatewayService)
        return any(one.state in ("UNKNOWN", "INTENDED") for one in service.gateway.orders.live())


def _is_over(world: World) -> bool:
    """Whether the flatten has ended, and everybody knows it."""
    risk, executor = world.service(roles.RISK), world.service(roles.EXECUTOR)
    assert isinstance(risk, RiskService)
    assert isinstance(executor, ExecutorService)
    return risk.monitor.flatten is None and not executor.executor.ledger.orders.live()


class _Started:
    """What the watch asks of a gateway's node."""

    def __init__(self, starts: int) -> None:
        self.starts = starts


def _is_seen(effect: Effect) -> bool:
    kind = effect[0]
    if kind == "audit":
        return bool(effect[1])
    if kind == "send":
        return effect[2] != "market" and not effect[3][0].startswith(b"heartbeat.")
    return kind == "letter" or (kind == "tcp" and len(effect) == 3)


def _key(news: tuple[Effect, ...]) -> str:
    return repr(news)


def _chain(role: str, node: Node) -> Iterator[str]:
    try:
        verify(node.records)
    except JournalError as error:
        yield f"G6: {role}: {error}"


def _transitions(events: list[Event]) -> Iterator[tuple[OrderState, str]]:
    """The steps of the life cycle that a gateway's journal has taken."""
    states: dict[str, OrderState] = {}
    for event in events:
        if isinstance(event, OrderIntended):
            intent_id = event.order.intent_id
        else:
            intent_id = getattr(event, "intent_id", None) or ""
        before = states.get(intent_id, INITIAL)
        if before == INITIAL and not isinstance(event, OrderIntended | OrderDenied):
            continue
        after = TRANSITIONS[before].get(type(event))
        if after is not None:
            states[intent_id] = after
            yield before, type(event).__name__


def uncovered(covered: Coverage) -> Iterator[tuple[OrderState, str]]:
    """The steps of the table that were never taken."""
    for state, steps in TRANSITIONS.items():
        for kind in steps:
            if (state, kind.__name__) not in covered:
                yield state, kind.__name__
