"""What the keeper decides, as events of the executor's journal and as orders of a group."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.groups import OrderGroup
from tapewire.common.clock import Now
from tapewire.common.events import (
    CancelSignal,
    Event,
    GroupReleased,
    GroupState,
    GroupStateChanged,
    ModifyOrder,
    OrderCancelPending,
    OrderDenied,
    OrderModifyPending,
    SubmitOrder,
)
from tapewire.executor.groups.plans import leg_id, number_of
from tapewire.executor.groups.steps import SECOND_NS, Continue, Place, Release, Shrink
from tapewire.executor.orders import ExecutorOrder

Group = OrderGroup[ExecutorOrder]
ORDER_TTL_NS: Final = 10 * SECOND_NS


def withdrawn(group: Group, signal: CancelSignal, now: Now) -> Iterator[Event]:
    """A strategy cancels a group: what it has open keeps its exits, unless it closes it."""
    plan, entry = group.plan, group.entry
    if group.state in ("DONE", "CANCELLING", "CLOSING"):
        yield refusal(group, signal, f"the group is {group.state}", now)
    elif group.open > 0 and not signal.closes:
        if entry is None or not entry.live or entry.cancel_request is not None:
            yield refusal(group, signal, "what works of it protects what it has open", now)
        else:
            yield OrderCancelPending(
                now.wall_ns, plan.account, signal.id, plan.strategy, entry.intent_id
            )
    else:
        leaves = group.open > 0 or (signal.closes and entry is not None)  # it may fill meanwhile
        state: GroupState = "CLOSING" if leaves else "CANCELLING"
        yield GroupStateChanged(
            now.wall_ns, plan.account, group.id, plan.strategy, state,
            "its strategy does not want it any more", signal.id,
        )  # fmt: skip
        for one in group.live:
            yield from cancelled(one, now)


def refusal(group: Group, signal: CancelSignal, reason: str, now: Now) -> OrderDenied:
    """A signal about a group is denied."""
    plan = group.plan
    return OrderDenied(
        now.wall_ns, plan.account, plan.strategy, roles.EXECUTOR, reason, signal_id=signal.id
    )


def cancelled(order: ExecutorOrder, now: Now) -> Iterator[Event]:
    """The gateway is to be asked to cancel an order, unless it is asked already."""
    if order.cancel_request is None:
        asked = order.order
        name = f"{asked.intent_id}/cancel-{now.wall_ns:x}"
        yield OrderCancelPending(now.wall_ns, asked.account, name, asked.strategy, asked.intent_id)


def shrunk(wanted: Shrink, now: Now) -> Iterator[Event]:
    """The gateway is to be asked to make an order smaller, if nothing else is asked of it."""
    order, terms = wanted.order, replace(wanted.order.terms, quantity=wanted.quantity)
    is_busy = order.cancel_request is not None or order.modify_request is not None
    if is_busy or order.modify_fault(terms):
        return
    name = f"{order.intent_id}/modify-{now.wall_ns:x}"
    modify = ModifyOrder(
        name, now.wall_ns, order.intent_id, terms,
        now.wall_ns + ORDER_TTL_NS, now.mono_ns + ORDER_TTL_NS,
    )  # fmt: skip
    asked = order.order
    yield OrderModifyPending(now.wall_ns, asked.account, name, asked.strategy, modify)


def continued(group: Group, wanted: Place | Continue, highest: int, now: Now) -> SubmitOrder:
    """The next order of a group: the later one of its plan, or one that only reduces."""
    plan = group.plan
    expiry = {
        "ts_ns": now.wall_ns,
        "expires_ns": now.wall_ns + ORDER_TTL_NS,
        "expires_mono_ns": now.mono_ns + ORDER_TTL_NS,
    }
    if isinstance(wanted, Continue):
        later = plan.later[0]
        return replace(later, terms=replace(later.terms, quantity=wanted.quantity), **expiry)
    numbers = [number_of(one.intent_id) for one in (*plan.orders, *plan.later)]
    numbers += [number_of(one.intent_id) for one in group.orders]
    return replace(
        plan.orders[0],
        intent_id=leg_id(group.id, max(highest, *numbers) + 1),
        terms=wanted.terms, role=wanted.role, part=wanted.part,
        parent_id="", reduces_only=True, **expiry,
    )  # fmt: skip


def released(group: Group, release: Release, now_ns: int) -> GroupReleased:
    """The group does not hold a quantity any more."""
    plan = group.plan
    return GroupReleased(
        now_ns, plan.account, group.id, plan.strategy, release.quantity, release.reason
    )
