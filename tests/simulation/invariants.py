"""The invariants G1-G7 of a world that has come to rest, checked at the broker's side."""

from collections.abc import Iterator
from decimal import Decimal

from tapewire.common.accounting.book import Book
from tapewire.common.events import (
    Fill,
    OrderChanged,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderModifyIntended,
    OrderPendingCancel,
    OrderPendingUpdate,
)
from tapewire.common.runtime.journal import JournalError, verify
from tapewire.executor.order_state import FINAL
from tapewire.executor.service import ExecutorService
from tapewire.risk.rules import MaxContracts
from tapewire.risk.service import RiskService
from tapewire.risk.state import RiskState
from tapewire.strategy.service import StrategyService
from tapewire.virtual.world import World

CENT = Decimal("0.01")


def broken(world: World) -> list[str]:
    """Every invariant that does not hold, in a sentence."""
    checks = (
        one_order_an_intent,
        same_executions,
        same_books,
        signals_end,
        chains,
        exposure_within_limit,
        readiness,
    )
    return [fault for check in checks for fault in check(world)]


def one_order_an_intent(world: World) -> Iterator[str]:
    """G1."""
    for ref, count in world.server.books()["orders_by_ref"].items():
        if count > 1:
            yield f"G1: intent {ref} has {count} broker orders"


def same_executions(world: World) -> Iterator[str]:
    """G2."""
    ours = {e.exec_id for name in ("gateway", "way-out") for e in fills(world, name)}
    theirs = set(world.server.books()["exec_ids"])
    if ours != theirs:
        yield f"G2: {len(ours - theirs)} executions too many, {len(theirs - ours)} missing"


def same_books(world: World) -> Iterator[str]:
    """G3, in the journals, at the executor and at risk."""
    book = Book({i.symbol: i.multiplier for i in world.instruments})
    for name in ("gateway", "way-out"):
        for event in world.events(name):
            if isinstance(event, Fill):
                book.apply_fill(event)
    executor, risk = world.service("executor"), world.service("risk")
    assert isinstance(executor, ExecutorService)
    assert isinstance(risk, RiskService)
    books = {
        "journals": book,
        "executor": executor.executor.ledger.book,
        "risk": risk.monitor.state.book,
    }
    broker = world.server.books()
    for name, one in books.items():
        for symbol, text in broker["positions"].items():
            position = one.position(symbol)
            if position.quantity != Decimal(text):
                yield f"G3: {name} has {position.quantity} {symbol}, the broker {text}"
            realised = Decimal(broker["realised"][symbol])
            if (position.realised - realised).quantize(CENT):
                yield f"G3: {name} realised {position.realised} on {symbol}, the broker {realised}"


def signals_end(world: World) -> Iterator[str]:
    """G4."""
    states = {}
    for event in world.events("executor"):
        if isinstance(event, OrderCreated):
            states[event.order.intent_id] = "CREATED"
        elif isinstance(event, OrderChanged):
            states[event.intent_id] = event.state
    for intent_id, state in states.items():
        if state not in FINAL and state != "UNKNOWN":
            yield f"G4: {intent_id} is still {state}"
    for name in world.strategies:
        service = world.service(name)
        assert isinstance(service, StrategyService)
        for signal_id in service.runner.waiting:
            yield f"G4: {name} still waits for an answer to {signal_id}"


def chains(world: World) -> Iterator[str]:
    """G6, its first half."""
    for name, node in world.nodes.items():
        try:
            verify(node.journal)
        except JournalError as error:
            yield f"G6: {name}: {error}"


def exposure_within_limit(world: World) -> Iterator[str]:
    """G7, whenever an order or a change was taken: all that could fill, together."""
    state, limit = RiskState(world.instruments), MaxContracts(world.max_contracts)
    merged = [e for name in ("gateway", "way-out") for e in world.events(name)]
    for event in sorted(merged, key=lambda e: e.ts_ns):
        state.apply(event)
        if isinstance(event, OrderModifyIntended):
            order = state._orders[event.change.intent_id]
        elif isinstance(event, OrderIntended):
            order = event.order
        else:
            continue
        reason = limit.violation(order.symbol, state.exposure(order.symbol))
        if reason and order.strategy != "risk":
            yield f"G7: after {event} was taken, {reason}"


def readiness(world: World) -> Iterator[str]:
    """G8: READY, or HALTED with a reason."""
    for name, node in world.nodes.items():
        state, reason = (
            node.service.readiness(world.clock.now_ns()) if node.service else ("DEAD", "")
        )
        if state != "READY" and not (state == "HALTED" and reason):
            yield f"G8: {name} is {state} {reason}"


def beyond_limit(world: World, limit: Decimal) -> Iterator[str]:
    """G7, while it runs."""
    for symbol, text in world.server.books()["positions"].items():
        if abs(Decimal(text)) > limit:
            yield f"G7: the broker holds {text} {symbol}, the limit is {limit}"


def fills(world: World, name: str) -> list[Fill]:
    return [e for e in world.events(name) if isinstance(e, Fill)]


def answered(world: World) -> int:
    """Signals that the executor has answered."""
    kinds = (OrderCreated, OrderDenied, OrderExpired, OrderPendingCancel, OrderPendingUpdate)
    return sum(isinstance(e, kinds) for e in world.events("executor"))
