"""The invariants G1-G8 of a world that has come to rest, checked at the broker's side."""

from collections.abc import Iterator
from decimal import Decimal

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import Book
from tapewire.common.accounting.compare import broker_of, compare
from tapewire.common.accounting.lifecycle import INITIAL, LIVE
from tapewire.common.accounting.orders import Order
from tapewire.common.events import (
    Event,
    OrderCancelPending,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderModifyIntended,
    OrderModifyPending,
    OrderStateChanged,
)
from tapewire.common.runtime.journal import JournalError, verify
from tapewire.executor.service import ExecutorService
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.virtual.world import World
from tests import replay
from tests.simulation import modifies


def broken(world: World, limit: Decimal) -> list[str]:
    """Every invariant that does not hold, in a sentence. `limit` is per instrument."""
    checks = (books_agree, signals_end, chains, replays, readiness)
    found = [fault for check in checks for fault in check(world)]
    return [*found, *exposure_within(world, limit)]


def books_agree(world: World) -> Iterator[str]:
    """G1, G2, G3: in the journals, at the executor and at risk."""
    names = {"duplicate": "G1", "execution": "G2", "position": "G3", "realised": "G3", "fees": "G3"}
    book = Book({i.symbol: i.multiplier for i in world.instruments})
    for event in gateways(world):
        book.apply(event)
    executor, risk = world.service(roles.EXECUTOR), world.service(roles.RISK)
    assert isinstance(executor, ExecutorService)
    assert isinstance(risk, RiskService)
    books = {
        "the journals": book,
        "the executor": executor.executor.ledger.book,
        "risk": risk.monitor.accounts.book,
    }
    broker = broker_of(world.server.books())
    for name, one in books.items():
        for difference in compare(one, broker):
            yield f"{names[difference.kind]}: {name}: {difference}"


def signals_end(world: World) -> Iterator[str]:
    """G4."""
    states = {}
    for event in world.events(roles.EXECUTOR):
        if isinstance(event, OrderCreated):
            states[event.order.intent_id] = INITIAL
        elif isinstance(event, OrderStateChanged):
            states[event.intent_id] = event.state
    for intent_id, state in states.items():
        if state in LIVE and state != "UNKNOWN":
            yield f"G4: {intent_id} is still {state}"
    for role, service in modifies.strategies(world).items():
        for signal_id in service.runner.waiting:
            yield f"G4: {role} still waits for an answer to {signal_id}"


def chains(world: World) -> Iterator[str]:
    """G6: every chain verifies."""
    for role, node in world.nodes.items():
        try:
            verify(node.records)
        except JournalError as error:
            yield f"G6: {role}: {error}"


def replays(world: World) -> Iterator[str]:
    """G6: a replay of the whole journals gives the durable state that is live, but for what the
    checkpoint left out that the live one began with."""
    gateway, executor = world.service(roles.GATEWAY), world.service(roles.EXECUTOR)
    risk = world.service(roles.RISK)
    assert isinstance(gateway, GatewayService)
    assert isinstance(executor, ExecutorService)
    assert isinstance(risk, RiskService)
    events = {role: world.events(role) for role in roles.JOURNALED}
    pairs = (
        (roles.GATEWAY, gateway.gateway, replay.gateway(world.config, events)),
        (roles.EXECUTOR, executor.executor, replay.executor(world.config, events)),
        (roles.RISK, risk.monitor, replay.risk(world.config, events)),
    )
    for role, live, again in pairs:
        state = again.snapshot()
        if isinstance(live, Gateway) and isinstance(again, Gateway):
            state = replay.without_forgotten(state, live, again)
        for fault in replay.differences(live.snapshot(), state):
            yield f"G6: {role}'s state and its replay differ: {fault}"


def exposure_within(world: World, limit: Decimal) -> Iterator[str]:
    """G7, whenever an order or a modify was taken: all that could fill, together."""
    accounts = Accounts(world.instruments, Order)
    for event in gateways(world):
        accounts.apply(event)
        if isinstance(event, OrderModifyIntended):
            order = accounts.orders[event.modify.intent_id].order
        elif isinstance(event, OrderIntended):
            order = event.order
        else:
            continue
        worst = accounts.exposure(order.account, order.symbol).certain
        if worst > limit and order.strategy != roles.RISK:
            yield f"G7: after {event} was taken, {order.symbol} could get {worst}"


def readiness(world: World) -> Iterator[str]:
    """G8: READY, or HALTED with a reason."""
    for role, node in world.nodes.items():
        service = node.service
        state, reason = service.readiness(world.clock.now()) if service else ("DEAD", "")
        if state != "READY" and not (state == "HALTED" and reason):
            yield f"G8: {role} is {state} {reason}"


def beyond_limit(world: World, limit: Decimal) -> Iterator[str]:
    """G7, while it runs: asked at every step, so it must not look at every order."""
    for (account, symbol), quantity in broker_of(world.server.accounts()).positions.items():
        if abs(quantity) > limit:
            yield f"G7: the broker holds {quantity} {symbol} in {account}, the limit is {limit}"


def gateways(world: World) -> list[Event]:
    """What both gateways have journaled, by time. A journal's own order stays, as the clock of a
    world goes back only where a test sets it."""
    merged = [event for role in roles.GATEWAYS for event in world.events(role)]
    return sorted(merged, key=lambda event: event.ts_ns)


def answered(world: World) -> int:
    """Signals that the executor has answered."""
    kinds = (OrderCreated, OrderDenied, OrderExpired, OrderCancelPending, OrderModifyPending)
    return sum(isinstance(e, kinds) for e in world.events(roles.EXECUTOR))
