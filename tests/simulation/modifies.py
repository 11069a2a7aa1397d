"""What must hold of modified orders: once at the broker each, and the same terms everywhere."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.events import FlattenDelayed, OrderModifyIntended
from tapewire.executor.service import ExecutorService
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.strategy.service import StrategyService
from tapewire.virtual.world import World
from tests.simulation.watch import Watch


def once(world: World, watch: Watch) -> Iterator[str]:
    """No modify was put into effect more often than it was taken."""
    gateway = world.events(roles.GATEWAY)
    intended = [e.modify for e in gateway if isinstance(e, OrderModifyIntended)]
    taken = Counter(modify.intent_id for modify in {m.id: m for m in intended}.values())
    for ref, count in watch.broker.modified.items():
        if count > taken[ref]:
            yield f"G1: {ref} was modified {count} times, {taken[ref]} modifies were taken"


def at_rest(world: World) -> Iterator[str]:
    """Once all is calm no modify is under way, and the terms are the broker's."""
    gateway, executor = world.service(roles.GATEWAY), world.service(roles.EXECUTOR)
    assert isinstance(gateway, GatewayService)
    assert isinstance(executor, ExecutorService)
    intents, orders = gateway.gateway.orders, executor.executor.ledger.orders
    for intent in intents.by_intent.values():
        if intent.modify and not intent.live:
            yield f"G4: {intent} is over, and has a modify under way: {intent.modify}"
    for ours in orders.by_intent.values():
        if not ours.live and (ours.modify_request or ours.cancel_request):
            yield f"G4: {ours} is over, and has a cancel or a modify under way"
    for order in world.server._exchange.open_orders():
        if order.order_ref not in intents or order.client_id != 1 or not order.is_sent:
            continue
        intent, ours = intents[order.order_ref], orders[order.order_ref]
        if not (intent.live and ours.live):
            yield f"G7: {intent} works at the broker, and {ours} is not counted"
        if intent.modify or ours.modify or ours.modify_request:
            yield f"G4: {intent} still has a modify under way: {intent.modify}"
        theirs = (order.quantity, order.limit, order.stop)
        for one in (intent, ours):
            mine = (one.terms.quantity, one.terms.limit, one.terms.stop)
            if mine != theirs:
                yield f"G3: {one} has {mine}, the broker {theirs}"


def is_flattening(world: World) -> bool:
    """Whether a flatten is under way."""
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    return risk.monitor.flatten is not None


def endless(world: World) -> list[str]:
    """The closing orders of a flatten that is under way which are UNKNOWN."""
    gateway = world.service(roles.LIQUIDATION)
    assert isinstance(gateway, GatewayService)
    live = gateway.gateway.orders.live() if is_flattening(world) else ()
    return [one.intent_id for one in live if one.state == "UNKNOWN"]


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
    for (_, symbol), quantity in broker_of(world.server.books()).positions.items():
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
