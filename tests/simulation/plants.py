"""Planted bugs: what must never happen, done on purpose, so that the simulation has to find it.

Each is a process of the group that is built wrongly. `FIRED` counts how often a bug did what it
does: one that never fired cannot be found.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exposure import Exposures, is_reducing
from tapewire.common.accounting.identity import Identity
from tapewire.common.clock import Now
from tapewire.common.events import Event, Fill, PositionReported, SubmitOrder
from tapewire.common.events.expiry import has_expired
from tapewire.common.runtime.heads import Heads
from tapewire.common.runtime.journal import Head, Journal, JournalDamagedError, Synchronous
from tapewire.common.runtime.service import Service
from tapewire.executor import composition as executor_composition
from tapewire.executor.service import ExecutorService
from tapewire.gateway import composition
from tapewire.gateway.broker import OrderReport
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.service import GatewayService
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.risk import composition as risk_composition
from tapewire.strategy import composition as strategy_composition
from tapewire.virtual.node import Build, Node
from tests.simulation import combo_plants, group_plants, order_plants

FIRED: Final[Counter[str]] = group_plants.FIRED
NEVER_NS: Final = 2**62
About = tuple[Intent | None, Identity]
tws = partial(composition.tws, check_login=False)


def _gateway(spoil: Callable[[GatewayService], None]) -> Build:
    """A gateway's build, with a bug in it."""

    def build(node: Node) -> Service:
        service = composition.build(node, adapt=tws)
        spoil(service)
        return service

    return build


def _broker(service: GatewayService) -> TwsBroker:
    broker = service.gateway.broker
    assert isinstance(broker, TwsBroker)
    return broker


# ---- the gateway ---------------------------------------------------------------------------------


def blind_resend(service: GatewayService) -> None:
    """It sends an order again when it does not know what became of it, once it is connected."""
    gateway, broker, sent = service.gateway, _broker(service), set[str]()
    tick = gateway.tick

    def again(now: Now) -> list[Event]:
        events = tick(now)
        for intent in gateway.orders.live() if gateway.sync.synchronised else ():
            if intent.state == "UNKNOWN" and intent.intent_id not in sent:
                sent.add(intent.intent_id)
                order, order_id = intent.order, str(int(broker.new_order_id()) + 500)
                contract = broker.contracts.contract(order.symbol)
                encoded = broker.session.encode.place_order(order_id, order, contract)
                broker.outbox.request(encoded)  # past admission, which would not let it through
                FIRED["blind-resend"] += 1
        return events

    gateway.tick = again  # type: ignore[method-assign]


def order_id_reused(service: GatewayService) -> None:
    """Every 50th order gets the id of the one before."""
    broker, taken, last = _broker(service), count(1), [""]
    new = broker.new_order_id

    def reuse() -> str:
        if next(taken) % 50 or not last[0]:
            last[0] = new()
        else:
            FIRED["order-id-reused"] += 1
        return last[0]

    broker.new_order_id = reuse  # type: ignore[method-assign]


def roll_back_trusted(service: GatewayService) -> None:
    """It takes TWS's word for the next id, though TWS can forget ids when it restarts."""
    broker, used = _broker(service), [0]

    def trusting() -> str:
        told = broker.session.next_valid_id or 1
        FIRED["roll-back-trusted"] += told <= used[0] and told <= broker._order_id_max
        used[0] = max(told, used[0] + 1) if told > used[0] or not used[0] else used[0] + 1
        return str(used[0])

    broker.new_order_id = trusting  # type: ignore[method-assign]


def one_too_many(service: GatewayService) -> None:
    """Every 100th order is for one more than was asked for."""
    broker, placed = _broker(service), count(1)
    submit = broker.submit

    def more(order_id: str, order: SubmitOrder, *rest: Any, **named: Any) -> None:
        if next(placed) % 100 == 0:
            FIRED["one-too-many"] += 1
            order = replace(order, terms=replace(order.terms, quantity=order.terms.quantity + 1))
        submit(order_id, order, *rest, **named)

    broker.submit = more  # type: ignore[method-assign]


def halt_ignored(service: GatewayService) -> None:
    """It looks neither at halts nor at the lease."""
    gate = service.gateway.gate
    risk_denial = gate._risk_denial

    def let(order: SubmitOrder, now: Now) -> str:
        FIRED["halt-ignored"] += bool(risk_denial(order, now))
        return ""

    gate._risk_denial = let  # type: ignore[method-assign]


def expired_traded(service: GatewayService) -> None:
    """It does not look at an order's expiry, by neither clock."""
    gate = service.gateway.gate
    denial = gate.denial

    def let(order: SubmitOrder, now: Now, *rest: Any) -> str:
        denied = denial(replace(order, expires_ns=NEVER_NS, expires_mono_ns=0), now, *rest)
        FIRED["expired-traded"] += has_expired(order, now) and not denied
        return denied

    gate.denial = let  # type: ignore[method-assign]


def working_ignored(service: GatewayService) -> None:
    """It judges whether an order reduces by the position alone, without what works already."""
    gate = service.gateway.gate
    denial = gate.denial

    def let(order: SubmitOrder, now: Now, exposures: Exposures, *rest: Any) -> str:
        bare = {key: replace(one, buying=ZERO, selling=ZERO) for key, one in exposures.items()}
        FIRED["working-ignored"] += is_reducing(order, exposures) != is_reducing(order, bare)
        return denial(order, now, bare, *rest)

    gate.denial = let  # type: ignore[method-assign]


def liquidation_takes_anything(service: GatewayService) -> None:
    """The liquidation gateway denies nothing."""
    gate = service.gateway.gate
    denial = gate.denial

    def let(order: SubmitOrder, now: Now, *rest: Any) -> str:
        FIRED["liquidation-takes-anything"] += bool(denial(order, now, *rest))
        return ""

    gate.denial = let  # type: ignore[method-assign]


def fill_twice(service: GatewayService) -> None:
    """Every 20th fill goes to the journal twice."""
    gateway, fills = service.gateway, count(1)
    take = gateway.take

    def double(frames: list[bytes], now: Now) -> list[Event]:
        events = take(frames, now)
        for event in [one for one in events if isinstance(one, Fill)]:
            if next(fills) % 20 == 0:
                FIRED["fill-twice"] += 1
                gateway.apply(event)
                events.append(event)
        return events

    gateway.take = double  # type: ignore[method-assign]


class _HastyNode:
    """A host whose journal does not wait for the disk, whatever is asked of it."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def __getattr__(self, name: str) -> object:
        return getattr(self._node, name)

    def journal(self, _synchronous: Synchronous = "FULL", *, background: bool = False) -> Journal:
        FIRED["hasty-journal"] += 1
        return self._node.journal("NORMAL", background=background)


def hasty_journal(node: Node) -> GatewayService:
    """A gateway that does not wait for its disk: a power cut makes it forget."""
    return composition.build(_HastyNode(node), adapt=tws)  # type: ignore[arg-type]


def fencing_off(service: GatewayService) -> None:
    """It takes orders of any executor, an earlier one's too."""
    fence = service._fence
    refuses = fence.refuses

    def let(token: str) -> bool:
        FIRED["fencing-off"] += refuses(token)
        return False

    fence.refuses = let  # type: ignore[method-assign]


def late_accept_ignored(service: GatewayService) -> None:
    """It does not believe that an order works which it has called lost."""
    registry = service.gateway.registry
    on_order = registry.on_order

    def deaf(report: OrderReport, about: About, now: Now) -> list[Event]:
        intent, found = about
        if intent is not None and found == "same" and intent.state == "LOST":
            FIRED["late-accept-ignored"] += report.status == "working"
            return []
        return on_order(report, about, now)

    registry.on_order = deaf  # type: ignore[method-assign]


class _UnheededHeads(Heads):
    """It remembers journals, and nobody acts on that. So it is known when somebody should have."""

    def of(self, _source: str) -> Head | None:
        return None

    def require(self, journal: Journal | None) -> None:
        try:
            Heads(self.role, self._store).require(journal)
        except JournalDamagedError:
            FIRED["tail-ignored"] += 1


def _forgetful(build: Build) -> Build:
    """A process that compares no journal with what it remembers of it, and believes whatever one
    says of itself."""

    def forget(node: Node) -> Service:
        node.heads = _UnheededHeads(node.role, node.remembered)
        service = build(node)
        for follower in service.followers.values():
            follower._fail = _unheeded  # type: ignore[method-assign]
        return service

    return forget


def _unheeded(_fault: str) -> None:
    FIRED["tail-ignored"] += 1


# ---- the executor --------------------------------------------------------------------------------


def raises_on_positions(node: Node) -> ExecutorService:
    """An executor that raises whenever the broker reports a position."""
    service = executor_composition.build(node)
    on_broker = service.executor.on_broker

    def raising(event: Event, *rest: Any) -> list[Event]:
        if isinstance(event, PositionReported):
            FIRED["raises-on-positions"] += 1
            raise ZeroDivisionError("a bug")
        return on_broker(event, *rest)

    service.executor.on_broker = raising  # type: ignore[method-assign]
    return service


PLANTS: Final[dict[str, dict[str, Build]]] = {
    "blind-resend": {roles.GATEWAY: _gateway(blind_resend)},
    "order-id-reused": {roles.GATEWAY: _gateway(order_id_reused)},
    "roll-back-trusted": {roles.GATEWAY: _gateway(roll_back_trusted)},
    "one-too-many": {roles.GATEWAY: _gateway(one_too_many)},
    "halt-ignored": {roles.GATEWAY: _gateway(halt_ignored)},
    "expired-traded": {roles.GATEWAY: _gateway(expired_traded)},
    "working-ignored": {roles.GATEWAY: _gateway(working_ignored)},
    "liquidation-takes-anything": {roles.LIQUIDATION: _gateway(liquidation_takes_anything)},
    "fill-twice": {roles.GATEWAY: _gateway(fill_twice)},
    "hasty-journal": {roles.GATEWAY: hasty_journal},
    "fencing-off": {roles.GATEWAY: _gateway(fencing_off)},
    "late-accept-ignored": {roles.GATEWAY: _gateway(late_accept_ignored)},
    "tail-ignored": {
        roles.GATEWAY: _forgetful(partial(composition.build, adapt=tws)),
        roles.LIQUIDATION: _forgetful(partial(composition.build, adapt=tws)),
        roles.RISK: _forgetful(risk_composition.build),
        roles.EXECUTOR: _forgetful(executor_composition.build),
        **{
            roles.strategy_role(name): _forgetful(
                partial(strategy_composition.build, name=name, say=lambda _failure: None)
            )
            for name in ("a", "b")
        },
    },
    "raises-on-positions": {roles.EXECUTOR: raises_on_positions},
    **order_plants.ORDER_PLANTS,
    **group_plants.GROUP_PLANTS,
    **combo_plants.COMBO_PLANTS,
}
