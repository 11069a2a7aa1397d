"""What must hold of modified orders: once at the broker each, and the same terms everywhere."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.events import FlattenDelayed, OrderModifyIntended
from tapewire.executor.orders import ExecutorOrder
from tapewire.executor.service import ExecutorService
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.orders import Order as Working
from tapewire.simulator.projectx.trading import CLIENT
from tapewire.strategy.service import StrategyService
from tapewire.virtual.linked import LinkedGateway
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.watch import Watch

LOOKS_EVERY_NS = SECOND_NS // 2
UNCOUNTED_MAX_NS = 5 * SECOND_NS


def once(world: World, watch: Watch) -> Iterator[str]:
    """No modify was put into effect more often than it was taken."""
    events = [event for role in of_kind(world, roles.GATEWAY) for event in world.events(role)]
    intended = [e.modify for e in events if isinstance(e, OrderModifyIntended)]
    taken = Counter(modify.intent_id for modify in {m.id: m for m in intended}.values())
    for ref, count in watch.broker.modified.items():
        if count > taken[ref]:
            yield f"G1: {ref} was modified {count} times, {taken[ref]} modifies were taken"


def of_kind(world: World, kind: str) -> list[str]:
    """The roles of a kind of gateway, of every login."""
    return [role for role in world.gateways if roles.kind_of(role) == kind]


def at_rest(world: World) -> Iterator[str]:
    """Once all is calm no modify is under way, and the terms are the broker's."""
    for role in of_kind(world, roles.GATEWAY):
        yield from _at_rest(world, role)


def _at_rest(world: World, role: str) -> Iterator[str]:
    gateway, executor = world.service(role), world.service(roles.EXECUTOR)
    assert isinstance(gateway, GatewayService)
    assert isinstance(executor, ExecutorService)
    intents, orders = gateway.gateway.orders, executor.executor.ledger.orders
    for intent in intents.by_intent.values():
        if intent.modify and not intent.live:
            yield f"G4: {intent} is over, and has a modify under way: {intent.modify}"
    for ours in orders.by_intent.values():
        if not ours.live and (ours.modify_request or ours.cancel_request):
            yield f"G4: {ours} is over, and has a cancel or a modify under way"
    for order, intent, ours in _working(world, role):
        if not (intent.live and ours.live):
            yield f"G7: {intent} works at the broker, and {ours} is not counted"
        if intent.modify or ours.modify or ours.modify_request:
            yield f"G4: {intent} still has a modify under way: {intent.modify}"
        theirs = (order.quantity, order.limit, order.stop)
        for one in (intent, ours):
            mine = (one.terms.quantity, one.terms.limit, one.terms.stop)
            if mine != theirs:
                yield f"G3: {one} has {mine}, the broker {theirs}"


def _working(world: World, role: str) -> Iterator[tuple[Working, Intent, ExecutorOrder]]:
    """What works at the broker of a gateway's orders, as the gateway and the executor know it."""
    gateway, executor = world.service(role), world.service(roles.EXECUTOR)
    assert isinstance(gateway, GatewayService)
    assert isinstance(executor, ExecutorService)
    intents, orders = gateway.gateway.orders, executor.executor.ledger.orders
    exchange, client_id = exchange_of(world, role)
    for order in exchange.open_orders():
        if order.order_ref in intents and order.client_id == client_id and order.is_sent:
            yield order, intents[order.order_ref], orders[order.order_ref]


class Uncounted:
    """Watches that what works at the broker counts, as soon as all could have heard of it. One that
    fills later is an order of the group's again, and shows nothing of the time before."""

    def __init__(self) -> None:
        self._since_ns: dict[str, int] = {}
        self._said: set[str] = set()

    def run(
        self, world: World, for_ns: int, *others: Callable[[World], Iterator[str]]
    ) -> Iterator[str]:
        """Let a calm world go on for so long; `others` look as often."""
        until_ns = world.clock.mono_ns() + for_ns
        while (left_ns := until_ns - world.clock.mono_ns()) > 0:
            world.run(min(left_ns, LOOKS_EVERY_NS))
            for look in (self._look, *others):
                yield from look(world)

    def _look(self, world: World) -> Iterator[str]:
        now_ns = world.clock.mono_ns()
        found = {
            intent.intent_id: f"{intent} has worked at the broker for seconds; executor: {ours}"
            for role in of_kind(world, roles.GATEWAY)
            if _are_there(world, role)
            for _, intent, ours in _working(world, role)
            if not (intent.live and ours.live)
        }
        self._since_ns = {name: self._since_ns.get(name, now_ns) for name in found}
        for name, since_ns in self._since_ns.items():
            if now_ns - since_ns > UNCOUNTED_MAX_NS and name not in self._said:
                self._said.add(name)
                yield f"G7: uncounted: {found[name]}"


def _are_there(world: World, role: str) -> bool:
    """Whether a gateway and the executor know all that they can."""
    services = world.service(role), world.service(roles.EXECUTOR)
    now = world.clock.now()
    return all(one is not None and one.readiness(now)[0] == "READY" for one in services)


def exchange_of(world: World, role: str) -> tuple[Exchange, int]:
    """The exchange behind a gateway's broker, and the client that its orders are placed under."""
    server = world.brokers[roles.login_name(role)].server
    if isinstance(server, LinkedGateway):
        return server.gateway._venue._exchange, CLIENT
    return server._exchange, 1


def is_flattening(world: World) -> bool:
    """Whether a flatten is under way."""
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    return risk.monitor.flatten is not None


def endless(world: World) -> list[str]:
    """The closing orders of a flatten that is under way which are UNKNOWN."""
    found: list[str] = []
    for role in of_kind(world, roles.LIQUIDATION) if is_flattening(world) else ():
        gateway = world.service(role)
        assert isinstance(gateway, GatewayService)
        live = gateway.gateway.orders.live()
        found += [one.intent_id for one in live if one.state == "UNKNOWN"]
    return found


def flat(world: World) -> Iterator[str]:
    """After a flatten every strategy holds nothing. One that waits for a closing order which is
    UNKNOWN is not over before a person decides, and has said so."""
    if waits := endless(world):
        said = [e.reason for e in world.events(roles.RISK) if isinstance(e, FlattenDelayed)]
        silent = [name for name in waits if not any(name in reason for reason in said)]
        yield from (f"flatten waits for {name} and nobody was told" for name in silent)
        return
    for name, service in strategies(world).items():
        for instrument in world.instruments:
            held = service.runner.context.position(instrument.symbol)
            if held:
                yield f"G3: after the flatten {name} has {held} {instrument.symbol}"


def shared(world: World) -> Iterator[str]:
    """Before it, the strategies hold together what the broker does, in all accounts."""
    theirs = Counter[str]()
    for broker in world.brokers.values():
        for (_, symbol), quantity in broker_of(broker.server.books()).positions.items():
            theirs[symbol] += quantity
    for symbol, quantity in theirs.items():
        held = sum(
            (s.runner.context.position(symbol) for s in strategies(world).values()), Decimal(0)
        )
        if held != quantity:
            yield f"G3: the strategies have {held} {symbol}, the broker {quantity}"


def strategies(world: World) -> dict[str, StrategyService]:
    """The strategies' services by role."""
    found = {role: world.service(role) for role in world.strategies}
    return {role: one for role, one in found.items() if isinstance(one, StrategyService)}
