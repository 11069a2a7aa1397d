"""What must hold of groups of orders, at the broker's side.

No position is without the stop that it was to have, no order of a group that is over works, and
never is more left than was entered.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from decimal import Decimal

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.accounting.groups import EXITS, Groups, OrderGroup
from tapewire.common.events import OPPOSITE, signed
from tapewire.executor.groups.keeper import GroupKeeper
from tapewire.executor.orders import ExecutorOrder
from tapewire.executor.service import ExecutorService
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.watch import Watch

Group = OrderGroup[ExecutorOrder]
ALONE_MAX_NS = 3 * SECOND_NS


def groups(world: World) -> Groups[ExecutorOrder]:
    """The executor's groups."""
    executor = world.service(roles.EXECUTOR)
    assert isinstance(executor, ExecutorService)
    return executor.executor.keeper.groups


def at_rest(world: World, watch: Watch) -> Iterator[str]:
    """Once all is calm."""
    works = Counter[str]()
    for order in world.server._exchange.open_orders():
        if order.is_sent:
            works[order.order_ref] += order.remaining
    filled = executed(watch)
    for group in groups(world):
        if any(one.state == "UNKNOWN" for one in group.orders):
            continue  # nobody knows, and nothing is done until somebody does
        if not (watch.late or watch.others):
            yield from _left(group, filled)
            yield from _once(group, filled)
        in_the_way = _closing(world, group, {one.intent_id for one in group.orders})
        yield from _protected(world, group, works, in_the_way)
        if group.plan.later and group.state == "PROTECTING":
            yield f"groups: {group} is not covered: {group.orders}"
        if group.state in ("CANCELLING", "CLOSING") and not in_the_way:
            yield f"groups: {group} is still being ended: {group.orders}"
        for one in group.orders:
            if group.state == "DONE" and works[one.intent_id]:
                yield f"groups: {group} is over, and {one} works at the broker"


class LeftAlone:
    """Watches that every order of a group that is being ended is asked to end."""

    def __init__(self) -> None:
        self._since_ns: dict[str, int] = {}
        self._said: set[str] = set()

    def look(self, world: World) -> Iterator[str]:
        """Those for which nobody has done anything for a while, though the executor could."""
        now, service = world.clock.now(), world.service(roles.EXECUTOR)
        is_there = isinstance(service, ExecutorService) and not world.nodes[roles.EXECUTOR].stopped
        if not is_there or service.readiness(now)[0] != "READY":
            self._since_ns.clear()
            return
        assert isinstance(service, ExecutorService)
        alone = dict(_alone(service.executor.keeper))
        self._since_ns = {
            intent_id: self._since_ns.get(intent_id, now.mono_ns) for intent_id in alone
        }
        for intent_id, since_ns in self._since_ns.items():
            if now.mono_ns - since_ns > ALONE_MAX_NS and intent_id not in self._said:
                self._said.add(intent_id)
                yield f"groups: {alone[intent_id]} is to end, and nobody ends {intent_id}"


def _alone(keeper: GroupKeeper) -> Iterator[tuple[str, Group]]:
    for group in keeper.groups:
        tried = keeper._tries.get(group.id, {})
        for one in group.live if group.state == "CANCELLING" else ():
            was_tried = f"cancel {one.intent_id}" in tried or one.filled
            if one.cancel_request is None and not was_tried:
                yield one.intent_id, group


def at_end(world: World) -> Iterator[str]:
    """After a flatten of everything every group is over."""
    for group in groups(world):
        if group.state != "DONE" and not any(one.state == "UNKNOWN" for one in group.orders):
            yield f"groups: after the flatten {group} is not over: {group.orders}"


def executed(watch: Watch) -> dict[str, Decimal]:
    """What the broker has filled of each order, by its reference."""
    filled: defaultdict[str, Decimal] = defaultdict(Decimal)
    for exec_id, one in watch.broker.executions.items():
        filled[watch.broker.references[exec_id]] += one.quantity
    return filled


def _left(group: Group, filled: dict[str, Decimal]) -> Iterator[str]:
    if group.entry is None:
        return
    entered = filled[group.entry.intent_id]
    left = sum((filled[one.intent_id] for one in group.of(*EXITS)), Decimal(0))
    if left > entered:
        yield f"groups: {group} has left {left} of the {entered} that it entered"


def _once(group: Group, filled: dict[str, Decimal]) -> Iterator[str]:
    """Of a one-cancels-other the broker fills one."""
    if group.plan.kind == "oco":
        total = sum((filled[one.intent_id] for one in group.orders), Decimal(0))
        largest = max(order.terms.quantity for order in group.plan.orders)
        if total > largest:
            yield f"groups: {group} has filled {total}, its largest order is {largest}"


def _closing(world: World, group: Group, without: Collection[str] = ()) -> Decimal:
    """What orders at the broker may close of what the group's account holds, but for those
    `without`: beside others, no stop may be for all of it. An OCA set counts once."""
    first = group.plan.orders[0]
    sets: defaultdict[str, list[Decimal]] = defaultdict(list)
    for order in world.server._exchange.open_orders():
        place = (order.account, order.instrument.symbol, order.side)
        waits = order.parent is not None and not order.parent.filled
        if place != (first.account, first.symbol, OPPOSITE[first.terms.side]) or waits:
            continue
        if order.order_ref not in without:
            sets[order.oca_group or f"alone {order.perm_id}"].append(order.remaining)
    return sum((max(one) for one in sets.values()), Decimal(0))


def _protected(
    world: World, group: Group, works: Counter[str], in_the_way: Decimal
) -> Iterator[str]:
    """What is open of a part that is to have a stop has one at the broker, as far as there is room
    for it: beside other groups, which hold as much as their own exits close, there is."""
    for part, quantity in group.open_by_part().items():
        stops = group.of("stop", part=part)
        at_broker = sum(works[one.intent_id] for one in stops)
        if not stops or quantity <= at_broker or group.state == "CLOSING":
            continue
        if quantity > at_broker + in_the_way or _room(world, group) > 0:
            yield f"groups: {group} has {quantity} open, and stops for {at_broker} at the broker"


def _room(world: World, group: Group) -> Decimal:
    """What its account holds on the side of a group, less what orders may close of it: those at the
    broker, and those of which nobody knows whether the broker has them."""
    first, executor = group.plan.orders[0], world.service(roles.EXECUTOR)
    place, side = (first.account, first.symbol), first.terms.side
    assert isinstance(executor, ExecutorService)
    unknown = (
        one.remaining
        for one in executor.executor.ledger.orders.live()
        if one.state == "UNKNOWN" and (one.order.account, one.order.symbol) == place
    )
    held = broker_of(world.server.books()).positions.get(place, Decimal(0))
    return signed(side, held) - _closing(world, group) - sum(unknown)
