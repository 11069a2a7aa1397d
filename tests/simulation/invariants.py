"""The invariants G1-G8 of a world that has come to rest, checked at the broker's side."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import Book, Key
from tapewire.common.accounting.carried import execution_entry
from tapewire.common.accounting.compare import CENT, Broker, broker_of, compare, together
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.accounting.identity import Names, identity
from tapewire.common.accounting.ledger import Ledger, Owner
from tapewire.common.accounting.lifecycle import INITIAL, LIVE
from tapewire.common.accounting.orders import Order
from tapewire.common.events import (
    Commission,
    Event,
    Fill,
    ForeignOrderReported,
    OrderAccepted,
    OrderCancelled,
    OrderCancelPending,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderModifyIntended,
    OrderModifyPending,
    OrderStateChanged,
    Side,
)
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.journal import JournalError, verify
from tapewire.executor.service import ExecutorService
from tapewire.gateway.orders.silence import unlisted
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.strategy.runner import Runner
from tapewire.virtual.world import World
from tests import forgotten, replay
from tests.simulation import modifies
from tests.simulation.openings import openings_hold
from tests.simulation.watch import Watch


class Past(Protocol):
    """What was written down: by a world, or by the processes of a run directory."""

    @property
    def instruments(self) -> Sequence[Instrument]:
        """What was traded."""

    @property
    def gateways(self) -> Sequence[str]:
        """The roles with a connection to a broker."""

    def events(self, role: str) -> Iterable[Event]:
        """The events of a role's journal."""


def broken(world: World, watch: Watch, limit: Decimal) -> list[str]:
    """Every invariant that does not hold, in a sentence. `limit` is per instrument."""
    checks = (once_each, signals_end, chains, replays, readiness, openings_hold)
    found = [fault for check in checks for fault in check(world)]
    found += [*books_agree(world, watch), *executions_agree(world, watch)]
    found += owners_agree(world, watch)
    found += alarms_hold(world, watch)
    found += ledger_agrees(world, watch)
    return [*found, *exposure_within(world, watch, limit)]


def books_agree(world: World, watch: Watch) -> Iterator[str]:
    """G1, G2, G3: in the journals, at the executor and at risk.

    TWS lists today's executions only. What was executed while nobody was connected, and not asked
    for before midnight, is missing, and with it the position: then its order has to say so, or, if
    it is somebody else's, the gateway's alarm about the position.
    """
    names = {"duplicate": "G1", "execution": "G2", "position": "G3", "realised": "G3", "fees": "G3"}
    book = Book({i.symbol: i.multiplier for i in world.instruments})
    for event in gateways(world, watch):
        book.apply(event)
    executor, risk = world.service(roles.EXECUTOR), world.service(roles.RISK)
    assert isinstance(executor, ExecutorService)
    assert isinstance(risk, RiskService)
    books = {
        "the journals": book,
        "the executor": executor.executor.ledger.book,
        "risk": risk.monitor.accounts.book,
    }
    broker, excused = at_brokers(world), unreported(world, watch)
    for name, one in books.items():
        for difference in compare(one, broker):
            is_carried = difference.kind == "execution" and is_among(one, difference.subject)
            if difference.subject not in excused and not is_carried:
                yield f"{names[difference.kind]}: {name}: {difference}"


def at_brokers(world: World) -> Broker:
    """The books of all brokers together."""
    return together(broker_of(one.server.books()) for one in world.brokers.values())


def ledger_agrees(world: Past, watch: Watch) -> Iterator[str]:
    """G3: what the ledger says of strategies adds up to the book, by either method."""
    accounts = Accounts(world.instruments, Order)
    for event in gateways(world, watch):
        accounts.apply(event)
    average = Ledger(accounts, world.instruments)
    oldest = Ledger(accounts, world.instruments, "fifo")
    earned, fifo = (_realised(ledger) for ledger in (average, oldest))
    for key, position in accounts.book.positions.items():
        of = [held for owner, held in average.holdings.items() if _key(owner) == key]
        if sum(held.quantity for held in of) != position.quantity:
            yield f"G3: the ledger's positions in {key} do not add up to {position}"
        if abs(earned[key] - position.realised) > CENT:
            yield f"G3: the ledger has {earned[key]} realised in {key}, the book {position}"
        if not position.quantity and abs(fifo[key] - position.realised) > CENT:
            yield f"G3: first in, first out, {key} realised {fifo[key]}, and is flat: {position}"


def _realised(ledger: Ledger) -> dict[Key, Decimal]:
    sums: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for entry in ledger.entries:
        sums[_key(entry.owner)] += entry.account_realised
    return sums


def _key(owner: Owner) -> Key:
    return owner.account, owner.symbol


def is_among(book: Book, exec_id: str) -> bool:
    """Whether an execution, in this version, is one that a checkpoint carried to the book."""
    entry = execution_entry(exec_id)
    return entry is not None and entry in book.carried_ids


def alarms_hold(world: World, watch: Watch) -> Iterator[str]:
    """Whoever reads that a position differs from the broker's will find why: there are executions
    that the gateway never had, as of the other gateway just before TWS's day ended; or TWS itself
    held back what it had to list."""
    own = [role for role in world.gateways if roles.kind_of(role) == roles.GATEWAY]
    known = {e.exec_id for role in own for e in world.events(role) if isinstance(e, Fill)}
    missing = {
        (one.account, one.symbol)
        for exec_id, one in watch.broker.executions.items()
        if exec_id not in known
    }
    for account, symbol, alarm in watch.reconciled:
        if (account, symbol) not in missing and (account, symbol, alarm) not in watch.misled:
            yield f"G3: a false alarm of gateway: {alarm}"


def unreported(world: World, watch: Watch) -> set[str]:
    """The executions that an order is known to lack, and the positions that they belong to: its end
    says so, or it is UNKNOWN until a person decides."""
    filled = {
        event.intent_id
        for event in gateways(world, watch)
        if isinstance(event, OrderFilled | OrderCancelled) and unlisted(event)
    }
    for role in world.gateways:
        gateway = world.service(role)
        assert isinstance(gateway, GatewayService)
        live = gateway.gateway.orders.live()
        filled |= {one.intent_id for one in live if one.state == "UNKNOWN"}
    known = {event.exec_id for event in gateways(world, watch) if isinstance(event, Fill)}
    orders = [e.order for e in gateways(world, watch) if isinstance(e, OrderIntended)]
    subjects = {
        f"{one.account} {symbol}"
        for one in orders
        if one.intent_id in filled
        for symbol in one.symbols
    }
    for exec_id, executed in watch.broker.executions.items():
        if exec_id in known:
            continue
        if watch.broker.references[exec_id] in filled or _is_alarmed(watch, exec_id):
            subjects |= {exec_id, f"{executed.account} {executed.symbol}"}
    return subjects


def _is_alarmed(watch: Watch, exec_id: str) -> bool:
    """Whether it is another client's, of a day that TWS lists no more, and a person was told that
    its position differs. No order of ours has an end that could say so."""
    executed = watch.broker.executions[exec_id]
    alarmed = {(account, symbol) for account, symbol, _ in watch.reconciled}
    is_alarmed = (executed.account, executed.symbol) in alarmed
    return is_alarmed and watch.is_anothers(exec_id) and watch.is_of_earlier_day(exec_id)


def once_each(world: Past) -> Iterator[str]:
    """G1, G2: in a journal an order id is one intent's, a signal's intent is one unless it is a
    group's, and an execution and its commission are there once."""
    for role in world.gateways:
        seen, signals = set[tuple[str, str]](), dict[str, str]()
        for event in world.events(role):
            for key in _names_of(event):
                if key in seen:
                    yield f"{'G1' if key[0] == 'order id' else 'G2'}: {role} has {key} twice"
                seen.add(key)
            if (
                isinstance(event, OrderIntended)
                and event.order.signal_id
                and not event.order.group_id
            ):
                first = signals.setdefault(event.order.signal_id, event.order.intent_id)
                if first != event.order.intent_id:
                    yield f"G1: signal {event.order.signal_id} is two intents"


def _names_of(event: Event) -> Iterator[tuple[str, str]]:
    if isinstance(event, OrderIntended) and event.order_id:
        yield "order id", event.order_id
    elif isinstance(event, Fill):
        yield "execution", event.exec_id
    elif isinstance(event, Commission):
        yield "commission", event.exec_id


def executions_agree(world: Past, watch: Watch) -> Iterator[str]:
    """G2, G3: each execution in the journals is the broker's, with its terms and what it cost."""
    costs, fills = dict[str, Decimal](), dict[str, Fill]()
    for event in gateways(world, watch):
        if isinstance(event, Commission):
            costs[event.exec_id] = event.amount
        elif isinstance(event, Fill):
            fills[event.exec_id] = event
    for exec_id, theirs in watch.broker.executions.items():
        if exec_id not in fills:
            continue  # G2 has it already
        one = fills[exec_id]
        ours = (one.account, one.symbol, one.side, one.quantity, one.price, costs.get(exec_id))
        if ours != theirs:
            yield f"G2: execution {exec_id} is {ours}, the broker's {tuple(theirs)}"


def owners_agree(world: Past, watch: Watch) -> Iterator[str]:
    """G2: an execution that counts as one of an order's is that order's at the broker, by the order
    id under its client's, or by the permanent id."""
    orders, permanent = dict[str, Names](), defaultdict[str, set[str]](set)
    for event in gateways(world, watch):
        if isinstance(event, OrderIntended):
            orders[event.order.intent_id] = Names(event.client_id, event.order_id)
        elif isinstance(event, OrderAccepted):
            permanent[event.intent_id].add(event.permanent_id)
        elif isinstance(event, Fill) and event.intent_id in orders:
            theirs, ours = watch.broker.names.get(event.exec_id), orders[event.intent_id]
            if theirs is None or theirs[:2] == ours[:2]:
                continue
            if theirs.permanent_id not in permanent[event.intent_id]:
                yield f"G2: {event.exec_id} counts for {event.intent_id}, it is of {theirs}"


def signals_end(world: World) -> Iterator[str]:
    """G4."""
    yield from orders_end(world)
    for role, service in modifies.strategies(world).items():
        for signal_id in service.runner.waiting:
            yield f"G4: {role} still waits for an answer to {signal_id}"


def orders_end(world: Past) -> Iterator[str]:
    """G4: every order of the executor has its end, or is UNKNOWN."""
    states = {}
    for event in world.events(roles.EXECUTOR):
        if isinstance(event, OrderCreated):
            states[event.order.intent_id] = INITIAL
        elif isinstance(event, OrderStateChanged):
            states[event.intent_id] = event.state
    for intent_id, state in states.items():
        if state in LIVE and state != "UNKNOWN":
            yield f"G4: {intent_id} is still {state}"


def chains(world: World) -> Iterator[str]:
    """G6: every chain verifies."""
    for role, node in world.nodes.items():
        try:
            verify(node.records)
        except JournalError as error:
            yield f"G6: {role}: {error}"


def replays(world: World) -> Iterator[str]:
    """G6: a replay of the whole journals gives the durable state that is live, but for what the
    checkpoint left out that the live one began with. That of a strategy is what it can ask."""
    executor, risk = world.service(roles.EXECUTOR), world.service(roles.RISK)
    assert isinstance(executor, ExecutorService)
    assert isinstance(risk, RiskService)
    events = {role: world.events(role) for role in roles.journaled(world.gateways)}
    config, runners = world.config, _runners(world)
    found = {
        **_gateways_again(world, events),
        roles.EXECUTOR: forgotten.executor(executor.executor, replay.executor(config, events)),
        roles.RISK: forgotten.risk(risk.monitor, replay.risk(config, events)),
        "strategies": forgotten.of_strategies(config, events, runners),
    }
    for role, faults in found.items():
        for fault in faults:
            yield f"G6: {role}'s state and its replay differ: {fault}"


def _gateways_again(world: World, events: replay.Journals) -> dict[str, Iterator[str]]:
    found = {}
    for role in world.gateways:
        if roles.kind_of(role) == roles.GATEWAY:
            service = world.service(role)
            assert isinstance(service, GatewayService)
            again = replay.gateway(world.config, events, role)
            found[role] = forgotten.gateway(service.gateway, again)
    return found


def _runners(world: World) -> dict[str, Runner]:
    found = modifies.strategies(world).items()
    return {roles.strategy_name(role): service.runner for role, service in found}


def exposure_within(world: Past, watch: Watch, limit: Decimal) -> Iterator[str]:
    """G7, whenever an order or a modify was taken: all that could fill on its side, together.

    The other side may be beyond the limit by what was entered by hand at TWS, which nobody asks.

    A gateway that asks for executions gets the other one's too, and does not know their orders.
    They are taken as the other one reports them, perhaps later: counted without its order, an
    execution would count beside an order that still seems to work. Nor does an order count as a
    foreign one that the other gateway placed, and whose event is read later: a list does not say
    what is one OCA set.
    """
    accounts, events = Accounts(world.instruments, Order), list(gateways(world, watch))
    fills = {e.exec_id: e for e in events if isinstance(e, Fill) and e.intent_id is not None}
    known = {e.intent_id: e.permanent_id for e in events if isinstance(e, OrderAccepted)}
    placed = {
        e.order.intent_id: Names(e.client_id, e.order_id, known.get(e.order.intent_id, ""))
        for e in events
        if isinstance(e, OrderIntended)
    }
    for event in events:
        if isinstance(event, ForeignOrderReported) and event.reference in placed:
            names = Names(event.client_id, event.order_id, event.permanent_id)
            if identity(placed[event.reference], names) == "same":
                continue
        accounts.apply(fills.get(event.exec_id, event) if isinstance(event, Fill) else event)
        if isinstance(event, OrderModifyIntended):
            order = accounts.orders[event.modify.intent_id].order
        elif isinstance(event, OrderIntended):
            order = event.order
        else:
            continue
        for symbol, side, _ in order.parts:
            worst = _worst(accounts.exposure(order.account, symbol), side)
            if worst > limit and order.strategy != roles.RISK:
                yield f"G7: after {event} was taken, {symbol} could get {worst}"


def _worst(exposure: Exposure, side: Side) -> Decimal:
    """What the position could come to on the side of an order, or has by the broker's report."""
    held, reported = exposure.position, exposure.reported
    if side == "BUY":
        most = held + exposure.buying
        return most if reported is None else max(most, reported)
    most = exposure.selling - held
    return most if reported is None else max(most, -reported)


def readiness(world: World) -> Iterator[str]:
    """G8: READY, or HALTED with a reason."""
    for role, node in world.nodes.items():
        service = node.service
        state, reason = service.readiness(world.clock.now()) if service else ("DEAD", "")
        if state != "READY" and not (state == "HALTED" and reason):
            yield f"G8: {role} is {state} {reason}"


def beyond_limit(watch: Watch, limit: Decimal) -> Iterator[str]:
    """G7, while it runs."""
    for (account, symbol), quantity in watch.broker.positions.items():
        if abs(quantity) > limit:
            yield f"G7: the broker holds {quantity} {symbol} in {account}, the limit is {limit}"


def gateways(world: Past, watch: Watch) -> Iterator[Event]:
    """What both gateways have journaled, in the order in which others could hear of it."""
    return watch.merged({role: [*world.events(role)] for role in world.gateways})


def answered(world: World) -> int:
    """Signals that the executor has answered."""
    kinds = (OrderCreated, OrderDenied, OrderExpired, OrderCancelPending, OrderModifyPending)
    return sum(isinstance(e, kinds) for e in world.events(roles.EXECUTOR))
