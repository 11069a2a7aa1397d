"""Planted bugs on the way of an order, from the signal to the last fill: see `plants`."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any, Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.identity import Names, identity
from tapewire.common.accounting.orders import Orders
from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.events import (
    CatchUpReply,
    Commission,
    Event,
    Fill,
    OrderCancelled,
    OrderLost,
    SubmitGroup,
    SubmitOrder,
)
from tapewire.common.runtime.service import Service
from tapewire.executor import composition as executor_composition
from tapewire.executor.service import ExecutorService
from tapewire.gateway import composition
from tapewire.gateway.broker import ExecutionReport, OrderReport
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.snapshot import Snapshot
from tapewire.gateway.service import GatewayService
from tapewire.risk import composition as risk_composition
from tapewire.risk.service import RiskService
from tapewire.virtual.node import Build, Node
from tests.simulation.group_plants import FIRED

tws = partial(composition.tws, check_login=False)


def _gateway(spoil: Callable[[GatewayService], None]) -> Build:
    def build(node: Node) -> GatewayService:
        service = composition.build(node, adapt=tws)
        spoil(service)
        return service

    return build


def _executor(spoil: Callable[[ExecutorService], None]) -> Build:
    def build(node: Node) -> ExecutorService:
        service = executor_composition.build(node)
        spoil(service)
        return service

    return build


def _risk(spoil: Callable[[RiskService], None]) -> Build:
    def build(node: Node) -> RiskService:
        service = risk_composition.build(node)
        spoil(service)
        return service

    return build


# ---- the gateway ---------------------------------------------------------------------------------


def write_before_commit(service: GatewayService) -> None:
    """It writes an order to TWS while its journal is still being written."""
    entry = service.gateway.entry
    submit = entry.submit

    def at_once(order: SubmitOrder, now: Now) -> Any:
        answered = submit(order, now)
        FIRED["write-before-commit"] += order.intent_id in entry._taken
        entry._taken.discard(order.intent_id)
        return answered

    entry.submit = at_once  # type: ignore[method-assign]


def publish_before_commit(service: Service) -> None:
    """It announces what it has not written down yet."""
    commits = service.commits
    write = commits._write

    def announced() -> None:
        commit, stream = commits._under_way, commits._stream
        assert commit is not None
        assert stream is not None
        FIRED["publish-before-commit"] += 1
        frames = stream.announcement(stream.journal.head.seq + 1, commit.events)
        service.transport.send("events", frames)
        write()

    commits._write = announced  # type: ignore[method-assign]


def stored_reply_forgotten(service: GatewayService) -> None:
    """An intent that it is asked for again is a new one to it."""
    entry, registry = service.gateway.entry, service.gateway.registry
    submit, answer = entry.submit, registry.answer

    def forgetful(order: SubmitOrder, now: Now) -> Any:
        FIRED["stored-reply-forgotten"] += answer(order.intent_id) is not None
        registry.answer = lambda _intent_id: None  # type: ignore[method-assign]
        try:
            return submit(order, now)
        finally:
            registry.answer = answer  # type: ignore[method-assign]

    entry.submit = forgetful  # type: ignore[method-assign]


def lease_never_expires(service: GatewayService) -> None:
    """Once it has heard of risk, it never waits for a word again."""
    gate = service.gateway.gate
    lease = gate._lease_denial

    def let(now: Now) -> str:
        denied = lease(now)
        if gate.beat is None:
            return denied
        FIRED["lease-never-expires"] += bool(denied)
        return ""

    gate._lease_denial = let  # type: ignore[method-assign]


def child_forgotten(service: GatewayService) -> None:
    """It does not place the stop of a bracket, and says that it has."""
    entry, broker = service.gateway.entry, service.gateway.broker
    queue = entry._queue

    def without_stops(group: SubmitGroup) -> list[str] | str:
        stops = [one for one in group.orders if one.role == "stop" and one.parent_id]
        ids = queue(replace(group, orders=[one for one in group.orders if one not in stops]))
        if isinstance(ids, str):
            return ids
        placed, found = iter(ids), []
        for one in group.orders:
            found.append(broker.new_order_id() if one in stops else next(placed))
            broker.used_order_id(found[-1])
        FIRED["bracket-child-forgotten"] += len(stops)
        return found

    entry._queue = without_stops  # type: ignore[method-assign]


def permanent_id_ignored(service: GatewayService) -> None:
    """It knows an order by its tag, whichever order bears it."""
    registry = service.gateway.registry

    def by_tag(report: OrderReport | ExecutionReport) -> Any:
        intent = registry.orders.get(report.reference)
        if intent is None:
            return identify(report)
        is_it = identity(Names(*intent.names), Names(*report.names)) == "same"
        FIRED["permanent-id-ignored"] += not is_it
        return intent, "same"

    identify = registry.identify
    registry.identify = by_tag  # type: ignore[method-assign]


def snapshot_not_settled(service: GatewayService) -> None:
    """It calls an order lost that the first list does not name, however early it asked."""
    silence = service.gateway.sync._silence

    def hasty(intent: Intent, snapshot: Snapshot, now_ns: int) -> list[Event]:
        if not snapshot.complete:
            return []
        FIRED["snapshot-not-settled"] += 1
        return [OrderLost(now_ns, intent.order.account, intent.intent_id, "it was not named")]

    silence._unnamed = hasty  # type: ignore[method-assign]


def cancel_believed(service: GatewayService) -> None:
    """A cancel that it has asked for is a cancelled order to it."""
    gateway = service.gateway
    obey = gateway.obey

    def at_once(command: Any, now: Now) -> Any:
        answer, events = obey(command, now)
        intent = gateway.orders.get(getattr(command, "intent_id", "") or "")
        is_asked = type(command).__name__ == "CancelOrder" and answer.accepted
        if is_asked and intent is not None and intent.live:
            FIRED["cancel-believed"] += 1
            account = intent.order.account
            ended = OrderCancelled(now.wall_ns, account, intent.intent_id, "believed")
            gateway.apply(ended)
            events = [*events, ended]
        return answer, events

    gateway.obey = at_once  # type: ignore[method-assign]


def _forgets(name: str, kind: type[Event], every: int) -> Callable[[GatewayService], None]:
    """Of one kind of event, it does not write down every so many."""

    def spoil(service: GatewayService) -> None:
        gateway, seen = service.gateway, count(1)
        take = gateway.take

        def forgetful(frames: list[bytes], now: Now) -> list[Event]:
            kept = []
            for event in take(frames, now):
                if isinstance(event, kind) and next(seen) % every == 0:
                    FIRED[name] += 1
                else:
                    kept.append(event)
            return kept

        gateway.take = forgetful  # type: ignore[method-assign]

    return spoil


def limits_ignored(service: GatewayService) -> None:
    """It takes whatever its own limits say, which are the executor's."""
    limits = service.gateway.limits
    denial = limits.denial

    def let(*given: Any, **named: Any) -> str:
        FIRED["limits-ignored"] += bool(denial(*given, **named))
        return ""

    limits.denial = let  # type: ignore[method-assign]


# ---- the executor --------------------------------------------------------------------------------


def requested_not_counted(service: ExecutorService) -> None:
    """It counts an order from the gateway's word on, not from its own."""
    orders: Orders[Any] = service.executor.ledger.orders
    working = orders.working

    def later(account: str, symbol: str, without: Any = None) -> Any:
        left = dict(zip(("BUY", "SELL"), working(account, symbol, without), strict=True))
        for one in orders.live():
            if one.state == "CREATED" and symbol in one.order.symbols and one is not without:
                FIRED["requested-not-counted"] += 1
                left[one.order.terms.side] -= one.order.terms.quantity
        return tuple(max(0 * size, size) for size in left.values())

    orders.working = later  # type: ignore[method-assign]


def catch_up_drops_one(service: ExecutorService) -> None:
    """Of what it reads later of the gateway's journal it passes over the first event."""
    follower = service.followers[roles.GATEWAY]
    on_reply = follower.on_reply

    def all_but_one(reply: CatchUpReply, batch: wire.Batch) -> Iterator[Event]:
        events = on_reply(reply, batch)
        for _ in events:
            FIRED["catch-up-drops-one"] += 1
            break
        yield from events

    follower.on_reply = all_but_one  # type: ignore[method-assign]


def no_welcome(service: ExecutorService) -> None:
    """It decides before it has read what its predecessor could have sent."""
    for door in service.doors:
        waits_for = door.welcome.waits_for

        def hasty(next_seq: int, now: Now, waits_for: Any = waits_for) -> str:
            FIRED["no-welcome"] += bool(waits_for(next_seq, now))
            return ""

        door.welcome.waits_for = hasty  # type: ignore[method-assign]


def decides_unread(service: ExecutorService) -> None:
    """It decides before its welcome, and before it has read anything of the gateway's journal: what
    its predecessor has sent and not written down counts for nothing."""
    no_welcome(service)
    service.readiness = lambda _now: ("READY", "")  # type: ignore[method-assign]


# ---- risk ----------------------------------------------------------------------------------------


def counts_twice(service: RiskService) -> None:
    """Every 20th fill counts twice with it."""
    on_broker, fills = service.monitor.on_broker, count(1)

    def double(event: Event, *rest: Any, **more: Any) -> None:
        on_broker(event, *rest, **more)
        if isinstance(event, Fill) and next(fills) % 20 == 0:
            FIRED["risk-counts-twice"] += 1
            on_broker(replace(event, exec_id=f"again.{event.exec_id}"), *rest, **more)

    service.monitor.on_broker = double  # type: ignore[method-assign]


ORDER_PLANTS: Final[Mapping[str, dict[str, Build]]] = {
    "write-before-commit": {roles.GATEWAY: _gateway(write_before_commit)},
    "publish-before-commit": {roles.EXECUTOR: _executor(publish_before_commit)},
    "stored-reply-forgotten": {roles.GATEWAY: _gateway(stored_reply_forgotten)},
    "bracket-child-forgotten": {roles.GATEWAY: _gateway(child_forgotten)},
    "snapshot-not-settled": {roles.GATEWAY: _gateway(snapshot_not_settled)},
    "cancel-believed": {roles.GATEWAY: _gateway(cancel_believed)},
    "fill-not-written-down": {roles.GATEWAY: _gateway(_forgets("fill-not-written-down", Fill, 10))},
    "commission-not-written-down": {
        roles.GATEWAY: _gateway(_forgets("commission-not-written-down", Commission, 10))
    },
    "catch-up-drops-one": {roles.EXECUTOR: _executor(catch_up_drops_one)},
    "risk-counts-twice": {roles.RISK: _risk(counts_twice)},
    "permanent-id-ignored": {roles.GATEWAY: _gateway(permanent_id_ignored)},
    "lease-never-expires": {roles.GATEWAY: _gateway(lease_never_expires)},
}


MASKED_PLANTS: Final[Mapping[str, dict[str, Build]]] = {
    "requested-not-counted": {roles.EXECUTOR: _executor(requested_not_counted)},
    "limits-ignored": {roles.GATEWAY: _gateway(limits_ignored)},
    "no-welcome": {
        roles.EXECUTOR: _executor(decides_unread),
        roles.GATEWAY: _gateway(limits_ignored),
    },
}
"""Bugs that something else makes up for.

Executor and gateway ask the same limits. And an executor that does not wait for its welcome still
reads the gateway's journal before it decides. It asks for that after it has said hello, on the same
connection, so the answer has all that was taken before the hello. Only where the hello alone is
lost is there a gap, for the quarter of a second until it is sent again; the model finds that one.
"""

MASKS: Final = {
    "requested-not-counted": "limits-ignored",
    "limits-ignored": "requested-not-counted",
    "no-welcome": "nothing read before, and limits-ignored",
}
"""Without which other check each of these is found."""


def with_its_mask(name: str) -> dict[str, Build]:
    """A masked bug, together with the one that takes away what makes up for it."""
    return {**MASKED_PLANTS[name], **MASKED_PLANTS.get(MASKS[name], {})}
