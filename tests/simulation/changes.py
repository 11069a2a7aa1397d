"""What must hold of changed orders: once at the broker each, and the same terms everywhere."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from tapewire.common.events import ModifyOrder, OrderModifyIntended
from tapewire.executor.service import ExecutorService
from tapewire.gateway.service import GatewayService
from tapewire.strategy.service import StrategyService
from tapewire.virtual.world import World


class Audit:
    """How often the broker changed each order, by its reference."""

    def __init__(self, world: World) -> None:
        self.changed: Counter[str] = Counter()
        self._take = world.server.take_audit
        world.server.take_audit = self._note  # type: ignore[method-assign]

    def _note(self) -> list[dict[str, object]]:
        lines = self._take()
        for line in lines:
            if line["kind"] == "order" and line["event"] == "modified":
                self.changed[str(line["order_ref"])] += 1
        return lines


def once(world: World, audit: Audit) -> Iterator[str]:
    """No change was put into effect more often than it was taken."""
    world.server.take_audit()
    intended = [e.change for e in world.events("gateway") if isinstance(e, OrderModifyIntended)]
    taken = Counter(change.intent_id for change in {c.id: c for c in intended}.values())
    for ref, count in audit.changed.items():
        if count > taken[ref]:
            yield f"G1: {ref} was changed {count} times, {taken[ref]} changes were taken"


def at_rest(world: World) -> Iterator[str]:
    """Once all is calm no change is under way, and the terms are the broker's."""
    gateway, executor = world.service("gateway"), world.service("executor")
    assert isinstance(gateway, GatewayService)
    assert isinstance(executor, ExecutorService)
    intents, entries = gateway.gateway.orders.intents, executor.executor.ledger.orders
    for order in world.server._exchange.open_orders():
        if order.order_ref not in intents or order.client_id != 1:
            continue
        intent, entry = intents[order.order_ref], entries[order.order_ref]
        if intent.change or entry.modify:
            yield f"G4: {intent} still has a change under way: {_changes(intent.change)}"
        theirs = (order.quantity, order.limit)
        if not intent.terms == entry.terms == theirs:
            yield f"G3: {intent} has {intent.terms} and {entry.terms}, the broker {theirs}"


def flat(world: World) -> Iterator[str]:
    """After a flatten every strategy holds nothing."""
    for name in world.strategies:
        service = world.service(name)
        assert isinstance(service, StrategyService)
        for instrument in world.instruments:
            held = service.runner.position(instrument.symbol)
            if held:
                yield f"G3: after the flatten {name} has {held} {instrument.symbol}"


def shared(world: World) -> Iterator[str]:
    """Before it, the strategies hold together what the broker does."""
    services = [world.service(name) for name in world.strategies]
    for symbol, text in world.server.books()["positions"].items():
        held = sum(s.runner.position(symbol) for s in services if isinstance(s, StrategyService))
        if held != Decimal(text):
            yield f"G3: the strategies have {held} {symbol}, the broker {text}"


def _changes(change: ModifyOrder | None) -> str:
    return change.id if change else "not at the gateway"
